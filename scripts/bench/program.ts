// A program of a benchmark in a process of its own, and the questions it is asked over its channel. It ends with the benchmark.
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { removeAtExit } from '../parts/remove-at-exit.ts';

export interface Surroundings {
  readonly flags?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export class Program implements AsyncDisposable {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  /** Rejects when the program ends by itself. */
  readonly failed: Promise<never>;
  readonly #keep: () => void;
  #asking: Promise<unknown> = Promise.resolve();

  /** `settings` reach the program as JSON in its first argument; `logFile` takes what it prints; `under` is Node's flags and what is added to the environment. */
  constructor(file: string, settings: unknown, logFile: string, under: Surroundings = {}) {
    const log = openSync(logFile, 'a');
    this.#child = fork(file, [JSON.stringify(settings)], {
      stdio: ['ignore', log, 'inherit', 'ipc'],
      execArgv: [...(under.flags ?? [])],
      env: { ...process.env, ...under.environment },
    });
    closeSync(log);
    const { pid } = this.#child;
    if (pid === undefined) throw new Error(`${file} could not be started`);
    this.pid = pid;
    this.#keep = removeAtExit(() => this.#child.kill('SIGKILL'));
    this.#ended = new Promise((resolve) => this.#child.once('exit', () => resolve()));
    this.failed = this.#ended.then(() => {
      throw new Error(`${file} has ended`);
    });
    this.failed.catch(() => undefined);
  }

  /** Asks one question after another; the answer is the next message. Rejects when the program ends before, or after `deadlineMs`. */
  async ask(question: object, deadlineMs: number): Promise<unknown> {
    const answer = this.#asking.then(() => this.#exchange(question, deadlineMs));
    this.#asking = answer.catch(() => undefined);
    return await answer;
  }

  async #exchange(question: object, deadlineMs: number): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => reject(new Error(`no answer to ${JSON.stringify(question)}`)), deadlineMs);
    this.#child.once('message', resolve);
    try {
      this.#child.send(question);
      return await Promise.race([promise, this.failed]);
    } finally {
      clearTimeout(timer);
      this.#child.off('message', resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    this.#keep();
  }
}

/** In the program: its settings. It ends when the benchmark is gone, however that ended. */
export function settingsOfProgram(): unknown {
  process.once('disconnect', () => process.exit(0));
  return JSON.parse(process.argv[2] ?? 'null');
}

/** In the program: answers each question with what `answer` returns. */
export function answerQuestions(answer: (question: unknown) => Promise<unknown>): void {
  process.on('message', (question) => {
    void answer(question).then((result) => process.send?.(result));
  });
}
