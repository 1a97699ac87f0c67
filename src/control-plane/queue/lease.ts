// What the queue's words and numbers mean: states, priorities, and how long to wait for what. Pure.
import { z } from 'zod';
import { LIMITS } from '../../protocol/limits.ts';

/**
 * queued → sent (leased) → completed | failed, and queued → cancelled. Every poll that names the command prolongs its lease. A lease that
 * ends without a report leaves the command `sent` and makes it deliverable again. A `sent` command that somebody wants cancelled is not
 * delivered again: its report ends it, as `cancelled` if it says so, or else the end of its lease does. A finished command never changes.
 */
export const commandStatus = z.enum(['queued', 'sent', 'completed', 'failed', 'cancelled']);
export type CommandStatus = z.infer<typeof commandStatus>;

export const priority = z.enum(['low', 'normal', 'high', 'critical']);
export type Priority = z.infer<typeof priority>;
const RANKED: readonly Priority[] = ['low', 'normal', 'high', 'critical'];

/** The number that commands are ordered by, highest first. */
export function priorityRank(name: Priority): number {
  return RANKED.indexOf(name);
}

export function priorityName(rank: number): Priority {
  return RANKED[rank] ?? 'normal';
}

export const DEFAULT_LEASE_SECONDS = 60;

/** Unfinished commands of one deployment: an agent that is away for long must not fill the database. */
export const DEFAULT_QUEUE_MAX_COUNT = 1_000;

const POLL_TIMEOUT_SECONDS = 30;
const POLL_INTERVAL_SECONDS = 3;

export interface PollWindow {
  readonly timeoutSeconds: number;
  /** Only echoed: nothing is polled at an interval here. */
  readonly intervalSeconds: number;
}

/** What a poll asked for, within the bounds production sets (PROTOCOL.md §1.6). */
export function pollWindow(timeoutSeconds: number | undefined, intervalSeconds: number | undefined): PollWindow {
  return {
    timeoutSeconds: clamp(
      timeoutSeconds ?? POLL_TIMEOUT_SECONDS,
      LIMITS.pollTimeoutMinSeconds,
      LIMITS.pollTimeoutMaxSeconds,
    ),
    intervalSeconds: clamp(
      intervalSeconds ?? POLL_INTERVAL_SECONDS,
      LIMITS.pollIntervalMinSeconds,
      LIMITS.pollIntervalMaxSeconds,
    ),
  };
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}

/** Another process may hold a row whose lease has just ended: asking again at once would spin. */
const RETRY_MIN_MS = 50;

/** How long a poll sleeps when nobody rings: until its own end, or until the next lease of its deployment ends. */
export function sleepMs(remainingMs: number, nextLeaseEndMs: number | undefined, nowMs: number): number {
  if (nextLeaseEndMs === undefined) return remainingMs;
  return Math.min(remainingMs, Math.max(nextLeaseEndMs - nowMs, RETRY_MIN_MS));
}
