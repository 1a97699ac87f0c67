// How the agent starts, stops, survives its engine, and takes up what it left behind.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { removeContainer, runContainer } from '../../scripts/parts/containers.ts';
import { type PrivateEngine, startPrivateEngine } from '../../scripts/parts/docker-engine.ts';
import { importBusyboxImage } from '../../scripts/parts/images.ts';
import { failureOf, Site } from './harness.ts';

const IMAGE = 'lifecycle:latest';
let engine: PrivateEngine;

beforeEach(async () => {
  engine = await startPrivateEngine({ say: () => undefined });
  await importBusyboxImage(engine, IMAGE);
});
afterEach(async () => engine.stop());

/** A container that takes `seconds` to stop. */
async function slowContainer(seconds: number): Promise<string> {
  const command = ['sh', '-c', `trap 'sleep ${seconds}; exit 0' TERM; echo up; while :; do sleep 1 & wait $!; done`];
  return await runContainer(engine, { image: IMAGE, name: 'slow', command, stopTimeoutSeconds: 30 });
}

const quick = { image: IMAGE, command: ['sleep', '600'], init: true, stopTimeoutSeconds: 1 } as const;

describe('SIGTERM', () => {
  test('lets the running command finish, hands in its report and exits 0', async () => {
    await slowContainer(3);
    await using site = await Site.open({ dockerSocket: engine.socketPath });
    await using agent = await site.startAgent();
    const id = await site.client.enqueue(site.deploymentHash, 'restart', { app_code: 'slow' });
    await agent.line((line) => line.includes(id));
    agent.kill('SIGTERM');
    expect((await site.client.outcome(site.deploymentHash, id)).status).toBe('completed');
    expect(await agent.ended).toBe(0);
    expect(agent.lines.at(-1)).toContain('"stopped"');
  });

  test('cuts a command off at the deadline, and reports what is true', async () => {
    await slowContainer(20);
    await using site = await Site.open({
      dockerSocket: engine.socketPath,
      settings: { STATUS_PANEL_STOP_DEADLINE_SECONDS: '1' },
    });
    await using agent = await site.startAgent();
    const id = await site.client.enqueue(site.deploymentHash, 'restart', { app_code: 'slow' });
    await agent.line((line) => line.includes(id));
    agent.kill('SIGTERM');
    const outcome = await site.client.outcome(site.deploymentHash, id, 15_000);
    expect(failureOf(outcome)).toMatchObject({
      code: 'interrupted',
      message: expect.stringContaining('its state is running'),
    });
    expect(await agent.ended).toBe(0);
  });

  test('an idle agent ends within its poll grace', async () => {
    await using site = await Site.open({ dockerSocket: engine.socketPath });
    await using agent = await site.startAgent();
    const asked = performance.now();
    agent.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
    expect(performance.now() - asked).toBeLessThan(8_000);
  });
});

test('SIGKILL in the middle of a restart: the next start finds out what is true', async () => {
  await slowContainer(3);
  await using site = await Site.open({ dockerSocket: engine.socketPath, leaseSeconds: 600 });
  await using first = await site.startAgent();
  const id = await site.client.enqueue(site.deploymentHash, 'restart', { app_code: 'slow' });
  await first.line((line) => line.includes(id));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  first.kill('SIGKILL');
  await first.ended;
  await new Promise((resolve) => setTimeout(resolve, 4_000));
  await using second = await site.startAgent();
  const outcome = await site.client.outcome(site.deploymentHash, id);
  expect(outcome).toMatchObject({
    status: 'completed',
    result: { type: 'restart', status: 'ok', container_state: 'running' },
  });
  expect(second.lines.some((line) => line.includes('taking up commands of an earlier run'))).toBe(true);
});

test('an engine that is stopped, gone, and back: every command is answered, and the agent stays', {
  timeout: 180_000,
}, async () => {
  const web = await runContainer(engine, { ...quick, name: 'web' });
  await using site = await Site.open({ dockerSocket: engine.socketPath });
  await using agent = await site.startAgent();
  const health = { app_code: 'web', include_metrics: false };
  expect((await site.ask('health', health)).status).toBe('completed');

  engine.freeze();
  const frozen = await site.ask('health', health);
  expect(failureOf(frozen)).toMatchObject({
    code: 'timeout',
    message: expect.stringContaining('the Docker Engine did not answer'),
  });
  expect(frozen.result).toMatchObject({ type: 'health', status: 'unknown', container_state: 'unknown' });
  engine.thaw();
  expect((await site.ask('health', health)).status).toBe('completed');

  await engine.kill('SIGKILL');
  for (const type of ['health', 'logs', 'restart', 'stop']) {
    expect(failureOf(await site.ask(type, { app_code: 'web' })), type).toMatchObject({ code: 'docker_unavailable' });
  }
  await engine.restart();
  expect((await site.ask('start', { app_code: 'web' })).status).toBe('completed');
  expect((await site.ask('health', health)).status).toBe('completed');
  expect(agent.running).toBe(true);
  await removeContainer(engine, web);
});
