// Time, passed in: the only place that reads a clock or sets a timer (ARCHITECTURE.md, principle 6).

/** A signal that fires when its time is up, and must be given back with `using` so that the timer does not outlive its use. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. It may step; never measure durations with it. */
  now(): number;
  /** Milliseconds on a clock that never steps, for durations and deadlines. */
  monotonicMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects: look at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * A signal that aborts after `ms`, or as soon as one of `signals` does, with that signal's reason.
   * A deadline's own reason is a DOMException named `TimeoutError`.
   */
  deadline(ms: number, ...signals: readonly AbortSignal[]): Deadline;
}

// setTimeout takes a signed 32-bit number of milliseconds and fires at once beyond it.
const TIMER_MAX_MS = 2_147_483_647;

function timer(ms: number, fire: () => void): NodeJS.Timeout {
  return setTimeout(fire, Math.min(Math.max(ms, 0), TIMER_MAX_MS));
}

// Listeners are released with a reason of null: making up an error with its stack for each costs more than all the rest.
async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const handle = timer(ms, resolve);
  // On a long-lived signal a listener stays for ever unless it is taken away again: `once` alone is not enough.
  const release = new AbortController();
  signal?.addEventListener('abort', () => resolve(), { once: true, signal: release.signal });
  try {
    await promise;
  } finally {
    clearTimeout(handle);
    release.abort(null);
  }
}

function deadline(ms: number, ...signals: readonly AbortSignal[]): Deadline {
  // AbortSignal.any with AbortSignal.timeout can be collected before it fires on older runtimes and holds memory
  // until it does on all of them; a timer and a controller of our own do neither.
  const controller = new AbortController();
  const release = new AbortController();
  const handle = timer(ms, () => controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError')));
  for (const signal of signals) {
    if (signal.aborted) controller.abort(signal.reason);
    signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true, signal: release.signal });
  }
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(handle);
      release.abort(null);
    },
  };
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep,
  deadline,
};
