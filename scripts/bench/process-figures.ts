// What the kernel says about a running process: memory, CPU time and how often it was woken, over all its threads.
import { readdirSync, readFileSync } from 'node:fs';

const KIB_PER_MIB = 1024;
const NS_PER_MS = 1e6;

export interface MemoryFigures {
  readonly rssMib: number;
  /** Shared pages are divided by the number of processes that share them. */
  readonly pssMib: number;
  readonly anonymousMib: number;
  readonly peakRssMib: number;
}

export interface ActivityFigures {
  readonly cpuMs: number;
  /** Times a thread gave up the processor by itself: each one ends with a wakeup. */
  readonly voluntarySwitches: number;
}

export function memoryOf(pid: number): MemoryFigures {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return {
    rssMib: mib(rollup, 'Rss'),
    pssMib: mib(rollup, 'Pss'),
    anonymousMib: mib(rollup, 'Anonymous'),
    peakRssMib: mib(status, 'VmHWM'),
  };
}

export function activityOf(pid: number): ActivityFigures {
  let cpuMs = 0;
  let voluntarySwitches = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const folder = `/proc/${pid}/task/${thread}`;
    // schedstat counts nanoseconds, stat only ticks of 10 ms.
    cpuMs += Number(readFileSync(`${folder}/schedstat`, 'utf8').split(' ')[0]) / NS_PER_MS;
    const status = readFileSync(`${folder}/status`, 'utf8');
    voluntarySwitches += Number(/^voluntary_ctxt_switches:\s+(\d+)/mu.exec(status)?.[1] ?? Number.NaN);
  }
  return { cpuMs, voluntarySwitches };
}

function mib(text: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'mu').exec(text)?.[1];
  if (found === undefined)
    throw new Error(`the kernel does not tell ${field}: this benchmark needs Linux 4.14 or newer`);
  return Number(found) / KIB_PER_MIB;
}
