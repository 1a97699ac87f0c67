// Use is what happened between two samples, never the average since the start.
import { describe, expect, it } from 'vitest';
import { type UsageSample, usageBetween } from '../../../src/agent/docker/usage.ts';

const MIB = 1024 * 1024;
const first: UsageSample = {
  readAtMs: 1_000,
  cpuTotalNs: 3_600e9,
  memUsageBytes: 100 * MIB,
  memInactiveFileBytes: 36 * MIB,
  memLimitBytes: 1024 * MIB,
  rxBytes: 5,
  txBytes: 6,
};
const after = (ms: number, cpuMs: number, more: Partial<UsageSample> = {}): UsageSample => ({
  ...first,
  readAtMs: first.readAtMs + ms,
  cpuTotalNs: first.cpuTotalNs + cpuMs * 1e6,
  ...more,
});

describe('usage', () => {
  it.each([
    ['idle', 1_000, 0, 0],
    ['half a core', 1_000, 500, 50],
    ['one core', 500, 500, 100],
    ['four cores', 1_000, 4_000, 400],
    ['a little', 1_000, 1.234, 0.12],
  ])('%s', (_, ms, cpuMs, pct) => {
    expect(usageBetween(first, after(ms, cpuMs))?.cpuPct).toBe(pct);
  });

  it('counts memory without the page cache, as "docker stats" does', () => {
    expect(usageBetween(first, after(1_000, 0))).toMatchObject({
      memMb: 64,
      memPct: 6.25,
      memLimitBytes: 1024 * MIB,
      rxBytes: 5,
      txBytes: 6,
    });
    expect(usageBetween(first, after(1_000, 0, { memInactiveFileBytes: 200 * MIB }))).toMatchObject({
      memMb: 0,
      memPct: 0,
    });
    expect(usageBetween(first, after(1_000, 0, { memLimitBytes: 0 }))).toMatchObject({ memPct: 0 });
  });

  it('is nothing when the samples are of one moment, in the wrong order, or of two runs', () => {
    expect(usageBetween(first, after(0, 0))).toBeUndefined();
    expect(usageBetween(first, after(-5, 0))).toBeUndefined();
    expect(usageBetween(first, after(1_000, -1))).toBeUndefined();
    expect(usageBetween({ ...first, readAtMs: Number.NaN }, after(1_000, 1))).toBeUndefined();
  });
});
