// npm run bench -- NAME [options]: runs one benchmark. Each prints its own figure beside a floor measured in the same run.
import process from 'node:process';

interface Benchmark {
  readonly summary: string;
  readonly load: () => Promise<{ run(args: string[]): Promise<void> | void }>;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  idle: {
    summary: 'memory, CPU, wakeups and cold start of an agent that waits, beside bare Node',
    load: () => import('./bench/idle.ts'),
  },
  queue: {
    summary: 'commands per second through poll, journal, execution and report, beside a bare undici loop',
    load: () => import('./bench/queue.ts'),
  },
  latency: {
    summary: 'milliseconds from enqueue to accepted report, beside a bare undici loop',
    load: () => import('./bench/latency.ts'),
  },
  logs: {
    summary: 'pages of a large log, beside docker logs and a bare request',
    load: () => import('./bench/logs.ts'),
  },
  redaction: {
    summary: 'recall and speed of the log redactor, beside a copy of memory and one regex',
    load: () => import('./bench/redaction.ts'),
  },
};

function usage(): string {
  const lines = Object.entries(BENCHMARKS).map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`);
  return [
    'usage: npm run bench -- NAME [options]',
    '',
    ...lines,
    '',
    'idle, queue and latency take --quick (under 20 s) and --help; logs takes both, too (two minutes).',
    '',
  ].join('\n');
}

const [name = '', ...rest] = process.argv.slice(2);
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (benchmark !== undefined) {
  try {
    await (await benchmark.load()).run(rest);
  } catch (error) {
    process.stderr.write(`bench ${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
} else if (name === '--help' || name === '-h') {
  process.stdout.write(usage());
} else {
  const said = name === '' ? '' : `there is no benchmark ${JSON.stringify(name)}\n\n`;
  process.stderr.write(`${said}${usage()}`);
  process.exitCode = 64;
}
