// No loop waits for another: while a change takes long, a report hangs or Vault is silent, polls go on and other commands are answered.
import { createServer, type Socket } from 'node:net';
import process from 'node:process';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import type { AgentProcess } from '../../../scripts/parts/agent-process.ts';
import { removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { failureOf, Site } from '../../e2e/harness.ts';
import { EngineEvents } from '../engine-events.ts';
import { EngineGate } from './engine-gate.ts';
import { FaultTable } from './fault-table.ts';
import { pause, until } from './waiting.ts';

const POLL_TIMEOUT_MS = 5_000;
/** One poll is held that long by the server, and the next is to follow at once. */
const HEARTBEAT_MS = POLL_TIMEOUT_MS + 1_500;
const PROMPT_MS = 4_000;
const STUBBORN_SECONDS = 7;
/** How long the one long restart takes: FAULT_LONG_SECONDS, 7 unless told. */
const LONG_SECONDS = Number(process.env['FAULT_LONG_SECONDS'] ?? '7');
const READS_MAX_COUNT = 8;
/** Containers of this file, so that it can run beside others on one engine. */
const STUBBORN = 'loops-stubborn';
const LONG = 'loops-long';
const WEB = 'loops-web';

const table = new FaultTable('independent loops');
const opened = new AsyncDisposableStack();
const engine = { socketPath: inject('engineSocket') };
let gate: EngineGate;
let events: EngineEvents;
let site: Site;
let agent: AgentProcess;
let ids: { readonly stubborn: string; readonly long: string; readonly web: string };
let pollsAtMs: number[] = [];
let hanging = '';

beforeAll(async () => {
  const image = inject('engineImage');
  const ignoring = ['sh', '-c', "trap '' TERM; while :; do sleep 1; done"];
  ids = {
    stubborn: await runContainer(engine, {
      image,
      name: STUBBORN,
      command: ignoring,
      stopTimeoutSeconds: STUBBORN_SECONDS,
    }),
    long: await runContainer(engine, { image, name: LONG, command: ignoring, stopTimeoutSeconds: LONG_SECONDS }),
    web: await runContainer(engine, { image, name: WEB, command: ['sleep', '600'], init: true, stopTimeoutSeconds: 1 }),
  };
  for (const id of Object.values(ids)) opened.defer(() => removeContainer(engine, id));
  events = opened.use(await EngineEvents.follow(engine));
  gate = opened.use(await EngineGate.start(engine));
  const settings = { STATUS_PANEL_POLL_TIMEOUT_SECONDS: String(POLL_TIMEOUT_MS / 1000) };
  site = opened.use(await Site.open({ dockerSocket: gate.socketPath, settings, leaseSeconds: 300 }));
  agent = opened.use(await site.startAgent());
});

beforeEach(() => {
  pollsAtMs = [];
  site.proxy.plan = notePoll;
});

afterAll(async () => {
  table.print();
  await opened.disposeAsync();
});

function notePoll({ path }: { readonly path: string }): undefined {
  if (path.includes('/commands/wait/')) pollsAtMs.push(performance.now());
}

function longestSilenceMs(): number {
  const at = [...pollsAtMs, performance.now()];
  return Math.max(...at.slice(1).map((ms, index) => ms - (at[index] ?? ms)));
}

async function enqueue(type: string, parameters: unknown, timeoutSeconds?: number): Promise<string> {
  const more = timeoutSeconds === undefined ? {} : { timeoutSeconds };
  return await site.client.enqueue(site.deploymentHash, type, parameters, more);
}

async function isOver(id: string): Promise<boolean> {
  return ['completed', 'failed', 'cancelled'].includes((await site.client.read(site.deploymentHash, id)).status);
}

/** Asks for health again and again while the command has not ended; returns the slowest answer. */
async function healthWhile(id: string): Promise<number> {
  let slowestMs = 0;
  while (!(await isOver(id))) {
    const began = performance.now();
    const health = await site.ask('health', { app_code: WEB, include_metrics: false });
    expect(health.status).toBe('completed');
    slowestMs = Math.max(slowestMs, performance.now() - began);
    await pause(200);
  }
  return slowestMs;
}

test('a restart that takes long: polls go on, health is answered, another container is changed beside it', {
  timeout: (LONG_SECONDS + 120) * 1000,
}, async () => {
  const slow = await enqueue('restart', { app_code: LONG }, LONG_SECONDS + 60);
  const behind = await enqueue('pause', { app_code: LONG, container: LONG });
  const last = await enqueue('unpause', { app_code: LONG });
  const beside = await enqueue('restart', { app_code: WEB });
  const slowestMs = await healthWhile(slow);
  expect(slowestMs).toBeLessThan(PROMPT_MS);
  expect(longestSilenceMs()).toBeLessThan(HEARTBEAT_MS);
  for (const id of [slow, behind, last, beside]) {
    expect((await site.client.outcome(site.deploymentHash, id)).status).toBe('completed');
  }
  const actions = events.of(ids.long).map(({ action }) => action);
  const order = actions.filter((action) => ['restart', 'pause', 'unpause'].includes(action));
  expect(order, 'one after another').toEqual(['restart', 'pause', 'unpause']);
  const besideAt = events.of(ids.web).findLast(({ action }) => action === 'restart')?.atMs ?? Number.NaN;
  const slowAt = events.of(ids.long).findLast(({ action }) => action === 'restart')?.atMs ?? Number.NaN;
  expect(besideAt, 'side by side').toBeLessThan(slowAt - 1_000);
  table.add(
    `restart that takes ${LONG_SECONDS} s`,
    slowestMs,
    `longest silence ${(longestSilenceMs() / 1000).toFixed(1)} s`,
  );
});

test('a report that hangs: polls go on, the reports of others get through', async () => {
  hanging = await enqueue('health', { app_code: 'loops-nobody' });
  const proxy = { holding: true };
  site.proxy.plan = (passage) => {
    notePoll(passage);
    const held = proxy.holding && passage.path.endsWith('/report') && passage.body.includes(hanging);
    return held ? { kind: 'delay', ms: 120_000 } : undefined;
  };
  await until(
    () => (site.proxy.provoked.get('delay') ?? 0) > 0,
    10_000,
    () => 'its report',
  );
  const began = performance.now();
  const others = await Promise.all(
    Array.from({ length: 3 }, () => site.ask('health', { app_code: WEB, include_metrics: false }, 60_000)),
  );
  const tookMs = performance.now() - began;
  for (const { status } of others) expect(status).toBe('completed');
  expect(tookMs, 'others while one report hangs').toBeLessThan(PROMPT_MS);
  expect(longestSilenceMs()).toBeLessThan(HEARTBEAT_MS);
  proxy.holding = false;
  table.add('report that hangs', tookMs, `longest silence ${(longestSilenceMs() / 1000).toFixed(1)} s`);
});

test('reads run side by side, up to a cap', async () => {
  gate.most.inspect = 0;
  gate.holds = (path) => path.includes(`${ids.web}/json`);
  const reads = await Promise.all(
    Array.from({ length: 12 }, () => enqueue('health', { app_code: WEB, include_metrics: false }, 3)),
  );
  await until(
    () => gate.most.inspect >= READS_MAX_COUNT,
    5_000,
    () => `${gate.most.inspect} reads`,
  );
  await pause(500);
  expect(gate.most.inspect).toBe(READS_MAX_COUNT);
  gate.holds = () => false;
  // Held ones are not passed on any more: they end at their deadline.
  for (const id of reads) await site.client.outcome(site.deploymentHash, id, 30_000);
  table.add('12 reads that hang', Number.NaN, `at most ${gate.most.inspect} at the engine`, 12);
});

test('timeout_seconds ends a change, and the report says what is true', async () => {
  const began = performance.now();
  const id = await enqueue('restart', { app_code: STUBBORN }, 2);
  const end = await site.client.outcome(site.deploymentHash, id);
  const tookMs = performance.now() - began;
  expect(failureOf(end)).toMatchObject({ code: 'timeout', message: expect.stringMatching(/its state is running/u) });
  expect(tookMs).toBeLessThan(2_000 + PROMPT_MS);
  table.add('timeout_seconds of 2', tookMs);
  // The engine goes on with what it was asked.
  await until(
    () =>
      events.of(ids.stubborn).findLast(({ action }) => action === 'restart' || action === 'kill')?.action === 'restart',
    15_000,
    () => 'the restart at the engine',
  );
});

test('a cancelled command: the running one is ended, the queued one is not begun', async () => {
  const restarts = events.count(ids.stubborn, 'restart');
  const running = await enqueue('restart', { app_code: STUBBORN });
  const queued = await enqueue('pause', { app_code: STUBBORN });
  await agent.line((line) => line.includes(queued));
  await until(
    () => events.of(ids.stubborn).at(-1)?.action === 'kill',
    5_000,
    () => 'SIGTERM to the container',
  );
  const began = performance.now();
  for (const id of [queued, running]) {
    await site.client.call('POST', `/api/v1/commands/${site.deploymentHash}/${id}/cancel`);
  }
  const ends = [running, queued].map((id) => site.client.outcome(site.deploymentHash, id, 15_000));
  const [ran, waited] = await Promise.all(ends);
  const tookMs = performance.now() - began;
  expect(ran && failureOf(ran)).toMatchObject({ code: 'cancelled', message: expect.stringMatching(/its state is/u) });
  expect(waited && failureOf(waited)).toMatchObject({
    code: 'cancelled',
    message: expect.stringContaining('before it was begun'),
  });
  expect(tookMs).toBeLessThan(PROMPT_MS);
  await until(
    () => events.count(ids.stubborn, 'restart') > restarts,
    15_000,
    () => 'the restart at the engine',
  );
  expect(events.of(ids.stubborn).filter(({ action }) => action === 'pause').length).toBe(0);
  table.add('cancel of a running and a queued command', tookMs, '', 2);
});

test('a Vault that never answers does not keep the agent from its work', { timeout: 60_000 }, async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  agent.kill('SIGTERM');
  expect(await agent.ended).toBe(0);
  const began = performance.now();
  await using second = await site.startAgent({
    STATUS_PANEL_VAULT_ADDRESS: `http://127.0.0.1:${address.port}`,
    STATUS_PANEL_VAULT_TOKEN_FILE: `${site.home}/config.json`,
  });
  const health = await site.ask('health', { app_code: WEB, include_metrics: false });
  const tookMs = performance.now() - began;
  expect(health.status).toBe('completed');
  expect(sockets.size).toBeGreaterThan(0);
  expect(tookMs, 'until the first answer').toBeLessThan(15_000);
  // The report that hung was not accepted: the second agent hands it in.
  expect((await site.client.outcome(site.deploymentHash, hanging, 30_000)).status).toBe('failed');
  await second.line((line) => line.includes('agent token could not be read again'), 15_000);
  table.add('Vault never answers', tookMs, 'from the start of the process');
  for (const socket of sockets) socket.destroy();
  silent.close();
});
