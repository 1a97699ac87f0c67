// Who runs on this machine, read from /proc: tells our own processes from all others without going by their names.
import { readdirSync, readFileSync } from 'node:fs';

/** A process that can be recognised later: a number alone is given to another process once the first has ended. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly startTicks: string;
}

const STATE_FIELD = 0;
const START_TICKS_FIELD = 19;

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // It ended, or it is not ours to look at.
  }
}

/** The process that has this number now; undefined if none has, or only the remains of one nobody has waited for. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readOrEmpty(`/proc/${pid}/stat`);
  // The second field is the program's name in brackets, and may itself hold blanks and brackets.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[STATE_FIELD];
  const startTicks = fields[START_TICKS_FIELD];
  if (startTicks === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTicks };
}

export function isRunning(identity: ProcessIdentity): boolean {
  return identifyProcess(identity.pid)?.startTicks === identity.startTicks;
}

/** The numbers of all running processes that were started with this `NAME=value` in their environment, or live in this control group. */
export function findProcesses(mark: { readonly environment: string; readonly cgroup: string }): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/u.test(name))
    .filter((pid) => {
      const environment = readOrEmpty(`/proc/${pid}/environ`).split('\0');
      return environment.includes(mark.environment) || isInControlGroup(pid, mark.cgroup);
    })
    .map(Number)
    .filter((pid) => identifyProcess(pid) !== undefined);
}

function isInControlGroup(pid: string, name: string): boolean {
  return readOrEmpty(`/proc/${pid}/cgroup`)
    .split('\n')
    .some((line) => line.endsWith(`/${name}`) || line.includes(`/${name}/`));
}

/** Blocks the whole program for a moment: only for cleaning up where nothing asynchronous can run any more. */
export function sleepBlocking(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
