// Tells of a lasting trouble once, then seldom, then of its end: an operator reads it, and a day of it is a few lines.
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { Reminders } from '../reminders.ts';

/** Where troubles are posted while they last. */
export interface TroubleBoard {
  trouble(what: string, reason: string): void;
  over(what: string): void;
}

export class Outage {
  readonly #what: string;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #activity: TroubleBoard;
  #sinceMs: number | undefined;
  #reminders = new Reminders();
  #lastReason = '';
  #failures = 0;

  /** `what` is the subject of the sentences, as "control plane". */
  constructor(what: string, clock: Clock, log: Log, activity: TroubleBoard) {
    this.#what = what;
    this.#clock = clock;
    this.#log = log;
    this.#activity = activity;
  }

  get failures(): number {
    return this.#failures;
  }

  failed(reason: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#sinceMs ??= nowMs;
    this.#failures += 1;
    if (this.#failures === 1 || reason !== this.#lastReason) this.#activity.trouble(this.#what, reason);
    this.#lastReason = reason;
    if (!this.#reminders.isDue(reason, nowMs)) return;
    const lastsSeconds = Math.round((nowMs - this.#sinceMs) / 1000);
    this.#log.warn(`${this.#what} cannot be used; trying again`, {
      reason,
      tries: this.#failures,
      lasts_s: lastsSeconds,
    });
  }

  ended(): void {
    if (this.#sinceMs === undefined) return;
    this.#activity.over(this.#what);
    const lastedSeconds = Math.round((this.#clock.monotonicMs() - this.#sinceMs) / 1000);
    this.#log.info(`${this.#what} can be used again`, { tries: this.#failures, lasted_s: lastedSeconds });
    this.#sinceMs = undefined;
    this.#failures = 0;
    this.#reminders = new Reminders();
  }
}
