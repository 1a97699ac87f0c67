// Leak check: memory and handles of the agent after ever more commands, each time when it has had nothing to do for a while.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pause } from '../../test/faults/stall/waiting.ts';
import { Host } from '../../test/faults/host.ts';
import { Publisher } from '../../test/release/versions.ts';
import { ProductionServer } from '../../test/support/production-server.ts';
import { memoryOf } from '../bench/process-figures.ts';
import { AgentProcess } from '../parts/agent-process.ts';
import type { EngineAddress } from '../parts/engine-request.ts';
import { unpackRelease } from '../release/unpacked.ts';
import { countOf, type Descriptors, descriptorsOf, heldAt } from './descriptors.ts';
import { LeakLoad } from './leak-load.ts';
import { collectIn, PROBE_SETTINGS } from './leak-probe.ts';
import { leakTable, leaksIn, type Sample } from './leak-verdict.ts';
import { Seeded } from './seeded.ts';

export interface LeakOptions {
  readonly engine: EngineAddress;
  readonly image: string;
  readonly commands: number;
  readonly say: (line: string) => void;
}

/** So often it gets no commands until all are answered, and then a rest: under load figures say how busy the machine is. */
const SAMPLES_COUNT = 40;
/** Longer than an idle connection is kept: 4 s to the control plane, 5 s to the engine. */
const REST_MS = 8_000;
/** Between two looks at the descriptors; what is looked at lasts longer than the question for lost commands that comes every two minutes. */
const LOOKS_COUNT = 3;
const LOOK_EVERY_MS = 2_500;
const SETTLE_MS = 1_000;
const QUEUED_COUNT = 50;
const STALLED_MS = 60_000;
const COMPLAINT = /"level":"(?:warn|error)"/u;
const COMPLAINTS_TOLD_COUNT = 5;

/** Prints the table; returns what did not hold. */
export async function leakCheck(options: LeakOptions): Promise<readonly string[]> {
  const complaints: string[] = [];
  const samples = await measure(options, complaints);
  console.log(`\n${leakTable(samples)}\n`);
  return [...leaksIn(samples), ...complaints.slice(0, COMPLAINTS_TOLD_COUNT).map((line) => `the agent says: ${line}`)];
}

/** An agent in trouble does something else than the work that is measured: each of its warnings is put into `complaints`. */
async function measure(
  { engine, image, commands, say }: LeakOptions,
  complaints: string[],
): Promise<readonly Sample[]> {
  await using stack = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), 'status-panel-leak-'));
  stack.defer(() => rmSync(home, { recursive: true, force: true }));
  const server = stack.use(await ProductionServer.start());
  const load = stack.use(await LeakLoad.start(engine, image, new Seeded(1)));
  const host = await Host.register({ serverUrl: server.url, dockerSocket: engine.socketPath, home, name: 'leak' });
  const agent = stack.use(await startReleased(host, home, stack));
  const samples: Sample[] = [];
  for (let at = 1; at <= SAMPLES_COUNT; at += 1) {
    const done = Math.round((commands * at) / SAMPLES_COUNT);
    await runUpTo({ server, host, load, agent, complaints }, done);
    const sample = { commands: done, ...(await figuresOf(agent)) };
    samples.push(sample);
    const figures = [
      `RSS ${sample.rssKib} KiB`,
      `collected ${sample.collectedRssKib}`,
      `objects ${Math.round(sample.objectsKib)}`,
      `code ${Math.round(sample.codeKib)}`,
      `buffers ${Math.round(sample.buffersKib)}`,
      `descriptors ${countOf(sample.descriptors)}`,
    ];
    say(`  ${done} of ${commands}: ${figures.join(', ')}`);
  }
  return samples;
}

/** The release as it is installed, started by its launcher: the tests' build of the agent carries much that no customer has. */
async function startReleased(host: Host, home: string, stack: AsyncDisposableStack): Promise<AgentProcess> {
  const publisher = stack.use(new Publisher());
  await publisher.makeKeys();
  const unpacked = await unpackRelease(await publisher.release('0.1.0'), join(home, 'unpacked'));
  const { NODE_COMPILE_CACHE: _, ...settings } = host.settings;
  return AgentProcess.start(
    ['run'],
    { ...settings, ...PROBE_SETTINGS },
    { program: join(unpacked, 'bin', 'status-panel'), endWith: 'SIGKILL' },
  );
}

async function figuresOf(agent: AgentProcess): Promise<Omit<Sample, 'commands'>> {
  await pause(REST_MS);
  const looks: Descriptors[] = [];
  for (let look = 0; look < LOOKS_COUNT; look += 1) {
    await pause(LOOK_EVERY_MS);
    looks.push(descriptorsOf(agent.pid));
  }
  const rssKib = rssOf(agent);
  const left = await collectIn(agent);
  // V8 gives pages back beside its other work.
  await pause(SETTLE_MS);
  return { rssKib, collectedRssKib: rssOf(agent), ...left, descriptors: heldAt(looks) };
}

function rssOf(agent: AgentProcess): number {
  return memoryOf(agent.pid).rssMib * 1_024;
}

interface Running {
  readonly server: ProductionServer;
  readonly host: Host;
  readonly load: LeakLoad;
  readonly agent: AgentProcess;
  readonly complaints: string[];
}

/** Asks for commands until so many are answered in all. */
async function runUpTo({ server, host, load, agent, complaints }: Running, commands: number): Promise<void> {
  let asked = server.reports.length;
  let lastNewsMs = performance.now();
  for (let done = asked; done < commands; ) {
    for (; asked - done < QUEUED_COUNT && asked < commands; asked += 1) {
      const { type, parameters } = load.next();
      server.enqueue(host.deploymentHash, type, parameters);
    }
    await pause(20);
    if (!agent.running) throw new Error(`the agent has ended:\n${agent.lines.slice(-20).join('\n')}`);
    if (server.reports.length > done) lastNewsMs = performance.now();
    if (performance.now() - lastNewsMs > STALLED_MS) throw new Error(`no report for a minute after ${done}`);
    done = server.reports.length;
    complaints.push(...agent.lines.filter((line) => COMPLAINT.test(line)));
    agent.lines.length = 0;
  }
}
