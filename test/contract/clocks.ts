// Clocks that tests move.
import { type Clock, systemClock } from '../../src/platform/clock.ts';

/** The system's clock, moved by a test. */
export class ShiftedClock implements Clock {
  shiftMs = 0;
  #moved = new AbortController();

  /** Lets time pass: sleeps that would have ended by then end. */
  advance(ms: number): void {
    this.shiftMs += ms;
    const moved = this.#moved;
    this.#moved = new AbortController();
    moved.abort();
  }

  now(): number {
    return systemClock.now() + this.shiftMs;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.shiftMs;
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const endsAtMs = this.monotonicMs() + ms;
    for (let leftMs = ms; leftMs > 0; leftMs = endsAtMs - this.monotonicMs()) {
      const { signal: moved } = this.#moved;
      if (signal?.aborted === true) return;
      await systemClock.sleep(leftMs, signal === undefined ? moved : AbortSignal.any([moved, signal]));
    }
  }

  deadline(ms: number, ...signals: readonly AbortSignal[]): ReturnType<Clock['deadline']> {
    return systemClock.deadline(ms, ...signals);
  }
}
