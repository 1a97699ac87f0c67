// The control plane's time: the host's clock may be years off, and a signature's timestamp must not be (REQUIREMENTS A11).
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';

/** `Date` has a resolution of one second, and an answer travels: smaller differences say nothing. */
const NOTICED_MS = 5_000;
const SKEW_WARNING_MS = 60_000;

export class ServerClock {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #onSkew: (seconds: number | undefined) => void;
  /** Server time minus monotonic time; undefined until an answer carried a `Date`. */
  #baseMs: number | undefined;
  #warnedMs = 0;

  /** `onSkew` is told of a difference worth knowing, in seconds, and with undefined when it is gone. */
  constructor(clock: Clock, log: Log, onSkew: (seconds: number | undefined) => void) {
    this.#clock = clock;
    this.#log = log;
    this.#onSkew = onSkew;
  }

  /** Milliseconds since the epoch by the server's clock; by the host's until the server has told. */
  now(): number {
    return this.#baseMs === undefined ? this.#clock.now() : this.#baseMs + this.#clock.monotonicMs();
  }

  /** Host time minus server time in milliseconds. */
  skewMs(): number {
    return this.#clock.now() - this.now();
  }

  /** Takes the `Date` header of an answer. */
  observe(date: string | undefined): void {
    const serverMs = date === undefined ? Number.NaN : Date.parse(date);
    if (Number.isNaN(serverMs)) return;
    const known = this.#baseMs !== undefined && Math.abs(this.now() - serverMs) < NOTICED_MS;
    if (!known) this.#baseMs = serverMs - this.#clock.monotonicMs();
    this.#warnOnChange();
  }

  #warnOnChange(): void {
    const skewMs = this.skewMs();
    if (Math.abs(skewMs - this.#warnedMs) < SKEW_WARNING_MS) return;
    this.#warnedMs = skewMs;
    const fields = { code: 'clock_skew', skew_seconds: Math.round(skewMs / 1000) };
    this.#onSkew(Math.abs(skewMs) < SKEW_WARNING_MS ? undefined : fields.skew_seconds);
    if (Math.abs(skewMs) < SKEW_WARNING_MS) this.#log.info('host clock agrees with the control plane again', fields);
    else this.#log.warn('host clock is off; signing with the control plane’s time. Check "timedatectl"', fields);
  }
}
