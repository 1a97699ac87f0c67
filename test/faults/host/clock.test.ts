// A host whose clock is wrong, or jumps while the agent runs: the agent works by the server's time and never registers again.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, describe, type ExpectStatic, inject, test } from 'vitest';
import { z } from 'zod';
import { removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { Site } from '../../e2e/harness.ts';
import { FaultTable, trialsWanted } from '../stall/fault-table.ts';
import { LineProcess } from '../stall/line-process.ts';
import { PollWatch } from '../stall/poll-watch.ts';
import { until } from '../stall/waiting.ts';

const PROGRAM = join(import.meta.dirname, '..', 'stall', 'observed-agents.ts');
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What the server accepts of a signature's timestamp. */
const TOLERANCE_MS = 300_000;
/** Until the identity is known, a request or two are refused. */
const POLLS_MAX_COUNT = 2;
const STEPS_COUNT = 2 * trialsWanted(process.env);

const table = new FaultTable('host clock');
afterAll(() => table.print());

interface Scene extends AsyncDisposable {
  readonly site: Site;
  readonly app: string;
  /** How often a host registered since the scene was opened. */
  registrations: number;
  /** What the identity is stored in, as it is now. */
  identityFile(): string;
}

async function openScene(app: string): Promise<Scene> {
  const engine = { socketPath: inject('engineSocket') };
  await using opened = new AsyncDisposableStack();
  const id = await runContainer(engine, {
    image: inject('engineImage'),
    name: app,
    command: ['sleep', '600'],
    init: true,
    stopTimeoutSeconds: 1,
  });
  opened.defer(() => removeContainer(engine, id));
  const settings = { STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5' };
  const site = opened.use(await Site.open({ dockerSocket: engine.socketPath, settings }));
  const stack = opened.move();
  const scene: Scene = {
    site,
    app,
    registrations: 0,
    identityFile: () => readFileSync(join(site.stateDirectory, 'identity.json'), 'utf8'),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
  site.proxy.plan = ({ path }) => {
    if (path.includes('/marketplace/agents/register')) scene.registrations += 1;
    return undefined;
  };
  return scene;
}

function startAgent({ site }: Scene, clock: { offsetMs: number; stepMs: number; stepEveryMs: number }): LineProcess {
  const agents = [{ name: site.deploymentHash, settings: site.settings }];
  return LineProcess.start([process.execPath, PROGRAM], { OBSERVED_AGENTS: JSON.stringify({ agents, clock }) });
}

const times = z.object({ started_at: z.string(), completed_at: z.string() });

/** The reports' own times are the server's, and no command took an hour. */
function expectTrueTimes({ site }: Scene, expect: ExpectStatic): void {
  for (const body of site.proxy.reports) {
    const { started_at, completed_at } = times.parse(JSON.parse(body));
    const [startedMs, completedMs] = [Date.parse(started_at), Date.parse(completed_at)];
    expect.soft(Math.abs(completedMs - Date.now()), 'reported time').toBeLessThan(TOLERANCE_MS);
    expect.soft(completedMs - startedMs, 'duration').toBeGreaterThanOrEqual(0);
    expect.soft(completedMs - startedMs, 'duration').toBeLessThan(60_000);
  }
}

// Most of their time these wait: together they take no longer than the slowest.
describe.concurrent('a wrong clock', () => {
  test.for([
    ['24 hours behind', -DAY_MS],
    ['10 years ahead', 3_653 * DAY_MS],
    ['10 minutes behind', -600_000],
  ] as const)('%s', async ([fault, offsetMs], { expect }) => {
    await using scene = await openScene(`clock-${Math.abs(offsetMs)}`);
    const { site, app } = scene;
    const identity = scene.identityFile();
    await using agent = startAgent(scene, { offsetMs, stepMs: 0, stepEveryMs: DAY_MS });
    const watch = new PollWatch(agent);
    const began = performance.now();
    await agent.line((line) => line.includes('ready: the control plane answers'));
    const tookMs = performance.now() - began;
    const polls = watch.begun(site.deploymentHash).length;
    expect(polls).toBeLessThanOrEqual(POLLS_MAX_COUNT);
    await agent.line((line) => line.includes('"clock_skew"'), 5_000);
    for (const type of ['health', 'restart', 'logs']) {
      expect.soft((await site.ask(type, { app_code: app })).status, type).toBe('completed');
    }
    expectTrueTimes(scene, expect);
    expect(scene.registrations).toBe(0);
    expect(scene.identityFile()).toBe(identity);
    table.add(`clock ${fault}`, tookMs, `${polls} polls until it worked, 0 registrations`);
  });

  test('steps of an hour while it runs', async ({ expect }) => {
    await using scene = await openScene('clock-steps');
    const { site, app } = scene;
    const identity = scene.identityFile();
    await using agent = startAgent(scene, { offsetMs: 0, stepMs: -HOUR_MS, stepEveryMs: 3_000 });
    const watch = new PollWatch(agent);
    await agent.line((line) => line.includes('ready: the control plane answers'));
    const skews = (): number => agent.lines.filter((line) => line.includes('"clock_skew"')).length;
    let slowestMs = 0;
    await until(
      async () => {
        const asked = performance.now();
        const { status } = await site.ask('health', { app_code: app, include_metrics: false }, 15_000);
        expect(status).toBe('completed');
        slowestMs = Math.max(slowestMs, performance.now() - asked);
        return skews() >= STEPS_COUNT;
      },
      STEPS_COUNT * 15_000,
      () => `${skews()} steps seen`,
    );
    expectTrueTimes(scene, expect);
    expect(watch.longestGapMs(site.deploymentHash)).toBeLessThan(8_000);
    expect(slowestMs).toBeLessThan(5_000);
    expect(scene.registrations).toBe(0);
    expect(scene.identityFile()).toBe(identity);
    expect(agent.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
    table.add('clock steps by an hour', slowestMs, `${skews()} steps named, 0 registrations`, skews());
  });
});
