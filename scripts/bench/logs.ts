// Benchmark: pages of a container's log beside `docker logs` and a bare request to the engine, on an engine of its own.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { dockerClient, runContainer } from '../parts/containers.ts';
import { RUN_ENVIRONMENT, RUN_FLAGS } from '../release/run-flags.ts';
import { type PrivateEngine, startPrivateEngine } from '../parts/docker-engine.ts';
import { importBusyboxImage } from '../parts/images.ts';
import { costOfDockerLogs, type Cost, msOfBareTail, pause } from './docker-logs.ts';
import { type PagesAnswer, pagesAnswer } from './logs-questions.ts';
import { activityOf, memoryOf } from './process-figures.ts';
import { Program } from './program.ts';
import { figureOf, type Row, tableOf } from './table.ts';
import { Workplace } from './workplace.ts';

const USAGE = `usage: npm run bench -- logs [--quick] [--rounds N] [--lines N] [--gib-lines N] [--whole]

  --rounds N      rounds, in each of which both have their turn (default 3)
  --lines N       lines of the log of which all pages are read (default 1000000)
  --gib-lines N   lines of the large log, of which only some pages are read (default 9023112: 1 GiB)
  --whole         all pages of the large log, too, once
  --quick         100000 and 500000 lines, 2 rounds

It takes a few minutes and 5 GB of disk below /var/lib for as long as it runs. docker must be on the PATH for the comparison.
`;

const IMAGE = 'status-panel-bench:busybox';
const PAGE_LINES = 1_000;
const DRIVERS = ['json-file', 'local'] as const;
const PAGES_DEADLINE_MS = 1_800_000;
/** How far before the end the pages of the large log begin. */
const PLACES_BACK = [0, 1_000, 3_000, 10_000] as const;
const REPEATS = 7;

type Driver = (typeof DRIVERS)[number];

interface Container {
  readonly name: string;
  readonly id: string;
  readonly driver: Driver;
  readonly lines: number;
}

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: 'boolean', default: false },
      whole: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      lines: { type: 'string' },
      'gib-lines': { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const plan = {
    rounds: Number(values.rounds ?? (values.quick ? 2 : 3)),
    lines: Number(values.lines ?? (values.quick ? 100_000 : 1_000_000)),
    gibLines: Number(values['gib-lines'] ?? (values.quick ? 500_000 : 9_023_112)),
    whole: values.whole,
  };
  await using engine = await startPrivateEngine({ say });
  await importBusyboxImage(engine, IMAGE, { say });
  using workplace = new Workplace();
  const bench = new LogsBench(engine, workplace.path);
  for (const driver of DRIVERS) {
    const all = await bench.write(driver, 'all', plan.lines);
    print(`all pages of ${plan.lines} lines, redacted, driver ${driver}`, await bench.allPages(all, plan.rounds));
    const large = await bench.write(driver, 'large', plan.gibLines);
    print(`one page of a log of ${plan.gibLines} lines, driver ${driver}`, await bench.onePage(large));
    if (plan.whole) print(`all pages of ${plan.gibLines} lines, driver ${driver}`, await bench.allPages(large, 1));
    await bench.remove(large);
    await bench.remove(all);
  }
}

function say(line: string): void {
  console.error(line);
}

function print(title: string, rows: readonly Row[]): void {
  const notes = [
    'floor: docker logs of the whole, to /dev/null, or the bare request tail=1000; agent: the command logs, from its parameters to the',
    `bytes of its report, ${PAGE_LINES} lines a page; both in turn, median [min–max]; CPU of the client, and of the engine, apart`,
  ];
  console.log(tableOf({ title, notes, peer: false }, rows));
}

class LogsBench {
  readonly #engine: PrivateEngine;
  readonly #folder: string;

  constructor(engine: PrivateEngine, folder: string) {
    this.#engine = engine;
    this.#folder = folder;
  }

