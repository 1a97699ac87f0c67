// How the agent goes on while its Vault or its control plane is away, refuses, or changes the token.
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runContainer } from '../../scripts/parts/containers.ts';
import { type PrivateEngine, startPrivateEngine } from '../../scripts/parts/docker-engine.ts';
import { importBusyboxImage } from '../../scripts/parts/images.ts';
import { Site } from './harness.ts';

const IMAGE = 'outages:latest';
let engine: PrivateEngine;

beforeAll(async () => {
  engine = await startPrivateEngine({ say: () => undefined });
  await importBusyboxImage(engine, IMAGE);
  await runContainer(engine, { image: IMAGE, name: 'web', command: ['sleep', '600'], init: true });
});
afterAll(async () => engine.stop());

describe('the agent token in Vault', () => {
  test('a rotation loses no command and needs no restart', { timeout: 120_000 }, async () => {
    await using site = await Site.open({ dockerSocket: engine.socketPath, vault: true });
    await using agent = await site.startAgent();
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
    const before = site.identity.agent_token;
    for (let rotation = 0; rotation < 2; rotation += 1) {
      await site.client.call('POST', `/api/v1/admin/agents/${site.identity.agent_id}/rotate-token`, {});
      expect((await site.ask('health', { app_code: 'web' }, 50_000)).status).toBe('completed');
    }
    expect(site.identity.agent_token).not.toBe(before);
    expect(agent.lines.join('\n')).toContain('agent token replaced');
    expect(agent.lines.join('\n')).not.toContain(site.identity.agent_token);
  });

  test('a Vault that is down, or refuses, does not stop an agent that holds a working token', async () => {
    await using site = await Site.open({ dockerSocket: engine.socketPath, vault: true });
    const file = site.settings['STATUS_PANEL_VAULT_TOKEN_FILE'] ?? '';
    for (const trouble of [
      { STATUS_PANEL_VAULT_ADDRESS: 'http://127.0.0.1:9' },
      { STATUS_PANEL_VAULT_PATH_PREFIX: 'nowhere' },
    ]) {
      await using agent = await site.startAgent(trouble);
      expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
      await agent.line((line) => line.includes('agent token could not be read again') && line.includes('reason'));
    }
    const good = readFileSync(file, 'utf8');
    writeFileSync(file, '');
    await using agent = await site.startAgent();
    await agent.line((line) => line.includes('holds no Vault token'));
    writeFileSync(file, good);
  });

  test('KV version 2', async () => {
    await using site = await Site.open({ dockerSocket: engine.socketPath, vault: true });
    const vault = site.controlPlane.devVault;
    if (vault === undefined) throw new Error('no development Vault');
    const answer = await fetch(`${vault.address}/v1/secret/data/agent/${site.deploymentHash}/token`, {
      method: 'POST',
      headers: { 'x-vault-token': vault.rootToken },
      body: JSON.stringify({ data: { token: site.identity.agent_token, deployment_hash: site.deploymentHash } }),
    });
    expect(answer.ok).toBe(true);
    await using agent = await site.startAgent({ STATUS_PANEL_VAULT_PATH_PREFIX: 'secret/data/agent' });
    expect(agent.lines.join('\n')).not.toContain('could not be read');
  });
});

test('a control plane that goes away and comes back: one line each, and the work goes on', {
  timeout: 60_000,
}, async () => {
  await using site = await Site.open({ dockerSocket: engine.socketPath });
  await using agent = await site.startAgent();
  const passAgain = performance.now() + 5_000;
  site.proxy.plan = () => (performance.now() < passAgain ? { kind: 'reset' } : undefined);
  const outcome = await site.ask('health', { app_code: 'web' }, 50_000);
  expect(outcome.status).toBe('completed');
  const warnings = agent.lines.filter((line) => line.includes('control plane cannot be used'));
  expect(warnings.length).toBeLessThanOrEqual(3);
});
