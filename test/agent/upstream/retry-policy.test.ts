// Patience grows and has an end, chance keeps a fleet apart, and the server's wish comes first.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfterMs, POLL_RETRY, REPORT_RETRY, retryDelayMs } from '../../../src/agent/upstream/retry-policy.ts';

describe('retryDelayMs', () => {
  it('doubles its ceiling up to a minute', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 50, 5_000].map((failures) =>
      Math.round(retryDelayMs(POLL_RETRY, failures, 0.999_999_9, undefined) / 1000),
    );
    expect(ceilings).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(retryDelayMs(REPORT_RETRY, 1, 0.5, undefined)).toBe(250);
  });

  it('lies anywhere between nothing and its ceiling, by chance', () => {
    expect(retryDelayMs(POLL_RETRY, 10, 0, undefined)).toBe(0);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (failures, fraction) => {
          const delayMs = retryDelayMs(POLL_RETRY, failures, fraction, undefined);
          expect(delayMs).toBeGreaterThanOrEqual(0);
          expect(delayMs).toBeLessThanOrEqual(60_000);
        },
      ),
    );
  });

  it('is never less than the server asked for, and never for days', () => {
    expect(retryDelayMs(POLL_RETRY, 1, 0, 7_000)).toBe(7_000);
    expect(retryDelayMs(POLL_RETRY, 1, 0.5, 7_000)).toBe(7_500);
    expect(retryDelayMs(POLL_RETRY, 1, 0, 86_400_000)).toBe(900_000);
  });
});

describe('Retry-After', () => {
  const now = Date.parse('Fri, 09 Jan 2026 00:00:00 GMT');
  it.each([
    [undefined, undefined],
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['Fri, 09 Jan 2026 00:00:30 GMT', 30_000],
    ['Thu, 08 Jan 2026 00:00:00 GMT', 0],
    ['soon', undefined],
    ['', undefined],
    ['99999999999', undefined],
  ])('%j is %j ms', (value, ms) => {
    expect(parseRetryAfterMs(value, now)).toBe(ms);
  });
});