  /** A container that has written so many lines of some 120 bytes, one in fifty with a secret. */
  async write(driver: Driver, what: string, lines: number): Promise<Container> {
    const name = `bench-${what}-${driver}`;
    say(`writing ${lines} lines with ${driver}`);
    const id = await runContainer(this.#engine, {
      image: IMAGE,
      name,
      command: ['awk', PROGRAM.replace('COUNT', String(lines))],
      logConfig: { type: driver, options: { 'max-size': '4g' } },
    });
    // dockerode's own deadline is shorter than this takes.
    while ((await dockerClient(this.#engine).getContainer(id).inspect()).State.Running) await pause(500);
    await pause(2_000);
    return { name, id, driver, lines };
  }

  async remove(container: Container): Promise<void> {
    await dockerClient(this.#engine).getContainer(container.id).remove({ force: true, v: true });
  }

  async allPages(container: Container, rounds: number): Promise<readonly Row[]> {
    const docker: Cost[] = [];
    const agent: (Cost & Memory & { readonly answer: PagesAnswer })[] = [];
    for (let round = 0; round < rounds; round += 1) {
      docker.push(await costOfDockerLogs(this.#engine, container.id));
      agent.push(await this.#agentPages(container));
      const last = agent.at(-1);
      if (last?.answer.lines !== container.lines) throw new Error(`the pages have ${last?.answer.lines} lines`);
    }
    const times = (what: string, key: keyof Cost, limit: number): Row => {
      const ratio = figureOf(agent.map((one, at) => one[key] / (docker[at]?.[key] ?? Number.NaN)));
      return {
        what,
        floor: figureOf(docker.map((one) => one[key])),
        own: figureOf(agent.map((one) => one[key])),
        ratio,
        judged: { value: ratio.median, limit, sense: 'at-most' },
        unit: 'times',
        digits: 0,
      };
    };
    const idle = figureOf(agent.map((one) => one.idleMib));
    const peak = figureOf(agent.map((one) => one.peakMib));
    const delay = figureOf(agent.map((one) => one.answer.loopDelayP99Ms));
    return [
      times('wall, ms', 'wallMs', 1),
      times('CPU, ms', 'cpuMs', 1),
      times("the engine's CPU, ms", 'engineCpuMs', 2),
      {
        what: 'peak RSS, MiB; floor: the same process idle',
        floor: idle,
        own: peak,
        unit: 'difference',
        judged: { value: peak.median - idle.median, limit: 16, sense: 'at-most' },
        digits: 0,
      },
      {
        what: 'event-loop delay p99, ms; floor: idle',
        floor: figureOf(agent.map((one) => one.idleDelayMs)),
        own: delay,
        unit: 'absolute',
        judged: { value: delay.median, limit: 20, sense: 'at-most' },
        digits: 1,
      },
    ];
  }

  async onePage(container: Container): Promise<readonly Row[]> {
    await using reader = this.#reader();
    await reader.ask({ ask: 'ready' }, 60_000);
    // What is compiled once in an agent's life is not the cost of a page.
    await this.#pages(reader, container, { from: 'newest', maxPages: 20 });
    const rows: Row[] = [];
    for (const back of ['newest', ...PLACES_BACK] as const) {
      const raw: number[] = [];
      const own: number[] = [];
      const answered =
        back === 'newest'
          ? 'newest'
          : await reader.ask({ ask: 'cursor', containerId: container.id, app: container.name, back }, 60_000);
      const from = z.string().parse(answered);
      for (let at = 0; at < REPEATS; at += 1) {
        raw.push(await msOfBareTail(this.#engine, container.id, PAGE_LINES));
        own.push((await this.#pages(reader, container, { from, maxPages: 1 })).wallMs);
        // The engine goes on with what it has in hand for a moment after a request has ended.
        await pause(100);
      }
      const ratio = figureOf(own.map((ms, at) => ms / (raw[at] ?? Number.NaN)));
      rows.push({
        what: back === 'newest' ? 'newest lines, ms' : `from a cursor ${back} lines before the end, ms`,
        floor: figureOf(raw),
        own: figureOf(own),
        ratio,
        judged: { value: ratio.median, limit: 2, sense: 'at-most' },
        unit: 'times',
        digits: 1,
      });
    }
    return rows;
  }

  #reader(): Program {
    return new Program(
      join(import.meta.dirname, 'logs-reader.ts'),
      { socketPath: this.#engine.socketPath },
      join(this.#folder, 'reader.log'),
      { flags: RUN_FLAGS, environment: RUN_ENVIRONMENT },
    );
  }

  async #pages(
    reader: Program,
    { id, name }: Container,
    which: { readonly from: string; readonly maxPages: number },
  ): Promise<PagesAnswer> {
    const asked = { ask: 'pages', containerId: id, app: name, limit: PAGE_LINES, ...which };
    return pagesAnswer.parse(await reader.ask(asked, PAGES_DEADLINE_MS));
  }

  async #agentPages(container: Container): Promise<Cost & Memory & { readonly answer: PagesAnswer }> {
    await using reader = this.#reader();
    await reader.ask({ ask: 'ready' }, 60_000);
    const idleDelayMs = z.number().parse(await reader.ask({ ask: 'idle' }, 60_000));
    const idleMib = memoryOf(reader.pid).rssMib;
    // The peak so far is that of loading the program.
    writeFileSync(`/proc/${reader.pid}/clear_refs`, '5');
    const before = activityOf(this.#engine.pid).cpuMs;
    const answer = await this.#pages(reader, container, { from: 'oldest', maxPages: Number.MAX_SAFE_INTEGER });
    const engineCpuMs = activityOf(this.#engine.pid).cpuMs - before;
    const { wallMs, cpuMs } = answer;
    return { wallMs, cpuMs, engineCpuMs, idleMib, idleDelayMs, peakMib: memoryOf(reader.pid).peakRssMib, answer };
  }
}

interface Memory {
  readonly idleMib: number;
  readonly peakMib: number;
  readonly idleDelayMs: number;
}

const PROGRAM = `BEGIN { for (i = 0; i < COUNT; i++)
  if (i % 50 == 7) printf "%09d POST /api/v1/login status=200 user=u%d password=pw%dX%dq path=/srv/app/handlers/session.go:42 done\\n", i, i % 1000, i * 7919 % 1000003, i
  else printf "%09d GET /api/v1/orders/%d status=200 bytes=%d duration=%dms user=u%d path=/srv/app/handlers/orders.go:42 request done\\n", i, i * 7 % 100000, i % 50000, i % 900, i % 1000
}`;
