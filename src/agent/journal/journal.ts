// The journal's port: what the worker needs to remember commands across any kind of end (REQUIREMENTS A11).
import type { Evidence } from '../../commands/context.ts';
import type { CommandEnvelope } from '../../protocol/command-envelope.ts';
import type { JournalEntry } from './entry.ts';

export interface OutboxReport {
  readonly commandId: string;
  readonly type: string;
  readonly body: string;
}

/**
 * Every method that writes returns when the write is on disk, or throws Fault cannot_journal and has written nothing.
 * Times are milliseconds since the epoch.
 */
export interface Journal extends Disposable {
  /** When the journal was begun, by the host's clock. */
  readonly bornAtMs: number | undefined;
  /** Stores a new command, or returns the entry that is already there. */
  receive(envelope: CommandEnvelope, nowMs: number): JournalEntry | undefined;
  find(commandId: string): JournalEntry | undefined;
  /** Counts a start. */
  start(commandId: string, nowMs: number): void;
  note(commandId: string, evidence: Evidence): void;
  /** Stores the report and forgets the parameters, which may hold secrets. */
  finish(commandId: string, report: string, nowMs: number): void;
  /** The server has acknowledged the report. */
  reported(commandId: string, nowMs: number): void;
  /** The server handed out a command again that was already reported: its report goes back to the outbox. */
  reopen(commandId: string): void;
  /** The server refuses the report for good. */
  park(commandId: string, reason: string, nowMs: number): void;
  /** Reports to deliver, in the order in which their commands finished. */
  outbox(limit: number): readonly OutboxReport[];
  /** Ids of the parked commands, newest first. */
  parkedIds(limit: number): readonly string[];
  /** Commands that an earlier process received or started and did not finish, oldest first. */
  unfinished(): readonly JournalEntry[];
  /**
   * Deletes acknowledged and parked entries older than `beforeMs`, and the oldest ones beyond `maxEntries`: some of them, so that it does not
   * take long. Returns how many, 0 when there are no more.
   */
  prune(beforeMs: number, maxEntries: number): number;
  /** Forgets the bodies of acknowledged and parked reports older than `beforeMs`, some of them as `prune` does; their ids stay. Returns how many. */
  forgetBodies(beforeMs: number): number;
}
