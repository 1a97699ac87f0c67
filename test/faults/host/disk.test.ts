// A state directory that is full or cannot be written: the agent goes on with what needs no disk, refuses what does, and recovers by itself.
import process from 'node:process';
import { afterAll, expect, inject, test } from 'vitest';
import type { AgentProcess } from '../../../scripts/parts/agent-process.ts';
import { removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { failureOf, Site } from '../../e2e/harness.ts';
import { EngineEvents } from '../engine-events.ts';
import { FaultTable, trialsWanted } from '../stall/fault-table.ts';
import { FailingDisk, MemoryDisk } from './small-disk.ts';

const TRIALS = trialsWanted(process.env);
/** Of the faults that need an agent of their own each time. */
const STARTS = Math.ceil(TRIALS / 2);
const RECOVERY_MS = 10_000;
const TROUBLE = 'journal cannot be written: changes are refused';
const table = new FaultTable('full and read-only disk');
afterAll(() => table.print());

interface Scene extends AsyncDisposable {
  readonly site: Site;
  readonly app: string;
  readonly containerId: string;
  readonly events: EngineEvents;
}

async function openScene(app: string): Promise<Scene> {
  const engine = { socketPath: inject('engineSocket') };
  await using opened = new AsyncDisposableStack();
  const containerId = await runContainer(engine, {
    image: inject('engineImage'),
    name: app,
    command: ['sleep', '600'],
    init: true,
    stopTimeoutSeconds: 1,
  });
  opened.defer(() => removeContainer(engine, containerId));
  const events = opened.use(await EngineEvents.follow(engine));
  const settings = { STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5' };
  const site = opened.use(await Site.open({ dockerSocket: engine.socketPath, settings }));
  const stack = opened.move();
  return { site, app, containerId, events, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

/** Reads work, changes are refused before anything happened to the container. */
async function expectReadsOnly({ site, app, containerId, events }: Scene): Promise<void> {
  const restarts = events.count(containerId, 'restart');
  expect(await site.ask('health', { app_code: app, include_metrics: false })).toMatchObject({ status: 'completed' });
  expect(failureOf(await site.ask('restart', { app_code: app }))).toMatchObject({ code: 'cannot_journal' });
  expect(failureOf(await site.ask('stop', { app_code: app }))).toMatchObject({ code: 'cannot_journal' });
  expect(await site.ask('logs', { app_code: app })).toMatchObject({ status: 'completed' });
  expect(events.count(containerId, 'restart')).toBe(restarts);
  expect(events.count(containerId, 'die')).toBe(events.count(containerId, 'restart'));
}

/** Asks for changes until one is made; returns how long that took. */
async function recovered({ site, app }: Scene): Promise<number> {
  const began = performance.now();
  for (;;) {
    const asked = await site.ask('restart', { app_code: app, force: true });
    if (asked.status === 'completed') return performance.now() - began;
    expect(failureOf(asked)).toMatchObject({ code: 'cannot_journal' });
    if (performance.now() - began > RECOVERY_MS) throw new Error(`not recovered after ${RECOVERY_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function told(agent: AgentProcess, sentence: string): number {
  return agent.lines.filter((line) => line.includes(sentence)).length;
}

test('a disk that fills up while the agent runs', async () => {
  await using scene = await openScene('filled');
  using disk = new MemoryDisk(scene.site.stateDirectory);
  await using agent = await scene.site.startAgent();
  expect((await scene.site.ask('restart', { app_code: scene.app })).status).toBe('completed');
  for (let trial = 1; trial <= TRIALS; trial += 1) {
    disk.fill();
    // What the journal has taken of the disk already, it may still use.
    for (let asked = 0; told(agent, TROUBLE) < trial && asked < 2_000; asked += 1) {
      await scene.site.ask('health', { app_code: scene.app, include_metrics: false });
    }
    await expectReadsOnly(scene);
    disk.makeRoom();
    table.add('disk full', await recovered(scene));
    expect(told(agent, 'journal can be written again')).toBe(trial);
  }
  expect(agent.running).toBe(true);
  // One line each time, not one for each command.
  expect(told(agent, TROUBLE)).toBe(TRIALS);
});

test('a disk that is full, or read-only, when the agent starts', async () => {
  await using scene = await openScene('started');
  for (let trial = 0; trial < STARTS; trial += 1) {
    using disk = new MemoryDisk(scene.site.stateDirectory);
    disk.fill();
    await using agent = await scene.site.startAgent();
    await expectReadsOnly(scene);
    disk.makeRoom();
    table.add('started on a full disk', await recovered(scene));
    expect(agent.running).toBe(true);
  }
  for (let trial = 0; trial < STARTS; trial += 1) {
    using disk = new MemoryDisk(scene.site.stateDirectory);
    disk.readOnly();
    await using agent = await scene.site.startAgent();
    await expectReadsOnly(scene);
    disk.writable();
    table.add('started on a read-only disk', await recovered(scene));
    expect(agent.running).toBe(true);
  }
});

test('a disk that fails under open files and becomes read-only', async () => {
  await using scene = await openScene('failed');
  for (let trial = 0; trial < STARTS; trial += 1) {
    using disk = new FailingDisk(scene.site.stateDirectory);
    await using agent = await scene.site.startAgent();
    expect((await scene.site.ask('restart', { app_code: scene.app })).status).toBe('completed');
    disk.fail();
    await expectReadsOnly(scene);
    disk.repair();
    table.add('disk fails, is repaired and mounted again', await recovered(scene));
    expect(agent.running).toBe(true);
    // Let go of the failed disk before the next one.
    agent.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
  }
});
