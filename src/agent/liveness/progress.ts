// Where every loop, running command and delivery says what it does now, and by when it will say something again.
import type { Clock } from '../../platform/clock.ts';
import type { StepState } from './liveness.ts';

/** One thing that has to move on. Disposed of when it has ended. */
export interface Step extends Disposable {
  /** What it does now; if it says nothing again within `withinMs`, it is stuck. */
  now(doing: string, withinMs: number): void;
}

export class Progress {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #steps = new Map<object, StepState>();

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** In the order in which they began. */
  get steps(): readonly StepState[] {
    return [...this.#steps.values()];
  }

  begin(who: string, doing: string, withinMs: number): Step {
    const key = {};
    const now = (what: string, ms: number): void => {
      const sinceMs = this.#clock.monotonicMs();
      this.#steps.set(key, { who, doing: what, sinceMs, dueMs: sinceMs + ms });
    };
    now(doing, withinMs);
    return { now, [Symbol.dispose]: () => this.#steps.delete(key) };
  }
}
