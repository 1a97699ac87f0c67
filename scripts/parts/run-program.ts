// Runs one program of the system to its end, within a deadline, and keeps what it printed.
import { spawn } from 'node:child_process';
import process from 'node:process';
import { systemClock } from '../../src/platform/clock.ts';

// apt prints a few kilobytes; whatever is longer is cut at its head, because a failure is explained at the end.
const OUTPUT_MAX_LENGTH = 256 * 1024;
const TAIL_LINES = 12;

export interface ProgramOptions {
  readonly deadlineMs: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly cwd?: string;
  readonly signal?: AbortSignal | undefined;
}

/** What the program printed, or an error whose message ends with the last lines it printed. */
export async function runProgram(
  command: string,
  arguments_: readonly string[],
  options: ProgramOptions,
): Promise<string> {
  using deadline = systemClock.deadline(options.deadlineMs, ...(options.signal === undefined ? [] : [options.signal]));
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(command, arguments_, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C', ...options.env },
    signal: deadline.signal,
    killSignal: 'SIGKILL',
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-OUTPUT_MAX_LENGTH);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.on('error', (error) => {
    const reason = deadline.signal.aborted ? 'was stopped: it took too long or was interrupted' : 'could not be run';
    reject(new Error(`${command} ${reason} (${error.message})${indented(output)}`, { cause: error }));
  });
  child.on('close', (code, signal) => {
    if (code === 0) resolve(output);
    else reject(new Error(`${command} ended with ${signal ?? `status ${code}`}${indented(output)}`));
  });
  return await promise;
}

/** The last lines of a program's output, set off from the sentence before them; empty if there are none. */
export function indented(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return '';
  return [':', ...lines.slice(-TAIL_LINES).map((line) => `  ${line}`)].join('\n');
}
