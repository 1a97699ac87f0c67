// Current resource use from two samples of a container's counters. Pure.
import type { ContainerUsage } from '../../commands/context.ts';

/** One reading of the engine's counters. */
export interface UsageSample {
  /** When the engine read them, milliseconds since the epoch by the engine's clock. */
  readonly readAtMs: number;
  /** CPU time since the container's start, nanoseconds. */
  readonly cpuTotalNs: number;
  readonly memUsageBytes: number;
  /** Page cache that the kernel gives back on demand; not what the program uses. */
  readonly memInactiveFileBytes: number;
  readonly memLimitBytes: number;
  readonly rxBytes: number;
  readonly txBytes: number;
}

const NS_PER_MS = 1_000_000;
const MIB = 1024 * 1024;

/**
 * CPU is the counter's growth over the time between the samples. Undefined when that gives no number: the samples are less than a
 * millisecond apart, or the counter went back because the container was restarted between them.
 */
export function usageBetween(first: UsageSample, second: UsageSample): ContainerUsage | undefined {
  const elapsedNs = (second.readAtMs - first.readAtMs) * NS_PER_MS;
  const cpuNs = second.cpuTotalNs - first.cpuTotalNs;
  if (!(elapsedNs >= NS_PER_MS) || !(cpuNs >= 0)) return undefined;
  const memBytes = Math.max(second.memUsageBytes - second.memInactiveFileBytes, 0);
  return {
    cpuPct: round(100 * (cpuNs / elapsedNs)),
    memMb: round(memBytes / MIB),
    memPct: second.memLimitBytes > 0 ? round(100 * (memBytes / second.memLimitBytes)) : 0,
    memLimitBytes: second.memLimitBytes,
    rxBytes: second.rxBytes,
    txBytes: second.txBytes,
  };
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
