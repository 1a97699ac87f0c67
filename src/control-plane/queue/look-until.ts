// Looks for something now and again whenever the doorbell rings, until it is there or the time is up: the core of every long poll.
import type { Clock } from '../../platform/clock.ts';
import type { Doorbell, Topic } from './doorbell.ts';
import { sleepMs } from './lease.ts';

export interface Look<Found> {
  readonly doorbell: Doorbell;
  readonly clock: Clock;
  readonly topic: Topic;
  readonly deploymentHash: string;
  readonly timeoutMs: number;
  readonly look: () => Promise<Found | undefined>;
  /** Milliseconds since the epoch at which something may appear without a ring. Asked after every look that found nothing. */
  readonly nextAtMs?: () => number | undefined;
}

/** Undefined when the time was up or `signal` aborted; never rejects because of the signal. */
export async function lookUntil<Found>(wanted: Look<Found>, signal: AbortSignal): Promise<Found | undefined> {
  const { clock } = wanted;
  const endsAtMs = clock.monotonicMs() + wanted.timeoutMs;
  let ringer = new AbortController();
  const wake = (): void => ringer.abort();
  const release = new AbortController();
  signal.addEventListener('abort', wake, { signal: release.signal });
  using _subscription = wanted.doorbell.subscribe(wanted.topic, wanted.deploymentHash, wake);
  try {
    while (!signal.aborted) {
      // Fresh before the look: a ring during the look ends the sleep that follows at once.
      ringer = new AbortController();
      const found = await wanted.look();
      if (found !== undefined) return found;
      const nextAtMs = wanted.nextAtMs?.();
      const remainingMs = endsAtMs - clock.monotonicMs();
      if (remainingMs <= 0 || signal.aborted) return undefined;
      await clock.sleep(sleepMs(remainingMs, nextAtMs, clock.now()), ringer.signal);
    }
    return undefined;
  } finally {
    release.abort();
  }
}
