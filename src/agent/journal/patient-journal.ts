// A journal that outlives its disk: when the file cannot be opened or written it says so, and tries again, instead of ending the agent.
import type { Evidence } from '../../commands/context.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { CommandEnvelope } from '../../protocol/command-envelope.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import type { JournalEntry } from './entry.ts';
import type { Journal, OutboxReport } from './journal.ts';

export interface PatientJournalOptions {
  /** Throws Fault cannot_journal when it cannot. */
  readonly open: () => Journal;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * A file that was opened on a read-only disk stays read-only until it is opened anew. The one that was open before is closed only then, for
 * it can be read meanwhile; SQLite keeps its descriptor (to close it would drop the process's locks) and uses it the next time: at most one.
 */
const REOPEN_AFTER_MS = 2_000;

export class PatientJournal implements Journal {
  readonly #options: PatientJournalOptions;
  #inner: Journal | undefined;
  #troubledSinceMs: number | undefined;
  #reopenAtMs = 0;
  /** Called when a journal that could not be opened at first has been: what it holds can be taken up. */
  onOpened: () => void = () => undefined;

  constructor(options: PatientJournalOptions) {
    this.#options = options;
    this.#tryOpen();
  }

  /** Whether the last attempt to write succeeded. */
  get healthy(): boolean {
    return this.#troubledSinceMs === undefined;
  }

  /** When the journal was begun; undefined while it cannot be read. */
  get bornAtMs(): number | undefined {
    return this.#inner?.bornAtMs;
  }

  receive(envelope: CommandEnvelope, nowMs: number): JournalEntry | undefined {
    return this.#write((journal) => journal.receive(envelope, nowMs));
  }

  find(commandId: string): JournalEntry | undefined {
    return this.#inner?.find(commandId);
  }

  start(commandId: string, nowMs: number): void {
    this.#write((journal) => journal.start(commandId, nowMs));
  }

  note(commandId: string, evidence: Evidence): void {
    this.#write((journal) => journal.note(commandId, evidence));
  }

  finish(commandId: string, report: string, nowMs: number): void {
    this.#write((journal) => journal.finish(commandId, report, nowMs));
  }

  reported(commandId: string, nowMs: number): void {
    this.#write((journal) => journal.reported(commandId, nowMs));
  }

  reopen(commandId: string): void {
    this.#write((journal) => journal.reopen(commandId));
  }

  park(commandId: string, reason: string, nowMs: number): void {
    this.#write((journal) => journal.park(commandId, reason, nowMs));
  }

  outbox(limit: number): readonly OutboxReport[] {
    return this.#inner?.outbox(limit) ?? [];
  }

  parkedIds(limit: number): readonly string[] {
    return this.#inner?.parkedIds(limit) ?? [];
  }

  unfinished(): readonly JournalEntry[] {
    return this.#inner?.unfinished() ?? [];
  }

  prune(beforeMs: number, maxEntries: number): number {
    return this.#write((journal) => journal.prune(beforeMs, maxEntries));
  }

  forgetBodies(beforeMs: number): number {
    return this.#write((journal) => journal.forgetBodies(beforeMs));
  }

  [Symbol.dispose](): void {
    this.#inner?.[Symbol.dispose]();
  }

  #write<T>(work: (journal: Journal) => T): T {
    if (this.#troubledSinceMs !== undefined && this.#options.clock.monotonicMs() >= this.#reopenAtMs) this.#tryOpen();
    const journal = this.#inner;
    if (journal === undefined) throw new Fault<ErrorCode>('cannot_journal', 'the journal could not be opened');
    try {
      const value = work(journal);
      this.#recovered();
      return value;
    } catch (error) {
      this.#troubled(error);
      throw error;
    }
  }

  #tryOpen(): void {
    this.#reopenAtMs = this.#options.clock.monotonicMs() + REOPEN_AFTER_MS;
    const before = this.#inner;
    try {
      this.#inner = this.#options.open();
    } catch (error) {
      this.#troubled(error);
      return;
    }
    if (before === undefined) {
      this.#recovered();
      this.onOpened();
    } else {
      before[Symbol.dispose]();
    }
  }

  #troubled(error: unknown): void {
    if (!(error instanceof Fault)) return;
    const { clock, log } = this.#options;
    if (this.#troubledSinceMs === undefined) {
      log.error('journal cannot be written: changes are refused until it can', {
        code: error.code,
        reason: describeError(error),
      });
      this.#reopenAtMs = clock.monotonicMs() + REOPEN_AFTER_MS;
    }
    this.#troubledSinceMs ??= clock.monotonicMs();
  }

  #recovered(): void {
    if (this.#troubledSinceMs === undefined) return;
    const lastedSeconds = Math.round((this.#options.clock.monotonicMs() - this.#troubledSinceMs) / 1000);
    this.#options.log.info('journal can be written again', { lasted_s: lastedSeconds });
    this.#troubledSinceMs = undefined;
  }
}
