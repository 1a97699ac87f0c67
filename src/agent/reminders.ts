// When a trouble that lasts is told again: at once, when its reason is new, then after an hour, two more, four more, and so on. Pure.

const FIRST_MS = 3_600_000;
/** A reason that changes is news, but a peer that alternates between two must not fill the journal. */
const REASONS_MAX_COUNT = 4;

export class Reminders {
  readonly #reasons = new Set<string>();
  #nextMs = Number.NEGATIVE_INFINITY;
  #gapMs = FIRST_MS;

  /** Whether the trouble is to be told now, by the monotonic clock; what is told counts as told. */
  isDue(reason: string, nowMs: number): boolean {
    const isNews = !this.#reasons.has(reason) && this.#reasons.size < REASONS_MAX_COUNT;
    if (isNews) this.#reasons.add(reason);
    if (nowMs < this.#nextMs) return isNews;
    if (this.#nextMs !== Number.NEGATIVE_INFINITY) this.#gapMs *= 2;
    this.#nextMs = nowMs + this.#gapMs;
    return true;
  }
}
