// Commands that were handed out and never arrived: found on start and on a schedule, run while that is wanted and safe, else reported as lost.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { startSoakServer } from '../../../scripts/soak/servers.ts';
import { removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { ProductionServer } from '../../support/production-server.ts';
import { EngineEvents } from '../engine-events.ts';
import { Host } from '../host.ts';

const engine = { socketPath: inject('engineSocket') };
const NAME = 'delivery-loss';
const MINUTE_MS = 60_000;
/** Every two minutes, moved by up to one. */
const SCHEDULE_MAX_MS = 200_000;
let home: string;
let container: string;
let events: EngineEvents;

beforeAll(async () => {
  events = await EngineEvents.follow(engine);
  const script = "trap 'exit 0' TERM; sleep 3600 & wait $!";
  const spec = { image: inject('engineImage'), name: NAME, command: ['sh', '-c', script], stopTimeoutSeconds: 5 };
  container = await runContainer(engine, spec);
});
afterAll(async () => {
  events[Symbol.dispose]();
  await removeContainer(engine, container);
});
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'status-panel-loss-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function hostOf(serverUrl: string, name: string): Promise<Host> {
  return await Host.register({ serverUrl, dockerSocket: engine.socketPath, home, name });
}

/** As a poll that nobody listened to any more leaves it: marked as sent, in no queue. */
function swallow(server: ProductionServer, hash: string, type: string, ageMs: number): string {
  const at = new Date(Date.now() - ageMs).toISOString();
  const more = { status: 'sent', created_at: at, updated_at: at };
  const id = server.enqueue(hash, type, { app_code: NAME, include_metrics: false }, more);
  server.queue.length = 0;
  return id;
}

test('on start: a fresh read and a fresh change run, an old change is reported as lost and not made', async () => {
  await using server = await ProductionServer.start();
  const host = await hostOf(server.url, 'loss-on-start');
  const old = swallow(server, host.deploymentHash, 'restart', 10 * MINUTE_MS);
  const read = swallow(server, host.deploymentHash, 'health', 5 * MINUTE_MS);
  const fresh = swallow(server, host.deploymentHash, 'restart', 0);
  const before = events.count(container, 'start');
  await using _agent = host.start();
  expect(await server.outcome(old)).toMatchObject({ status: 'failed', error: { errors: [{ code: 'delivery_lost' }] } });
  expect((await server.outcome(read)).status).toBe('completed');
  expect((await server.outcome(fresh)).status).toBe('completed');
  expect(events.count(container, 'start')).toBe(before + 1);
});

test('a change that was handed out before the journal was begun may have run: it is reported as lost, not made', async () => {
  await using server = await ProductionServer.start();
  const host = await hostOf(server.url, 'loss-before-birth');
  const id = swallow(server, host.deploymentHash, 'restart', MINUTE_MS);
  const before = events.count(container, 'start');
  await using _agent = host.start();
  expect(await server.outcome(id)).toMatchObject({ status: 'failed', error: { errors: [{ code: 'delivery_lost' }] } });
  expect(events.count(container, 'start')).toBe(before);
});

test('on a schedule: a delivery that no poll of this agent has noticed', async () => {
  await using server = await ProductionServer.start();
  const host = await hostOf(server.url, 'loss-on-schedule');
  // Chance is all but taken out of the schedule, so that it is two minutes at most.
  await using agent = host.start({ AGENT_RETRY_FACTOR: '0.05' });
  await agent.line((line) => line.includes('ready: the control plane answers'));
  await new Promise((resolve) => void setTimeout(resolve, 2_000));
  const id = swallow(server, host.deploymentHash, 'health', 0);
  expect((await server.outcome(id, SCHEDULE_MAX_MS)).status).toBe('completed');
  expect(agent.lines.join('\n')).toContain('command was sent but never arrived');
});

test('a lease of the reference control plane that runs out is handed out again, and what is there already is recognised', async () => {
  await using server = await startSoakServer('reference');
  const place = { serverUrl: server.url, dockerSocket: engine.socketPath, home, name: 'loss-lease' };
  const host = await Host.registerByCommandLine(place, (await server.mintPurchaseToken('loss-lease')) ?? '');
  const before = events.count(container, 'start');
  const id = await server.enqueue(host.deploymentHash, 'restart', { app_code: NAME });
  for (const killAt of ['journal.receive:before:1', 'journal.reported:before:1']) {
    await using killed = host.start({ AGENT_KILL_AT: killAt });
    expect(await killed.ended).toBe('SIGKILL');
  }
  await using _agent = host.start();
  await expect.poll(() => host.stateOf(id), { timeout: 20_000 }).toBe('reported');
  expect((await server.read(host.deploymentHash, id)).status).toBe('completed');
  expect(events.count(container, 'start')).toBe(before + 1);
});
