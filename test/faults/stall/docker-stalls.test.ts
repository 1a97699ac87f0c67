// Stalls of the Docker Engine stay local: every call ends with a typed error in time, other work goes on, nothing is left open.
import process from 'node:process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentProcess } from '../../../scripts/parts/agent-process.ts';
import { runContainer } from '../../../scripts/parts/containers.ts';
import type { FinishedCommand } from '../../../scripts/parts/control-plane-client.ts';
import { type PrivateEngine, startPrivateEngine } from '../../../scripts/parts/docker-engine.ts';
import { importBusyboxImage } from '../../../scripts/parts/images.ts';
import { failureOf, Site } from '../../e2e/harness.ts';
import { EngineGate } from './engine-gate.ts';
import { FaultTable, trialsWanted } from './fault-table.ts';
import { until } from './waiting.ts';

const TRIALS = trialsWanted(process.env);
/** Of those that last as long as a deadline. */
const LONG_TRIALS = Math.ceil(TRIALS / 2);
const IMAGE = 'stalls:latest';
/** The engine's own deadline for a read, and what a busy machine adds. */
const READ_SETTLED_MS = 10_000 + 4_000;
const RECOVERY_MS = 5_000;
const LOG_READERS_MAX_COUNT = 4;
/** Enough for an answer in many pieces. */
const TALK =
  'i=0; while [ $i -lt 20000 ]; do echo "line $i of a container that talks a lot"; i=$((i+1)); done; sleep 600';

const table = new FaultTable('Docker stalls');
const opened = new AsyncDisposableStack();
let engine: PrivateEngine;
let gate: EngineGate;
let site: Site;
let agent: AgentProcess;
let stuckId = '';

