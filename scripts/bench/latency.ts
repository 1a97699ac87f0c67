// Benchmark: milliseconds from enqueue to accepted report, on a trivial server and on the reference control plane.
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type ClientSettings, clientOf, startAgent, startBareLoop } from './client.ts';
import type { Program } from './program.ts';
import { ReferenceControlPlane } from './reference-control-plane.ts';
import { figureOf, quantile, type Row, tableOf } from './table.ts';
import { startTrivialServer } from './trivial.ts';
import { Workplace } from './workplace.ts';

const USAGE = `usage: npm run bench -- latency [--quick] [--rounds N] [--commands N]

  --rounds N     rounds, in each of which both clients have their turn (default 7)
  --commands N   commands for each client in each round (default 300)
  --quick        3 rounds of 60
`;

const P50_TARGET_MS = 3;
const P99_TARGET_MS = 15;
const GAP_MS = 3;
const ROUND_DEADLINE_MS = 60_000;

interface Samples {
  /** One list for each round, ascending. */
  readonly rounds: (readonly number[])[];
}

interface Pair {
  readonly agent: Samples;
  readonly bare: Samples;
}

type Measure = (name: 'agent' | 'bare', count: number) => Promise<readonly number[]>;

interface Size {
  readonly rounds: number;
  readonly count: number;
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
  const size = {
    rounds: Number(values.rounds ?? (values.quick ? 3 : 7)),
    count: Number(values.commands ?? (values.quick ? 60 : 300)),
  };
  const onTrivial = await againstTrivialServer(size);
  print(
    'trivial server',
    'measured in the server: from handing out the command to having answered the report',
    onTrivial,
    size,
  );
  const onReference = await againstControlPlane(size);
  const how = 'measured by a person’s client: from sending the enqueue request to reading the finished command';
  print('reference control plane (embedded database)', how, onReference, size);
}

async function againstTrivialServer(size: Size): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(new Workplace());
  const server = stack.use(await startTrivialServer(home));
  const programs = startBoth(stack, clientOf(server.url, home, 'agent'), clientOf(server.url, home, 'bare'));
  return await interleaved(size, async (name, count) => {
    const asked = server.program.ask({ ask: 'latencies', deployment: name, count, gapMs: GAP_MS }, ROUND_DEADLINE_MS);
    return z.array(z.number()).parse(await Promise.race([asked, programs[name].failed]));
  });
}

async function againstControlPlane(size: Size): Promise<Pair> {
  await using stack = new AsyncDisposableStack();
  const { path: home } = stack.use(new Workplace());
  const controlPlane = stack.use(await ReferenceControlPlane.start(home));
  const settings = {
    agent: await controlPlane.register(home, 'agent'),
    bare: await controlPlane.register(home, 'bare'),
  };
  const programs = startBoth(stack, settings.agent, settings.bare);
  return await interleaved(size, async (name, count) => {
    const samplesMs: number[] = [];
    for (let at = 0; at < count; at += 1) {
      await new Promise((resolve) => setTimeout(resolve, GAP_MS * (0.5 + Math.random())));
      const beganMs = performance.now();
      const done = controlPlane.client.ask(settings[name].deploymentHash, 'noop', {}, ROUND_DEADLINE_MS);
      const { status } = await Promise.race([done, programs[name].failed]);
      if (status !== 'completed') throw new Error(`a no-op command ended as ${status}`);
      samplesMs.push(performance.now() - beganMs);
    }
    return samplesMs;
  });
}

function startBoth(
  stack: AsyncDisposableStack,
  agent: ClientSettings,
  bare: ClientSettings,
): Readonly<Record<'agent' | 'bare', Program>> {
  return { agent: stack.use(startAgent(agent)), bare: stack.use(startBareLoop(bare)) };
}

async function interleaved({ rounds, count }: Size, measure: Measure): Promise<Pair> {
  const pair: Pair = { agent: { rounds: [] }, bare: { rounds: [] } };
  const names = ['agent', 'bare'] as const;
  // Long enough for the compiler to have seen the code.
  for (const name of names) await measure(name, count);
  for (let round = 0; round < rounds; round += 1) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const samplesMs = await measure(name, count);
      pair[name].rounds.push(samplesMs.toSorted((left, right) => left - right));
    }
  }
  return pair;
}

function print(server: string, how: string, { agent, bare }: Pair, { rounds, count }: Size): void {
  const row = (what: string, fraction: number, limit?: number): Row => {
    const floor = figureOf(bare.rounds.map((round) => quantile(round, fraction)));
    const own = figureOf(agent.rounds.map((round) => quantile(round, fraction)));
    const value = own.median - floor.median;
    const judged = limit === undefined ? {} : { judged: { value, limit, sense: 'at-most' as const } };
    return { what, floor, own, unit: 'difference', digits: 2, ...judged };
  };
  const heading = {
    title: `latency: enqueue to accepted report of a no-op, in ms, on the ${server}`,
    notes: [
      `${rounds} interleaved rounds of ${count} commands each, one at a time; median of the rounds [min–max]`,
      how,
      'agent: the real agent code with its journal on disk; floor: a bare undici loop without a disk',
    ],
    peer: false,
  };
  const rows = [row('p50', 0.5, P50_TARGET_MS), row('p90', 0.9), row('p99', 0.99, P99_TARGET_MS), row('max', 1)];
  console.log(tableOf(heading, rows));
}
