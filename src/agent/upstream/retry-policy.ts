// When to try again: full jitter under an exponential ceiling, never sooner than the server asks. Pure.

export interface RetryPolicy {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** 1 s, 2 s, 4 s … 60 s: with full jitter a fleet that lost its server together does not come back together. */
export const POLL_RETRY: RetryPolicy = { baseMs: 1_000, maxMs: 60_000 };
export const REPORT_RETRY: RetryPolicy = { baseMs: 500, maxMs: 60_000 };

/** A server may ask for more patience than we would have, but not for a day. */
const RETRY_AFTER_MAX_MS = 15 * 60_000;

/**
 * Milliseconds to wait before attempt number `failures` + 1. `fraction` in [0, 1) is the chance. With `retryAfterMs` the wait is at least
 * that, and the jitter comes on top, for a Retry-After is given to all clients alike.
 */
export function retryDelayMs(
  policy: RetryPolicy,
  failures: number,
  fraction: number,
  retryAfterMs: number | undefined,
): number {
  const ceiling = Math.min(policy.maxMs, policy.baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS) + Math.floor(fraction * ceiling);
}

/** `Retry-After` in milliseconds: seconds, or an HTTP date measured against the answer's own `Date`. */
export function parseRetryAfterMs(value: string | undefined, answeredAtMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,6}$/u.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(at - answeredAtMs, 0);
}
