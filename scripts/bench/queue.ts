// Benchmark: commands per second through the agent, from poll over journal and execution to the accepted report.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { clientOf, startAgent, startBareLoop } from './client.ts';
import { activityOf, memoryOf } from './process-figures.ts';
import type { Program } from './program.ts';
import { figureOf, type Row, tableOf } from './table.ts';
import { startTrivialServer } from './trivial.ts';
import { Workplace } from './workplace.ts';

const USAGE = `usage: npm run bench -- queue [--quick] [--rounds N] [--commands N]

  --rounds N     rounds, in each of which every client has its turn (default 9)
  --commands N   commands for each client in each round (default 2000)
  --quick        3 rounds of 300
`;

const RATIO_TARGET = 0.8;
const ROUND_DEADLINE_MS = 60_000;

interface Subject {
  readonly name: 'agent' | 'bare' | 'fsynced';
  readonly program: Program;
  readonly perSecond: number[];
  readonly cpuUs: number[];
  readonly rssMib: number[];
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      commands: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 9));
  const count = Number(values.commands ?? (values.quick ? 300 : 2_000));
  await using stack = new AsyncDisposableStack();
  const home = stack.use(new Workplace()).path;
  const server = stack.use(await startTrivialServer(home));
  const agent = subject('agent', stack.use(startAgent(clientOf(server.url, home, 'agent'))));
  const bare = subject('bare', stack.use(startBareLoop(clientOf(server.url, home, 'bare'))));
  await warmUp(server.program, agent, count);
  const transactions = await transactionsOf(server.program, agent, count);
  const settings = clientOf(server.url, home, 'fsynced', transactions);
  const fsynced = subject('fsynced', stack.use(startBareLoop(settings)));
  for (const one of [bare, fsynced]) await warmUp(server.program, one, count);

  const subjects = [agent, bare, fsynced];
  for (let round = 0; round < rounds; round += 1) {
    // Everyone begins a round as often as the others.
    for (let turn = 0; turn < subjects.length; turn += 1) {
      const one = subjects[(round + turn) % subjects.length];
      if (one !== undefined) await measure(server.program, one, count);
    }
  }
  print({ agent, bare, fsynced }, { rounds, count, transactions });
}

function subject(name: Subject['name'], program: Program): Subject {
  return { name, program, perSecond: [], cpuUs: [], rssMib: [] };
}

async function throughput(server: Program, { name, program }: Subject, count: number): Promise<number> {
  const question = { ask: 'throughput', deployment: name, count };
  return z.number().parse(await Promise.race([server.ask(question, ROUND_DEADLINE_MS), program.failed]));
}

async function warmUp(server: Program, one: Subject, count: number): Promise<void> {
  await throughput(server, one, count);
}

/** Fsynced transactions of the agent for each command. */
async function transactionsOf(server: Program, agent: Subject, count: number): Promise<number> {
  const writes = async (): Promise<number> => z.number().parse(await agent.program.ask({}, ROUND_DEADLINE_MS));
  const before = await writes();
  await throughput(server, agent, count);
  return Math.round(((await writes()) - before) / count);
}

async function measure(server: Program, one: Subject, count: number): Promise<void> {
  const before = activityOf(one.program.pid);
  const elapsedMs = await throughput(server, one, count);
  const after = activityOf(one.program.pid);
  one.perSecond.push((count / elapsedMs) * 1000);
  one.cpuUs.push(((after.cpuMs - before.cpuMs) * 1000) / count);
  one.rssMib.push(memoryOf(one.program.pid).rssMib);
}

function print(
  { agent, bare, fsynced }: Readonly<Record<Subject['name'], Subject>>,
  of: { readonly rounds: number; readonly count: number; readonly transactions: number },
): void {
  const row = (what: string, floor: Subject, key: 'perSecond' | 'cpuUs', limit?: number): Row => {
    // A disk that many share is fast in one round and slow in the next: a round is compared with itself.
    const ratio = figureOf(agent[key].map((own, round) => own / (floor[key][round] ?? Number.NaN)));
    const judged = limit === undefined ? {} : { judged: { value: ratio.median, limit, sense: 'at-least' as const } };
    return { what, floor: figureOf(floor[key]), own: figureOf(agent[key]), ratio, unit: 'times', digits: 0, ...judged };
  };
  const heading = {
    title: 'queue: commands through poll, journal, execution of a no-op, and accepted report',
    notes: [
      `${of.rounds} interleaved rounds of ${of.count} commands each, against a trivial server on loopback; median [min–max]`,
      'agent: the real agent code with its journal on disk and its log written to a file',
      'floor: a bare undici loop with the same requests, HMAC and JSON, once without and once with as many fsynced',
      `SQLite transactions as the agent makes for a command (${of.transactions})`,
    ],
    peer: false,
  };
  const rows = [
    row(`commands/s, floor with ${of.transactions} fsynced transactions`, fsynced, 'perSecond', RATIO_TARGET),
    row('commands/s, floor without disk', bare, 'perSecond'),
    row(`CPU µs/command, floor with ${of.transactions} fsynced transactions`, fsynced, 'cpuUs'),
    row('CPU µs/command, floor without disk', bare, 'cpuUs'),
  ];
  console.log(tableOf(heading, rows));
  console.log(disk(bare.perSecond, fsynced.perSecond, of.transactions));
  console.log(growth(agent.rssMib, bare.rssMib, of.count * of.rounds));
}

/** What one transaction costs follows from the two floors. Above a millisecond the disk hides what the agent costs. */
function disk(bare: readonly number[], fsynced: readonly number[], transactions: number): string {
  const costs = fsynced.map((rate, round) => (1_000 / rate - 1_000 / (bare[round] ?? Number.NaN)) / transactions);
  const { median, min, max } = figureOf(costs);
  const slow = median > 1 ? '; a disk this slow hides what the agent itself costs: look at the CPU time' : '';
  return `one fsynced transaction here: ${median.toFixed(2)} ms [${min.toFixed(2)}–${max.toFixed(2)}]${slow}`;
}

function growth(agent: readonly number[], bare: readonly number[], count: number): string {
  const change = (samples: readonly number[]): string => {
    const half = figureOf(samples.slice(0, Math.ceil(samples.length / 2)));
    return `${half.median.toFixed(1)} → ${figureOf(samples.slice(Math.floor(samples.length / 2))).median.toFixed(1)} MiB`;
  };
  return `RSS, median of the first and of the second half of ${count} commands: agent ${change(agent)}, bare loop ${change(bare)}\n`;
}
