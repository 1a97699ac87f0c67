// A fleet that lost its control plane together does not come back together: a simulation of 10,000 agents over the agent's own retry policy.
import { afterAll, expect, test } from 'vitest';
import { POLL_RETRY, retryDelayMs } from '../../../src/agent/upstream/retry-policy.ts';
import { textTable } from '../text-table.ts';

const AGENTS_COUNT = 10_000;
const HOLD_MS = 30_000;
const STEADY_PER_SECOND = AGENTS_COUNT / (HOLD_MS / 1000);
const PEAK_MAX_FACTOR = 2;
const LONG_OUTAGE_MS = 600_000;
/** How long after the end of the outage is looked at: until everybody is back, and once around. */
const AFTERWARDS_MS = 150_000;

interface Outage {
  readonly name: string;
  /** How long an attempt takes until it has failed. */
  readonly failsAfterMs: number;
  readonly retryAfterMs: number | undefined;
  readonly lastsMs: number;
}

const OUTAGES: readonly Outage[] = [
  { name: 'connection refused', failsAfterMs: 0, retryAfterMs: undefined, lastsMs: LONG_OUTAGE_MS },
  { name: 'answers 502', failsAfterMs: 200, retryAfterMs: undefined, lastsMs: LONG_OUTAGE_MS },
  { name: 'answers 503, Retry-After 60', failsAfterMs: 200, retryAfterMs: 60_000, lastsMs: LONG_OUTAGE_MS },
  { name: 'packets dropped', failsAfterMs: HOLD_MS + 8_000, retryAfterMs: undefined, lastsMs: LONG_OUTAGE_MS },
];

/** Chance that is the same each time (mulberry32). */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Starts of all polls by second; the outage begins at second 0, when every open poll breaks off. */
function pollsBySecond(outage: Outage, fraction: () => number): readonly number[] {
  const seconds = Array.from({ length: Math.ceil((outage.lastsMs + AFTERWARDS_MS) / 1000) }, () => 0);
  for (let agent = 0; agent < AGENTS_COUNT; agent += 1) {
    // Where packets are dropped nobody is told: an open poll ends at its own deadline.
    let failedMs = outage.failsAfterMs > HOLD_MS ? fraction() * outage.failsAfterMs : 0;
    let tookMs = 0;
    let startMs = 0;
    for (let failures = 1; startMs < outage.lastsMs; failures += 1) {
      // As the poll loop has it: a poll that hung has waited already.
      const delayMs = retryDelayMs(POLL_RETRY, failures, fraction(), outage.retryAfterMs);
      startMs = failedMs + Math.max(delayMs - tookMs, outage.retryAfterMs ?? 0);
      count(seconds, startMs);
      failedMs = startMs + outage.failsAfterMs;
      tookMs = outage.failsAfterMs;
    }
    for (let at = startMs + HOLD_MS; at < outage.lastsMs + AFTERWARDS_MS; at += HOLD_MS) count(seconds, at);
  }
  return seconds;
}

function count(seconds: number[], atMs: number): void {
  const second = Math.floor(atMs / 1000);
  if (seconds[second] !== undefined) seconds[second] += 1;
}

const rows: (string | number)[][] = [];
afterAll(() =>
  console.log(textTable(['herd of 10,000 agents', 'steady/s', 'peak/s after', 'factor', 'all back after'], rows)),
);

function measure(outage: Outage): number {
  const seconds = pollsBySecond(outage, chance(20_240_229));
  const after = seconds.slice(outage.lastsMs / 1000);
  const peak = Math.max(...after);
  let back = 0;
  const backAfter = after.findIndex((polls) => {
    back += polls;
    return back >= AGENTS_COUNT;
  });
  const factor = peak / STEADY_PER_SECOND;
  const label = `${outage.name}, ${outage.lastsMs / 1000} s`;
  rows.push([label, Math.round(STEADY_PER_SECOND), peak, factor.toFixed(2), `${backAfter} s`]);
  return factor;
}

test.each(OUTAGES)('ten minutes, $name: the peak afterwards is at most twice the steady rate', (outage) => {
  expect(measure(outage)).toBeLessThanOrEqual(PEAK_MAX_FACTOR);
});

test('a simulation that can fail: without chance all come at once', () => {
  const outage = { name: 'no chance', failsAfterMs: 0, retryAfterMs: undefined, lastsMs: LONG_OUTAGE_MS };
  const peak = Math.max(...pollsBySecond(outage, () => 0.999).slice(LONG_OUTAGE_MS / 1000));
  expect(peak / STEADY_PER_SECOND).toBeGreaterThan(PEAK_MAX_FACTOR);
});
