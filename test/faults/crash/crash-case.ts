// One command, killed at given points of its way, started again until it is over; then what the engine did is held against what was reported.
import { z } from 'zod';
import { createContainer, dockerClient, removeContainer } from '../../../scripts/parts/containers.ts';
import type { EngineAddress } from '../../../scripts/parts/engine-request.ts';
import type { ProductionCommand, ProductionServer } from '../../support/production-server.ts';
import { reportFaults } from '../../protocol/strict-report.ts';
import type { EngineEvents } from '../engine-events.ts';
import { Host } from '../host.ts';
import type { CrashCase } from './crash-plan.ts';

export interface CrashSite {
  readonly engine: EngineAddress;
  readonly image: string;
  readonly events: EngineEvents;
  readonly server: ProductionServer;
  readonly home: string;
}

export interface CrashResult {
  readonly crash: CrashCase;
  /** How often the process ended itself. */
  readonly kills: number;
  readonly effects: number;
  readonly status: string;
  /** The code of the reported failure, if it is one. */
  readonly code: string | undefined;
  /** From the last start to the stored report. */
  readonly recoveryMs: number;
  /** What is not as it must be; empty when all is well. */
  readonly faults: readonly string[];
  readonly lines: readonly string[];
}

const RUN_DEADLINE_MS = 40_000;
const LOOK_EVERY_MS = 25;
/** A command that has ended the process twice is not begun a third time. */
const STARTS_MAX_COUNT = 2;
/** The journal can be seen as settled an instant before the process ends itself. */
const LAST_BREATH_MS = 150;
/** The engine goes on with what it was asked for, though the one who asked is gone: a slow container's end is waited for. */
const ENGINE_GOES_ON_MS = 4_000;

const EFFECT_OF: Readonly<Record<CrashCase['command'], string>> = {
  restart: 'start',
  start: 'start',
  stop: 'die',
  pause: 'pause',
  unpause: 'unpause',
};

const reported = z.object({
  command_status: z.string(),
  started_at: z.string().optional(),
  completed_at: z.string(),
  errors: z.array(z.object({ code: z.string(), message: z.string() })).optional(),
});

export async function runCrashCase(site: CrashSite, crash: CrashCase, name: string): Promise<CrashResult> {
  const { engine, server } = site;
  const container = await prepareContainer(site, crash, name);
  try {
    const host = await Host.register({
      serverUrl: server.url,
      dockerSocket: engine.socketPath,
      home: site.home,
      name,
    });
    const effectsBefore = site.events.count(container, EFFECT_OF[crash.command]);
    const commandId = server.enqueue(host.deploymentHash, crash.command, { app_code: name });
    const lines: string[] = [];
    let kills = 0;
    let recoveryMs = 0;
    // The last start is one without a fault.
    for (const killAt of [...crash.kills, '']) {
      const begun = performance.now();
      const run = await runOnce(server, host, commandId, killAt);
      recoveryMs = performance.now() - begun;
      kills += run.killedItself ? 1 : 0;
      lines.push(`── start with "${killAt}"`, ...run.lines);
    }
    await pause(crash.container === 'slow' ? ENGINE_GOES_ON_MS : LAST_BREATH_MS);
    const effects = site.events.count(container, EFFECT_OF[crash.command]) - effectsBefore;
    const command = server.commands.get(commandId);
    const state = host.stateOf(commandId);
    const verdict = judged(site, crash, command, effects, state);
    const starts = host.startsOf(commandId);
    const again = starts > STARTS_MAX_COUNT ? [`begun ${starts} times`] : [];
    return { ...verdict, faults: [...verdict.faults, ...again], crash, kills, effects, recoveryMs, lines };
  } finally {
    await removeContainer(engine, container);
  }
}

