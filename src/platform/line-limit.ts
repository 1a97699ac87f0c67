// A log that nobody can flood: each sentence has its allowance, and what goes beyond it is counted and told, the newest of it in full.
import type { Clock } from './clock.ts';
import type { Log, LogFields, LogLevel } from './log.ts';

export interface LineLimits {
  /** Sentences of this kind, one after another, before the limit begins to hold. */
  readonly burstCount: number;
  /** Afterwards one for each of these. */
  readonly everyMs: number;
  /** Sentences that are always written: somebody counts on each of them. */
  readonly unlimited: ReadonlySet<string>;
}

interface Allowance {
  left: number;
  refilledMs: number;
  suppressed: { count: number; level: Limited; fields: LogFields } | undefined;
}

type Limited = Exclude<LogLevel, 'debug'>;

/** `log` with a limit for each sentence. Debug lines have none: who switches them on wants them. Dispose of it to have the last counts told. */
export class LineLimit implements Log, Disposable {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #limits: LineLimits;
  readonly #allowances = new Map<string, Allowance>();
  readonly #closed = new AbortController();

  constructor(log: Log, clock: Clock, limits: LineLimits) {
    this.#log = log;
    this.#clock = clock;
    this.#limits = limits;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log.debug(message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  [Symbol.dispose](): void {
    this.#closed.abort(null);
    for (const [message, allowance] of this.#allowances) this.#flush(message, allowance);
  }

  #write(level: Limited, message: string, fields: LogFields = {}): void {
    if (this.#limits.unlimited.has(message)) {
      this.#log[level](message, fields);
      return;
    }
    const allowance = this.#allowanceOf(message);
    if (allowance.left > 0 && allowance.suppressed === undefined) {
      allowance.left -= 1;
      this.#log[level](message, fields);
      return;
    }
    const isFirst = allowance.suppressed === undefined;
    allowance.suppressed = { count: (allowance.suppressed?.count ?? 0) + 1, level, fields };
    if (isFirst) void this.#flushLater(message, allowance);
  }

  #allowanceOf(message: string): Allowance {
    const { burstCount, everyMs } = this.#limits;
    const nowMs = this.#clock.monotonicMs();
    const allowance = this.#allowances.get(message) ?? { left: burstCount, refilledMs: nowMs, suppressed: undefined };
    this.#allowances.set(message, allowance);
    const gained = Math.floor((nowMs - allowance.refilledMs) / everyMs);
    allowance.left = Math.min(burstCount, allowance.left + gained);
    allowance.refilledMs += gained * everyMs;
    return allowance;
  }

  // What came last is told when its time has come, whether anything comes after it or not.
  async #flushLater(message: string, allowance: Allowance): Promise<void> {
    const { everyMs } = this.#limits;
    await this.#clock.sleep(allowance.refilledMs + everyMs - this.#clock.monotonicMs(), this.#closed.signal);
    if (this.#closed.signal.aborted) return;
    this.#allowanceOf(message).left -= 1;
    this.#flush(message, allowance);
  }

  #flush(message: string, allowance: Allowance): void {
    if (allowance.suppressed === undefined) return;
    const { count, level, fields } = allowance.suppressed;
    allowance.suppressed = undefined;
    this.#log[level](message, count === 1 ? fields : { ...fields, suppressed: count - 1 });
  }
}
