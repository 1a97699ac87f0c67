// Leak check: memory and handles of the agent after ever more commands, each time when it has had nothing to do for a while.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../test/faults/stall/waiting.ts';
import { textTable } from '../../test/faults/text-table.ts';
import { Host } from '../../test/faults/host.ts';
import { ProductionServer } from '../../test/support/production-server.ts';
import { memoryOf } from '../bench/process-figures.ts';
import { RUN_FLAGS } from '../release/run-flags.ts';
import type { AgentProcess } from '../parts/agent-process.ts';
import type { EngineAddress } from '../parts/engine-request.ts';
import { Fleet } from './fleet.ts';
import { fit } from './line-fit.ts';
import { Seeded } from './seeded.ts';

export interface LeakOptions {
  readonly engine: EngineAddress;
  readonly image: string;
  readonly commands: number;
  readonly say: (line: string) => void;
}

interface Sample {
  readonly commands: number;
  readonly rssKib: number;
  readonly handles: number;
}

/** So often it gets no commands until all are answered, and then a rest: under load figures say how busy the machine is. */
const SAMPLES_COUNT = 40;
/** Longer than an idle connection is kept. */
const REST_MS = 8_000;
const QUEUED_COUNT = 50;
const STALLED_MS = 60_000;
/** Half a MiB over a hundred thousand commands: less than one sample differs from the next. */
const SLOPE_MAX_KIB = 5;

/** Prints the table; returns what did not hold. */
export async function leakCheck(options: LeakOptions): Promise<readonly string[]> {
  const samples = await measure(options);
  // The first half is the heap growing to its size.
  const later = samples.slice(Math.floor(samples.length / 2));
  const rss = fit(later.map(({ commands, rssKib }) => ({ x: commands / 1_000, y: rssKib })));
  const handles = fit(later.map(({ commands, handles }) => ({ x: commands / 1_000, y: handles })));
  const row = (what: string, line: ReturnType<typeof fit>, digits: number): readonly string[] => [
    what,
    line.first.toFixed(digits),
    line.last.toFixed(digits),
    `${line.slope.toFixed(3)} ± ${(2 * line.error).toFixed(3)}`,
    line.scatter.toFixed(digits),
  ];
  const head = [`over ${options.commands} commands, second half`, 'begins at', 'ends at', 'slope per 1,000', 'scatter'];
  console.log(`\n${textTable(head, [row('RSS, KiB', rss, 0), row('open descriptors', handles, 1)])}\n`);
  return [
    ...(rss.slope - 2 * rss.error > SLOPE_MAX_KIB
      ? [`RSS grows by ${rss.slope.toFixed(1)} KiB in 1,000 commands`]
      : []),
    ...(handles.slope - 2 * handles.error > 0.01 ? [`descriptors grow by ${handles.slope.toFixed(3)} in 1,000`] : []),
  ];
}

async function measure({ engine, image, commands, say }: LeakOptions): Promise<readonly Sample[]> {
  await using stack = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), 'status-panel-leak-'));
  stack.defer(() => rmSync(home, { recursive: true, force: true }));
  const server = stack.use(await ProductionServer.start());
  const fleet = stack.use(await Fleet.start(engine, image, 'leak'));
  const host = await Host.register({ serverUrl: server.url, dockerSocket: engine.socketPath, home, name: 'leak' });
  // As the release starts it: its heap is kept small.
  const agent = stack.use(host.start({}, RUN_FLAGS));
  const random = new Seeded(1);
  const samples: Sample[] = [];
  const load = { server, host, fleet, agent, random };
  for (let at = 1; at <= SAMPLES_COUNT; at += 1) {
    const done = Math.round((commands * at) / SAMPLES_COUNT);
    await runUpTo(load, done);
    await pause(REST_MS);
    samples.push({ commands: done, rssKib: memoryOf(agent.pid).rssMib * 1_024, handles: descriptorsOf(agent.pid) });
    say(`  ${done} of ${commands}: ${samples.at(-1)?.rssKib} KiB, ${samples.at(-1)?.handles} descriptors`);
  }
  return samples;
}

interface Load {
  readonly server: ProductionServer;
  readonly host: Host;
  readonly fleet: Fleet;
  readonly agent: AgentProcess;
  readonly random: Seeded;
}

/** Asks for commands until so many are answered in all. */
async function runUpTo({ server, host, fleet, agent, random }: Load, commands: number): Promise<void> {
  let asked = server.reports.length;
  let lastNewsMs = performance.now();
  for (let done = asked; done < commands; ) {
    while (asked - done < QUEUED_COUNT && asked < commands) {
      const { type, parameters, changes } = fleet.next(random);
      // Restarts take a second each, and there is nothing in them that the others do not have.
      if (type !== 'restart') server.enqueue(host.deploymentHash, changes ? type : 'health', parameters);
      asked += type === 'restart' ? 0 : 1;
    }
    await pause(20);
    if (!agent.running) throw new Error(`the agent has ended:\n${agent.lines.slice(-20).join('\n')}`);
    if (server.reports.length > done) lastNewsMs = performance.now();
    if (performance.now() - lastNewsMs > STALLED_MS) throw new Error(`no report for a minute after ${done}`);
    done = server.reports.length;
    agent.lines.length = 0;
  }
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
