// Time that moves when a test says so, and chance that is what a test says.
import type { Clock, Deadline } from '../../src/platform/clock.ts';
import type { Random } from '../../src/platform/random.ts';

interface Timer {
  readonly atMs: number;
  readonly fire: () => void;
}

export const START_MS = Date.parse('2026-01-09T00:00:00Z');

export class FakeClock implements Clock {
  #wallMs: number;
  #monotonicMs = 1_000;
  readonly #timers = new Set<Timer>();

  constructor(nowMs = START_MS) {
    this.#wallMs = nowMs;
  }

  now(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Timers that have not fired and were not given back. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Sets the host's clock, as somebody with "date" would: durations are not affected. */
  step(ms: number): void {
    this.#wallMs += ms;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const release = this.#timer(ms, resolve);
    signal?.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    release();
  }

  deadline(ms: number, ...signals: readonly AbortSignal[]): Deadline {
    const controller = new AbortController();
    const timeout = (): void => controller.abort(new DOMException(`no answer within ${ms} ms`, 'TimeoutError'));
    const release = this.#timer(ms, timeout);
    for (const signal of signals) {
      if (signal.aborted) controller.abort(signal.reason);
      signal.addEventListener('abort', () => controller.abort(signal.reason), { once: true });
    }
    return { signal: controller.signal, [Symbol.dispose]: release };
  }

  /** Lets time pass: timers fire in their order, and what they wake runs before the next one does. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    await settle();
    for (let next = this.#nextBefore(untilMs); next !== undefined; next = this.#nextBefore(untilMs)) {
      this.#timers.delete(next);
      this.#moveTo(Math.max(next.atMs, this.#monotonicMs));
      next.fire();
      await settle();
    }
    this.#moveTo(untilMs);
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }

  #nextBefore(untilMs: number): Timer | undefined {
    const due = [...this.#timers].filter((timer) => timer.atMs <= untilMs);
    return due.toSorted((a, b) => a.atMs - b.atMs)[0];
  }

  #timer(ms: number, fire: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(ms, 0), fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }
}

/** Lets everything run that waits for nothing but its turn. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) {
    const { promise, resolve } = Promise.withResolvers<void>();
    setImmediate(resolve);
    await promise;
  }
}

export class FixedRandom implements Random {
  readonly #fraction: number;
  #count = 0;

  constructor(fraction = 0.5) {
    this.#fraction = fraction;
  }

  fraction(): number {
    return this.#fraction;
  }

  uuid(): string {
    this.#count += 1;
    return `00000000-0000-4000-8000-${String(this.#count).padStart(12, '0')}`;
  }
}

/** A signal that nobody aborts. */
export const NEVER = new AbortController().signal;
