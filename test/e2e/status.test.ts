// status-panel status, as an operator asks it beside a running agent.
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { runCli } from '../../scripts/parts/agent-process.ts';
import { removeContainer, runContainer } from '../../scripts/parts/containers.ts';
import { Site } from './harness.ts';

const engine = { socketPath: inject('engineSocket') };
let web: string;
beforeAll(async () => {
  web = await runContainer(engine, {
    image: inject('engineImage'),
    name: 'status-web',
    command: ['sleep', '600'],
    init: true,
  });
});
afterAll(async () => removeContainer(engine, web));

test('well, in trouble, stopped: each with its exit code and its reason', async () => {
  await using site = await Site.open({ dockerSocket: engine.socketPath });
  const never = await runCli(['status'], site.settings);
  expect(never).toMatchObject({ exitCode: 69, stdout: expect.stringContaining('has never run here') });

  await using agent = await site.startAgent();
  await site.ask('health', { app_code: 'status-web' });
  await agent.line((line) => line.includes('command finished'));
  const well = await runCli(['status'], site.settings);
  expect(well).toMatchObject({ exitCode: 0, stderr: '' });
  expect(well.stdout).toContain(site.identity.agent_id);
  expect(well.stdout).toMatch(/^process +\d+, version \S+, started \S+, ready since /mu);
  expect(well.stdout).toMatch(/^journal +1 reported/mu);
  expect(well.stdout).not.toContain(site.identity.agent_token);

  site.proxy.plan = () => ({ kind: 'reset' });
  await site.client.enqueue(site.deploymentHash, 'health', { app_code: 'status-web' });
  await agent.line((line) => line.includes('control plane cannot be used'));
  const troubled = await runCli(['status'], site.settings);
  expect(troubled).toMatchObject({
    exitCode: 69,
    stdout: expect.stringMatching(/^trouble +control plane, since \S+: /mu),
  });

  agent.kill('SIGKILL');
  await agent.ended;
  const stopped = await runCli(['status'], site.settings);
  expect(stopped).toMatchObject({
    exitCode: 69,
    stdout: expect.stringContaining('does not run; it was started last at'),
  });
});

test('a host that is not registered', async () => {
  const ended = await runCli(['status'], { STATUS_PANEL_STATE_DIRECTORY: '/nonexistent-state' });
  expect(ended).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('is not registered') });
});