beforeAll(async () => {
  engine = opened.use(await startPrivateEngine({ say: () => undefined, liveRestore: true }));
  await importBusyboxImage(engine, IMAGE);
  const app = (name: string, script = 'sleep 600'): Promise<string> =>
    runContainer(engine, { image: IMAGE, name, command: ['sh', '-c', script], init: true, stopTimeoutSeconds: 1 });
  stuckId = await app('stuck');
  await app('web');
  await app('talker', TALK);
  gate = opened.use(await EngineGate.start(engine));
  const settings = { STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5' };
  site = opened.use(await Site.open({ dockerSocket: gate.socketPath, settings, leaseSeconds: 300 }));
  agent = opened.use(await site.startAgent());
});

afterAll(async () => {
  table.print();
  await opened.disposeAsync();
});

const HEALTH = { include_metrics: false } as const;

/** How a command ended, and how long that took. */
async function asked(
  type: string,
  parameters: unknown,
  timeoutSeconds?: number,
): Promise<{ readonly end: FinishedCommand; readonly code: string | undefined; readonly tookMs: number }> {
  const began = performance.now();
  const more = timeoutSeconds === undefined ? {} : { timeoutSeconds };
  const id = await site.client.enqueue(site.deploymentHash, type, parameters, more);
  const end = await site.client.outcome(site.deploymentHash, id);
  return { end, code: failureOf(end)?.code, tookMs: performance.now() - began };
}

/** Asks until it works; only errors that name the engine are allowed until then. */
async function recovered(): Promise<number> {
  return await until(
    async () => {
      const { end, code } = await asked('health', { app_code: 'web', ...HEALTH });
      if (end.status === 'completed') return true;
      expect(['timeout', 'docker_unavailable', 'docker_error']).toContain(code);
      return false;
    },
    RECOVERY_MS,
    () => 'health of web',
  );
}

async function expectNothingOpen(): Promise<void> {
  await until(
    () => gate.open.size === 0,
    3_000,
    () => `still open at the engine: ${[...gate.open].map(({ path }) => path).join(', ')}`,
  );
}

test('the answers for one container are stuck', async () => {
  for (let trial = 0; trial < LONG_TRIALS; trial += 1) {
    gate.holds = (path) => path.includes(stuckId);
    const held = Promise.all([
      asked('health', { app_code: 'stuck', ...HEALTH }),
      asked('health', { app_code: 'stuck' }, 3),
      asked('logs', { app_code: 'stuck' }),
      asked('restart', { app_code: 'stuck' }, 4),
      asked('stop', { app_code: 'stuck' }, 4),
    ]);
    const others = await Promise.all([
      asked('health', { app_code: 'web' }),
      asked('logs', { app_code: 'web' }),
      asked('restart', { app_code: 'web' }),
    ]);
    for (const { end, tookMs } of others) {
      expect.soft(end, end.type).toMatchObject({ status: 'completed' });
      expect.soft(tookMs, end.type).toBeLessThan(8_000);
    }
    for (const { end, code, tookMs } of await held) {
      expect.soft(code, end.type).toBe('timeout');
      expect.soft(tookMs, end.type).toBeLessThan(READ_SETTLED_MS);
    }
    gate.holds = () => false;
    const began = performance.now();
    expect((await asked('health', { app_code: 'stuck', ...HEALTH })).end.status).toBe('completed');
    table.add('one container stuck', performance.now() - began, '5 commands each');
    await expectNothingOpen();
  }
});

test('health of all says what it can while one container is stuck', async () => {
  gate.holds = (path) => path.includes(stuckId);
  const { end, tookMs } = await asked('health', { app_code: 'all', ...HEALTH });
  gate.holds = () => false;
  expect(tookMs).toBeLessThan(READ_SETTLED_MS);
  expect(end.status).toBe('completed');
  expect(JSON.stringify(end.result)).toContain('"web"');
  await expectNothingOpen();
});

test('an engine that is stopped in its tracks', async () => {
  for (let trial = 0; trial < LONG_TRIALS; trial += 1) {
    let polls = 0;
    site.proxy.plan = ({ path }) => {
      if (path.includes('/commands/wait/')) polls += 1;
      return undefined;
    };
    engine.freeze();
    const ends = await Promise.all([
      asked('health', { app_code: 'web', ...HEALTH }),
      asked('health', { app_code: 'web' }, 2),
      asked('logs', { app_code: 'talker' }),
      asked('restart', { app_code: 'web' }, 3),
      asked('pause', { app_code: 'stuck' }, 3),
    ]);
    for (const { end, code, tookMs } of ends) {
      expect.soft(code, end.type).toBe('timeout');
      expect.soft(tookMs, end.type).toBeLessThan(READ_SETTLED_MS);
    }
    expect(polls).toBeGreaterThanOrEqual(2);
    engine.thaw();
    table.add('engine SIGSTOPped', await recovered(), '5 commands each');
    await expectNothingOpen();
  }
});

test('an engine that is killed in the middle of an answer, and comes back', async () => {
  gate.slownessMs = (path) => (path.includes('/logs?') ? 200 : 0);
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const { promise: talking, resolve } = Promise.withResolvers<void>();
    gate.onFirstPiece = (path) => {
      if (path.includes('/logs?')) resolve();
    };
    const reading = asked('logs', { app_code: 'talker', limit: 1_000 });
    await talking;
    await engine.kill('SIGKILL');
    const { end, code, tookMs } = await reading;
    expect.soft({ status: end.status, code }).toEqual({ status: 'failed', code: 'docker_unavailable' });
    expect.soft(tookMs).toBeLessThan(READ_SETTLED_MS);
    await engine.restart();
    table.add('engine killed in mid-stream', await recovered());
    await expectNothingOpen();
  }
  gate.onFirstPiece = () => undefined;
  gate.slownessMs = () => 0;
});

test('never more than four log readers at the engine', async () => {
  gate.most.logs = 0;
  gate.slownessMs = (path) => (path.includes('/logs?') ? 100 : 0);
  const ends = await Promise.all(
    Array.from({ length: 12 }, (_, at) => asked('logs', { app_code: ['talker', 'web', 'stuck'][at % 3], limit: 50 })),
  );
  gate.slownessMs = () => 0;
  for (const { end } of ends) expect.soft(end.status).toBe('completed');
  expect(gate.most.logs).toBeGreaterThan(1);
  expect(gate.most.logs).toBeLessThanOrEqual(LOG_READERS_MAX_COUNT);
  table.add('12 log readers at once', Number.NaN, `at most ${gate.most.logs} at the engine`, 12);
  await expectNothingOpen();
  expect(agent.running).toBe(true);
});
