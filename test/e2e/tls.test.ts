// TLS with an authority of one's own: for the control plane and for Vault, and what is said when it is not trusted.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { AgentProcess, runCli } from '../../scripts/parts/agent-process.ts';
import { ControlPlaneClient } from '../../scripts/parts/control-plane-client.ts';
import { loadIdentity } from '../../src/agent/identity/identity.ts';
import { type ControlPlane, startControlPlane } from '../../src/control-plane/control-plane.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { startTlsFront } from '../support/tls-front.ts';
import { writeFileSync } from 'node:fs';

let certificates: Certificates;
let controlPlane: ControlPlane;
let home: string;

beforeAll(async () => {
  certificates = await makeCertificates();
  controlPlane = await startControlPlane();
  home = mkdtempSync(join(tmpdir(), 'status-panel-tls-e2e-'));
});
afterAll(async () => {
  await controlPlane.stop();
  certificates[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
});

async function inFrontOf(target: string): Promise<{ readonly url: string } & AsyncDisposable> {
  const front = await startTlsFront(certificates, '127.0.0.1', target);
  return { url: `https://127.0.0.1:${front.port}`, [Symbol.asyncDispose]: () => front[Symbol.asyncDispose]() };
}

test('control plane and Vault behind TLS with an authority of our own', async () => {
  await using front = await inFrontOf(controlPlane.url);
  await using vaultFront = await inFrontOf(controlPlane.vaultAddress);
  const client = new ControlPlaneClient(controlPlane);
  const token = await client.mintPurchaseToken('stack-tls');
  const words = ['register', '--token-stdin', '--stack-id', 'stack-tls', '--server', front.url];
  const settings: Record<string, string> = {
    STATUS_PANEL_STATE_DIRECTORY: join(home, 'state'),
    STATUS_PANEL_CONFIG: join(home, 'config.json'),
    STATUS_PANEL_DOCKER_SOCKET: inject('engineSocket'),
  };
  writeFileSync(join(home, 'config.json'), '{}');

  const untrusted = await runCli(words, settings, token);
  expect(untrusted.exitCode).toBe(69);
  expect(untrusted.stderr).toMatch(/certificate/iu);

  settings['STATUS_PANEL_CA_FILE'] = certificates.caFile;
  expect(await runCli(words, settings, token)).toMatchObject({ exitCode: 0, stderr: '' });
  const hash = loadIdentity(join(home, 'state'))?.deployment_hash ?? '';
  writeFileSync(join(home, 'vault-token'), (await controlPlane.devVault?.mintReadToken(hash)) ?? '', { mode: 0o600 });
  settings['STATUS_PANEL_VAULT_ADDRESS'] = vaultFront.url;
  settings['STATUS_PANEL_VAULT_TOKEN_FILE'] = join(home, 'vault-token');

  {
    await using agent = AgentProcess.start(['run'], settings, { endWith: 'SIGKILL' });
    expect(await agent.line((line) => line.includes('could not be read again'))).toMatch(/certificate/iu);
  }
  settings['STATUS_PANEL_VAULT_CA_FILE'] = certificates.caFile;
  await using agent = AgentProcess.start(['run'], settings, { endWith: 'SIGKILL' });
  await agent.line((line) => line.includes('ready'));
  expect((await client.ask(hash, 'health', { app_code: 'all', include_metrics: false })).status).toBe('completed');
  expect(agent.lines.join('\n')).not.toContain('could not be read');
});

test('an authority file that is not there is named', async () => {
  const ended = await runCli(['register', '--deployment-hash', 'x', '--server', 'https://127.0.0.1:9'], {
    STATUS_PANEL_STATE_DIRECTORY: join(home, 'none'),
    STATUS_PANEL_CA_FILE: join(home, 'missing.pem'),
  });
  expect(ended).toMatchObject({ exitCode: 78, stderr: expect.stringMatching(/ca_file: .*missing\.pem/u) });
});
