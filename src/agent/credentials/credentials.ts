// The token that requests are signed with: which one is in use, when it is read again, and what happens when it is refused.
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { Reminders } from '../reminders.ts';

/** Where a token comes from: Vault, or the control plane's own answer to a registration. */
export interface TokenSource {
  readonly name: string;
  /** `on-refusal`: asking costs the server a registration, so it is asked only when the token was refused. */
  readonly asked: 'on-schedule' | 'on-refusal';
  read(signal: AbortSignal): Promise<string>;
}

export interface CredentialsOptions {
  /** The token from registration: used until a source has given another, and for ever without one. */
  readonly initial: string;
  readonly source: TokenSource | undefined;
  /** Called with every token that replaces another, before it is used. */
  readonly onChange: (token: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** However many requests are refused, the source is asked for that reason this seldom. */
const READ_GAP_MS = 10_000;
const READ_GAP_JITTER_MS = 1_000;
/** How long a refused request may at most wait for the token to be read again: the gap, the slower of the sources (30 s), and some air. */
export const TOKEN_READ_MAX_MS = READ_GAP_MS + READ_GAP_JITTER_MS + 34_000;

export class Credentials {
  readonly #options: CredentialsOptions;
  #token: string;
  #lastRefusalReadMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #asking: Promise<void> | undefined;
  /** While the source cannot be read. */
  #reminders: Reminders | undefined;

  constructor(options: CredentialsOptions) {
    this.#options = options;
    this.#token = options.initial;
  }

  get token(): string {
    return this.#token;
  }

  /** Reads the source on schedule. Never rejects: an agent that holds a token goes on with it. */
  async refresh(signal: AbortSignal): Promise<void> {
    if (this.#options.source?.asked === 'on-schedule') await this.#readOnce(this.#options.source, signal);
  }

  // Whoever asks while the source is being read waits for that read.
  async #readOnce(source: TokenSource, signal: AbortSignal): Promise<void> {
    this.#reading ??= this.#read(source, signal).finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  /**
   * The control plane refused `token`. Resolves when it is worth trying again: at once when the token has changed meanwhile, else when the
   * source has been read. At most one read in {@link READ_GAP_MS}, whoever asks.
   */
  async refused(token: string, signal: AbortSignal): Promise<void> {
    const { source } = this.#options;
    if (token !== this.#token || source === undefined) return;
    this.#asking ??= this.#readAgain(source, token, signal).finally(() => {
      this.#asking = undefined;
    });
    await this.#asking;
  }

  async #readAgain(source: TokenSource, token: string, signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#options;
    const sinceMs = clock.monotonicMs() - this.#lastRefusalReadMs;
    if (sinceMs < READ_GAP_MS)
      await clock.sleep(READ_GAP_MS - sinceMs + random.fraction() * READ_GAP_JITTER_MS, signal);
    if (signal.aborted || token !== this.#token) return;
    this.#lastRefusalReadMs = clock.monotonicMs();
    await this.#readOnce(source, signal);
  }

  async #read(source: TokenSource, signal: AbortSignal): Promise<void> {
    const { clock, log, onChange } = this.#options;
    try {
      const token = await source.read(signal);
      if (this.#reminders !== undefined) log.info(`${source.name} answers again`);
      this.#reminders = undefined;
      if (token === this.#token) return;
      onChange(token);
      this.#token = token;
      log.info('agent token replaced', { source: source.name });
    } catch (error) {
      const reason = describeError(error);
      if (signal.aborted) return;
      this.#reminders ??= new Reminders();
      if (!this.#reminders.isDue(reason, clock.monotonicMs())) return;
      log.warn('agent token could not be read again; going on with the one in use', { source: source.name, reason });
    }
  }
}