// One line of its log for each start; `slow` takes so long to stop that a process can be killed in the middle of it.
async function prepareContainer({ engine, image, events }: CrashSite, crash: CrashCase, name: string): Promise<string> {
  // A second SIGTERM in the middle of the first must not make it longer.
  const ending = crash.container === 'slow' ? "trap '' TERM; sleep 3; exit 0" : 'exit 0';
  const staying = `trap "${ending}" TERM; echo started; sleep 3600 & wait $!`;
  const script = crash.container === 'one-shot' ? 'echo started' : staying;
  const id = await createContainer(engine, {
    image,
    name,
    command: ['sh', '-c', script],
    stopTimeoutSeconds: crash.container === 'slow' ? 5 : 1,
  });
  if (crash.command === 'start') return id;
  const handle = dockerClient(engine).getContainer(id);
  await handle.start();
  if (crash.command === 'unpause') await handle.pause();
  // The events of the preparation must not be counted later; and the shell has to set its trap before it is stopped.
  while (
    events.count(id, crash.command === 'unpause' ? 'pause' : 'start') === 0 ||
    (await startsOf(engine, id)) === 0
  ) {
    if (crash.command === 'unpause' && events.count(id, 'pause') > 0) break;
    await pause(LOOK_EVERY_MS);
  }
  return id;
}

async function startsOf(engine: EngineAddress, id: string): Promise<number> {
  const log = await dockerClient(engine).getContainer(id).logs({ stdout: true, follow: false });
  return log.toString('latin1').split('started').length - 1;
}

async function runOnce(
  server: ProductionServer,
  host: Host,
  commandId: string,
  killAt: string,
): Promise<{ readonly killedItself: boolean; readonly lines: readonly string[] }> {
  await using agent = host.start({ AGENT_KILL_AT: killAt });
  const end = performance.now() + RUN_DEADLINE_MS;
  while (agent.running && performance.now() < end) {
    // Looked at only once it is over: whoever reads a journal takes part in its locking.
    if (isOver(server.commands.get(commandId)) && host.stateOf(commandId) === 'reported') {
      await pause(LAST_BREATH_MS);
      break;
    }
    await pause(LOOK_EVERY_MS);
  }
  if (agent.running) return { killedItself: false, lines: agent.lines };
  return { killedItself: (await agent.ended) === 'SIGKILL', lines: agent.lines };
}

function isOver(command: ProductionCommand | undefined): boolean {
  return command?.status === 'completed' || command?.status === 'failed';
}

function judged(
  site: CrashSite,
  crash: CrashCase,
  command: ProductionCommand | undefined,
  effects: number,
  state: string | undefined,
): Pick<CrashResult, 'status' | 'code' | 'faults'> {
  const faults: string[] = [];
  const bodies = site.server.reports.filter((body) => body.includes(command?.command_id ?? 'none'));
  if (!isOver(command)) faults.push(`unreported: the server has it as ${command?.status}, the journal as ${state}`);
  if (state !== 'reported') faults.push(`the journal has it as ${state}`);
  if (effects > 1) faults.push(`doubled: ${effects} effects`);
  if (new Set(bodies).size > 1) faults.push(`${new Set(bodies).size} different reports: ${bodies.join('\n')}`);
  for (const body of bodies) faults.push(...reportFaults(body, crash.command));
  const last = bodies.at(-1);
  const report = last === undefined ? undefined : reported.parse(JSON.parse(last));
  const [error] = report?.errors ?? [];
  // A container that ends by itself is not running after its start, and the report says so: that is no lie.
  const truthful = crash.container === 'one-shot' || (report?.command_status === 'completed') === (effects === 1);
  if (!truthful) faults.push(`untrue: ${effects} effects, reported ${report?.command_status} ${error?.message ?? ''}`);
  const tookMs = Date.parse(report?.completed_at ?? '') - Date.parse(report?.started_at ?? report?.completed_at ?? '');
  if (tookMs < 0) faults.push(`ended ${-tookMs} ms before it began, says the report`);
  if (error?.code === 'interrupted' && !/; .{5}/u.test(error.message))
    faults.push(`says nothing of what it found: ${error.message}`);
  return { status: report?.command_status ?? 'none', code: error?.code, faults };
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}
