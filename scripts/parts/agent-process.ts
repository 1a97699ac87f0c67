// The command line as a real process: one that runs to its end, and the agent, whose lines are watched. For demo, tests and benchmarks.
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'bin', 'status-panel.ts');

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

// Nothing of the caller's own settings may reach the program under observation.
function environmentOf(settings: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:STATUS_PANEL_|JOURNAL_STREAM|STATE_DIRECTORY|CREDENTIALS_DIRECTORY)/u.test(name),
  );
  return { ...Object.fromEntries(own), ...settings };
}

/** A file of JavaScript or TypeScript runs on this Node; anything else is a launcher that brings its own. */
function commandOf(
  program: string,
  words: readonly string[],
  nodeFlags: readonly string[] = [],
): readonly [command: string, words: readonly string[]] {
  return /\.[mc]?[jt]s$/u.test(program) ? [process.execPath, [...nodeFlags, program, ...words]] : [program, words];
}

/** Runs a subcommand to its end. */
export async function runCli(
  words: readonly string[],
  settings: Readonly<Record<string, string>>,
  stdin = '',
  program = PROGRAM,
): Promise<Ended> {
  const [command, argv] = commandOf(program, words);
  const child = spawn(command, argv, { env: environmentOf(settings) });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

/** A running agent. Disposing of it ends it with `endWith`, SIGTERM unless told, and after a while with SIGKILL. */
export class AgentProcess implements AsyncDisposable {
  /** Every line of standard output and standard error so far. */
  readonly lines: string[] = [];
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly #child: ChildProcess;
  readonly #watchers = new Set<() => void>();
  readonly #endWith: NodeJS.Signals;

  private constructor(child: ChildProcess, endWith: NodeJS.Signals) {
    this.#child = child;
    this.#endWith = endWith;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    this.ended = new Promise((resolve) => {
      child.on('close', (code, signal) => {
        resolve(code ?? signal ?? 'SIGKILL');
        for (const watcher of this.#watchers) watcher();
      });
    });
  }

  static start(
    words: readonly string[],
    settings: Readonly<Record<string, string>>,
    options: {
      readonly program?: string;
      readonly nodeFlags?: readonly string[];
      readonly endWith?: NodeJS.Signals;
    } = {},
  ): AgentProcess {
    const [command, argv] = commandOf(options.program ?? PROGRAM, words, options.nodeFlags);
    return new AgentProcess(
      spawn(command, argv, { env: environmentOf(settings), stdio: ['ignore', 'pipe', 'pipe'] }),
      options.endWith ?? 'SIGTERM',
    );
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the agent could not be started');
    return pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first line, past or coming, that `matches`. Throws when the agent ends before, or after `deadlineMs`. */
  async line(matches: (line: string) => boolean, deadlineMs = 30_000): Promise<string> {
    const found = (): string | undefined => this.lines.find(matches);
    const end = performance.now() + deadlineMs;
    for (;;) {
      const line = found();
      if (line !== undefined) return line;
      if (!this.running) throw new Error(`the agent has ended:\n${this.lines.slice(-20).join('\n')}`);
      if (performance.now() > end)
        throw new Error(`no such line within ${deadlineMs} ms:\n${this.lines.slice(-20).join('\n')}`);
      await this.#news(250);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.running) return;
    this.kill(this.#endWith);
    const killing = setTimeout(() => this.kill('SIGKILL'), 30_000);
    await this.ended;
    clearTimeout(killing);
  }

  #take(line: string): void {
    this.lines.push(line);
    for (const watcher of this.#watchers) watcher();
  }

  async #news(atMostMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, atMostMs);
      const watchers = this.#watchers;
      watchers.add(done);
      function done(): void {
        clearTimeout(timer);
        watchers.delete(done);
        resolve();
      }
    });
  }
}
