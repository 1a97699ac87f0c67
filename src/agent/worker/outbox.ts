// Reports that wait for delivery: those in the journal, and a few in memory when the disk takes no more.
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { Journal, OutboxReport } from '../journal/journal.ts';

export interface OutboxEntry extends OutboxReport {
  readonly volatile: boolean;
}

/** How many are looked at together: enough to step over ones that have to wait. */
const WINDOW_COUNT = 100;
const VOLATILE_MAX_COUNT = 200;
const RECORD_AGAIN_MS = 5_000;

export class Outbox {
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #volatile = new Map<string, OutboxReport>();
  /** Acknowledged by the server, though the journal could not take it down yet: id to report. */
  readonly #unrecorded = new Map<string, string>();
  #retryAtMs = 0;

  constructor(journal: Journal, clock: Clock, log: Log) {
    this.#journal = journal;
    this.#clock = clock;
    this.#log = log;
  }

  /** Keeps a report in memory, for a command that the journal could not take. The oldest gives way when there are too many. */
  keepVolatile(report: OutboxReport): void {
    const oldest = this.#volatile.keys().next();
    if (this.#volatile.size >= VOLATILE_MAX_COUNT && oldest.done !== true) this.#volatile.delete(oldest.value);
    this.#volatile.set(report.commandId, report);
  }

  /** Whether a report of this command waits in memory. */
  holds(commandId: string): boolean {
    return this.#volatile.has(commandId) || this.#unrecorded.has(commandId);
  }

  waiting(): readonly OutboxEntry[] {
    this.#recordLate();
    const durable = this.#journal.outbox(WINDOW_COUNT).filter((report) => !this.#unrecorded.has(report.commandId));
    const volatile = [...this.#volatile.values()];
    return [
      ...volatile.map((report) => ({ ...report, volatile: true })),
      ...durable.map((report) => ({ ...report, volatile: false })),
    ];
  }

  delivered(entry: OutboxEntry): void {
    this.#volatile.delete(entry.commandId);
    this.#record(entry.commandId, entry.body);
  }

  park(entry: OutboxEntry, reason: string): void {
    this.#volatile.delete(entry.commandId);
    try {
      this.#journal.park(entry.commandId, reason, this.#clock.now());
    } catch (error) {
      this.#unrecorded.set(entry.commandId, entry.body);
      this.#log.error('parked report cannot be recorded', {
        command_id: entry.commandId,
        reason: describeError(error),
      });
    }
  }

  // A report sent twice does no harm, but a change that was answered must not run after a restart: so it is recorded once there is room.
  #record(commandId: string, body: string): void {
    const nowMs = this.#clock.now();
    try {
      const entry = this.#journal.find(commandId);
      if (entry === undefined) return;
      if (entry.state === 'received' || entry.state === 'started') this.#journal.finish(commandId, body, nowMs);
      this.#journal.reported(commandId, nowMs);
      this.#unrecorded.delete(commandId);
    } catch (error) {
      if (!this.#unrecorded.has(commandId)) {
        this.#log.error('delivery cannot be recorded yet', { command_id: commandId, reason: describeError(error) });
      }
      this.#unrecorded.set(commandId, body);
    }
  }

  #recordLate(): void {
    const nowMs = this.#clock.monotonicMs();
    if (this.#unrecorded.size === 0 || nowMs < this.#retryAtMs) return;
    this.#retryAtMs = nowMs + RECORD_AGAIN_MS;
    for (const [commandId, body] of this.#unrecorded) this.#record(commandId, body);
  }
}
