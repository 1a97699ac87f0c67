// Benchmark: what an agent costs that waits for a command, and how soon after its start it waits, beside bare Node.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { IDLE_SUBJECTS, type IdleSubject, startIdle, type Waiting } from './idle-subjects.ts';
import { activityOf, memoryOf } from './process-figures.ts';
import { unpackRelease } from '../release/unpacked.ts';
import { figureOf, type Row, tableOf } from './table.ts';
import { startTrivialServer } from './trivial.ts';
import { Workplace } from './workplace.ts';

const USAGE = `usage: npm run bench -- idle [--quick] [--seconds N] [--dist | --release | --program FILE] [--instances N]

  --seconds N     how long the waiting processes are watched (default 60)
  --instances N   processes of each kind, started in turn and watched together (default 3)
  --dist          the compiled program dist/bin/status-panel.js (npm run build) instead of the sources
  --release       the release as it is installed: dist/release (npm run release), unpacked, started by its launcher
  --program FILE  another launcher or program
  --quick         watches for 8 seconds, and starts fewer
`;

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAMS = {
  source: join(ROOT, 'src', 'bin', 'status-panel.ts'),
  dist: join(ROOT, 'dist', 'bin', 'status-panel.js'),
} as const;

/** Figures of one kind of process; one number for each instance or start. */
type Figures = Record<'rss' | 'peak' | 'anonymous' | 'pss' | 'cpu' | 'wakeups' | 'start', number[]>;
type AllFigures = Readonly<Record<IdleSubject, Figures>>;

interface Plan {
  readonly program: string;
  readonly what: string;
  readonly seconds: number;
  readonly settleSeconds: number;
  readonly instances: number;
  readonly starts: number;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      seconds: { type: 'string' },
      instances: { type: 'string' },
      dist: { type: 'boolean', default: false },
      release: { type: 'boolean', default: false },
      program: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  await using stack = new AsyncDisposableStack();
  const plan = {
    ...(await subjectOf(values, stack)),
    seconds: Number(values.seconds ?? (values.quick ? 8 : 60)),
    settleSeconds: values.quick ? 3 : 10,
    instances: Number(values.instances ?? (values.quick ? 2 : 3)),
    starts: values.quick ? 3 : 9,
  };
  if (!existsSync(plan.program)) throw new Error(`${plan.program} is not there: npm run build`);
  print(await measure(plan), plan);
}

async function subjectOf(
  values: { readonly dist: boolean; readonly release: boolean; readonly program?: string },
  stack: AsyncDisposableStack,
): Promise<Pick<Plan, 'program' | 'what'>> {
  if (values.program !== undefined) return { program: values.program, what: values.program };
  if (values.dist) return { program: PROGRAMS.dist, what: 'compiled' };
  if (!values.release) return { program: PROGRAMS.source, what: 'from its sources, stripped of types when it starts' };
  const { path } = stack.use(new Workplace());
  const unpacked = await unpackRelease(join(ROOT, 'dist', 'release'), path);
  return { program: join(unpacked, 'bin', 'status-panel'), what: 'the release as it is installed' };
}

async function measure(plan: Plan): Promise<AllFigures> {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(new Workplace());
  const server = stack.use(await startTrivialServer(home));
  const figures: AllFigures = { bare: noFigures(), peer: noFigures(), agent: noFigures() };
  const begin = (subject: IdleSubject): Promise<Waiting> => startIdle(subject, server, home, plan.program);
  for (let at = -1; at < plan.starts; at += 1) {
    for (const subject of IDLE_SUBJECTS) {
      await using started = await begin(subject);
      // The first start fills the machine's file cache.
      if (at >= 0) figures[subject].start.push(started.startMs);
    }
  }
  const waiting: Waiting[] = [];
  for (let at = 0; at < plan.instances; at += 1) {
    for (const subject of IDLE_SUBJECTS) waiting.push(stack.use(await begin(subject)));
  }
  await new Promise((resolve) => setTimeout(resolve, plan.settleSeconds * 1000));
  const before = waiting.map(({ pid }) => ({ ...activityOf(pid), atMs: performance.now() }));
  await new Promise((resolve) => setTimeout(resolve, plan.seconds * 1000));
  for (const [at, { pid, subject }] of waiting.entries()) {
    const began = before[at];
    if (began === undefined) continue;
    const minutes = (performance.now() - began.atMs) / 60_000;
    const { cpuMs, voluntarySwitches } = activityOf(pid);
    const memory = memoryOf(pid);
    const into = figures[subject];
    into.cpu.push((cpuMs - began.cpuMs) / minutes);
    into.wakeups.push((voluntarySwitches - began.voluntarySwitches) / minutes);
    into.rss.push(memory.rssMib);
    into.peak.push(memory.peakRssMib);
    into.anonymous.push(memory.anonymousMib);
    into.pss.push(memory.pssMib);
  }
  return figures;
}

function noFigures(): Figures {
  return { rss: [], peak: [], anonymous: [], pss: [], cpu: [], wakeups: [], start: [] };
}

function print(figures: AllFigures, plan: Plan): void {
  const row = (what: string, key: keyof Figures, unit: 'times' | 'absolute', digits: number, limit?: number): Row => {
    const floor = figureOf(figures.bare[key]);
    const own = figureOf(figures.agent[key]);
    const value = unit === 'times' ? own.median / floor.median : own.median;
    const judged = limit === undefined ? {} : { judged: { value, limit, sense: 'at-most' as const } };
    return { what, floor, peer: figureOf(figures.peer[key]), own, unit, digits, ...judged };
  };
  const heading = {
    title: `idle: an agent that waits for commands (${plan.what})`,
    notes: [
      `${plan.instances} processes of each kind, watched for ${plan.seconds} s; ${plan.starts} starts of each in turn; median [min–max]`,
      `floor: bare Node ${process.versions.node} that waits; its start lasts until its first line of code has run`,
      'peer: undici alone, polling; agent: status-panel run; the start of both lasts until the server has the first poll',
    ],
    peer: true,
  };
  const rows = [
    row('RSS, MiB', 'rss', 'times', 1, 1.4),
    row('peak RSS, MiB', 'peak', 'times', 1, 1.5),
    row('anonymous memory, MiB', 'anonymous', 'times', 1, 2.2),
    row('PSS, MiB', 'pss', 'times', 1),
    row('CPU, ms a minute', 'cpu', 'absolute', 1, 6),
    row('voluntary wakeups a minute', 'wakeups', 'absolute', 0, 15),
    row('cold start to first poll, ms', 'start', 'times', 0, 3),
  ];
  console.log(tableOf(heading, rows));
}
