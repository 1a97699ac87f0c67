// Any program as a process whose lines are watched: for what has to run inside another network or mount namespace.
import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';

export class LineProcess implements AsyncDisposable {
  readonly lines: string[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  #takers: ((line: string) => void)[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.lines.push(line);
        for (const take of this.#takers) take(line);
      });
    }
    this.#ended = new Promise((resolve) => {
      child.on('close', () => resolve());
    });
  }

  static start(words: readonly string[], environment: Readonly<Record<string, string>> = {}): LineProcess {
    const [program = '', ...rest] = words;
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith('STATUS_PANEL_'));
    const env = { ...Object.fromEntries(own), ...environment };
    return new LineProcess(spawn(program, rest, { env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  get pid(): number {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('it could not be started');
    return pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Calls `take` with every line to come. */
  onLine(take: (line: string) => void): void {
    this.#takers.push(take);
  }

  /** The first line, past or coming, that `matches`; `from` leaves out the lines before that number. */
  async line(matches: (line: string) => boolean, deadlineMs = 30_000, from = 0): Promise<string> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const found = this.lines.slice(from).find(matches);
      if (found !== undefined) return found;
      const tail = this.lines.slice(-15).join('\n');
      if (!this.running) throw new Error(`it has ended:\n${tail}`);
      if (performance.now() > end) throw new Error(`no such line within ${deadlineMs} ms:\n${tail}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.running) {
      this.kill('SIGCONT');
      this.kill('SIGKILL');
    }
    await this.#ended;
    this.#takers = [];
  }
}
