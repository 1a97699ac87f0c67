// The journal on disk, in SQLite: its crash and power-loss tests are better than any of ours would be.
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { z } from 'zod';
import type { Evidence } from '../../commands/context.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import { type CommandEnvelope, commandEnvelope } from '../../protocol/command-envelope.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { DamagedError } from './damage.ts';
import { ENTRY_STATES, type JournalEntry } from './entry.ts';
import type { Journal, OutboxReport } from './journal.ts';
import { deleteEnded, forgetBodies, makeRoom, PAGE_BYTES } from './room.ts';

/** Migrations in order; `user_version` counts those that were applied. Never change one that was released. */
const MIGRATIONS = [
  `CREATE TABLE command (
     command_id     TEXT PRIMARY KEY,
     envelope       TEXT NOT NULL,
     type           TEXT NOT NULL,
     state          TEXT NOT NULL,
     received_at_ms INTEGER NOT NULL,
     started_at_ms  INTEGER,
     starts         INTEGER NOT NULL DEFAULT 0,
     evidence       TEXT,
     report         TEXT,
     finished_seq   INTEGER,
     ended_at_ms    INTEGER,
     park_reason    TEXT
   ) STRICT;
   CREATE INDEX command_state ON command (state, finished_seq);
   CREATE INDEX command_ended ON command (ended_at_ms);
   CREATE INDEX command_finished ON command (finished_seq);
   CREATE TABLE birth (at_ms INTEGER NOT NULL) STRICT;`,
] as const;

export const JOURNAL_MAX_BYTES = 64 * 1024 * 1024;
/** Of what the journal may take: the file, which never grows beyond it (commits fail with SQLITE_FULL instead), and the log before it. */
const FILE_SHARE = 0.75;
const WAL_SHARE = 0.1875;
const BUSY_TIMEOUT_MS = 2_000;

const evidenceSchema = z.object({
  containerId: z.string(),
  startedAt: z.string().optional(),
  notedAtMs: z.number(),
  mayTakeMs: z.number(),
});

const rowSchema = z.object({
  envelope: z.string(),
  state: z.enum(ENTRY_STATES),
  received_at_ms: z.number(),
  started_at_ms: z.number().nullable(),
  starts: z.number(),
  evidence: z.string().nullable(),
  report: z.string().nullable(),
});

const idSchema = z.object({ command_id: z.string() });
const outboxSchema = z.object({ command_id: z.string(), type: z.string(), report: z.string() });

export class SqliteJournal implements Journal {
  readonly #db: DatabaseSync;
  readonly #walPath: string;
  readonly #walMaxBytes: number;
  readonly #statements = new Map<string, StatementSync>();

  readonly bornAtMs: number;

  /**
   * Opens or creates the file, with its directory 0700. All its files together stay below `maxBytes`; a file that is larger already
   * does not grow. Throws Fault cannot_journal with the path and the reason; `isDamaged` tells whether the file's content is.
   */
  constructor(path: string, nowMs: number, maxBytes = JOURNAL_MAX_BYTES) {
    this.#walPath = `${path}-wal`;
    this.#walMaxBytes = maxBytes * WAL_SHARE;
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      // The timeout first: even the pragmas below need the lock that a reader beside us may hold.
      this.#db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
      this.#db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA journal_size_limit = 4194304;
        PRAGMA max_page_count = ${Math.floor((maxBytes * FILE_SHARE) / PAGE_BYTES)};`);
      this.#check();
      this.#migrate();
      this.bornAtMs = this.#birth(nowMs);
    } catch (error) {
      throw cannotJournal(`the journal ${path} cannot be opened`, error);
    }
  }

  receive(envelope: CommandEnvelope, nowMs: number): JournalEntry | undefined {
    const existing = this.find(envelope.command_id);
    if (existing !== undefined) return existing;
    this.#write(
      `INSERT INTO command (command_id, envelope, type, state, received_at_ms) VALUES (?, ?, ?, 'received', ?)`,
      envelope.command_id,
      JSON.stringify(envelope),
      envelope.type,
      nowMs,
    );
    return undefined;
  }

  find(commandId: string): JournalEntry | undefined {
    const row = this.#prepare(`SELECT * FROM command WHERE command_id = ?`).get(commandId);
    return row === undefined ? undefined : entryOf(row);
  }

  start(commandId: string, nowMs: number): void {
    this.#write(
      `UPDATE command SET state = 'started', starts = starts + 1, started_at_ms = ? WHERE command_id = ?`,
      nowMs,
      commandId,
    );
  }

  note(commandId: string, evidence: Evidence): void {
    this.#write(`UPDATE command SET evidence = ? WHERE command_id = ?`, JSON.stringify(evidence), commandId);
  }

  finish(commandId: string, report: string, nowMs: number): void {
    this.#write(
      `UPDATE command SET state = 'finished', report = ?, ended_at_ms = ?, evidence = NULL,
         envelope = json_remove(envelope, '$.parameters'),
         finished_seq = (SELECT coalesce(max(finished_seq), 0) + 1 FROM command)
       WHERE command_id = ?`,
      report,
      nowMs,
      commandId,
    );
  }

  reported(commandId: string, nowMs: number): void {
    this.#write(`UPDATE command SET state = 'reported', ended_at_ms = ? WHERE command_id = ?`, nowMs, commandId);
  }

  reopen(commandId: string): void {
    this.#write(`UPDATE command SET state = 'finished' WHERE command_id = ? AND report IS NOT NULL`, commandId);
  }

  park(commandId: string, reason: string, nowMs: number): void {
    this.#write(
      `UPDATE command SET state = 'parked', park_reason = ?, ended_at_ms = ? WHERE command_id = ?`,
      reason,
      nowMs,
      commandId,
    );
  }

  outbox(limit: number): readonly OutboxReport[] {
    const rows = this.#prepare(
      `SELECT command_id, type, report FROM command WHERE state = 'finished' ORDER BY finished_seq LIMIT ?`,
    ).all(limit);
    return rows.map((row) => {
      const { command_id, type, report } = outboxSchema.parse(row);
      return { commandId: command_id, type, body: report };
    });
  }

  parkedIds(limit: number): readonly string[] {
    const rows = this.#prepare(
      `SELECT command_id FROM command WHERE state = 'parked' ORDER BY ended_at_ms DESC LIMIT ?`,
    ).all(limit);
    return rows.map((row) => idSchema.parse(row).command_id);
  }

  unfinished(): readonly JournalEntry[] {
    return this.#prepare(`SELECT * FROM command WHERE state IN ('received', 'started') ORDER BY rowid`)
      .all()
      .map(entryOf);
  }

  prune(beforeMs: number, maxEntries: number): number {
    return this.#attempt(() => deleteEnded(this.#prepare, beforeMs, maxEntries));
  }

  forgetBodies(beforeMs: number): number {
    return this.#attempt(() => forgetBodies(this.#prepare, beforeMs));
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }

  #write(sql: string, ...values: readonly (string | number)[]): void {
    this.#attempt(() => this.#prepare(sql).run(...values));
  }

  /** What needs more than the file may take is tried again for as long as there is something to make room with. */
  #attempt<T>(write: () => T): T {
    for (;;) {
      this.#boundWal();
      try {
        return write();
      } catch (error) {
        if (!isFull(error) || !this.#madeRoom()) throw cannotJournal('the journal cannot be written', error);
      }
    }
  }

  #madeRoom(): boolean {
    try {
      return makeRoom(this.#prepare);
    } catch {
      return false;
    }
  }

  // A process that reads the file for long keeps the log from being folded back, and it would grow without end.
  #boundWal(): void {
    if (this.#walBytes() <= this.#walMaxBytes) return;
    this.#foldBack();
    if (this.#walBytes() <= this.#walMaxBytes) return;
    throw cannotJournal('the journal cannot be written', new Error('another process has been reading it for long'));
  }

  // Without the timeout: waiting for the other process would stop this one.
  #foldBack(): void {
    this.#db.exec('PRAGMA busy_timeout = 0');
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // The size tells whether it helped.
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    }
  }

  #walBytes(): number {
    return statSync(this.#walPath, { throwIfNoEntry: false })?.size ?? 0;
  }

  readonly #prepare = (sql: string): StatementSync => {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  };

  // A page that a bad disk or a torn copy has spoilt is found here, and not by a command.
  #check(): void {
    const [found] = z
      .array(z.object({ quick_check: z.string() }))
      .parse(this.#db.prepare('PRAGMA quick_check(1)').all());
    if (found?.quick_check !== 'ok') throw new DamagedError(found?.quick_check ?? 'its check says nothing');
  }

  #birth(nowMs: number): number {
    this.#db.prepare('INSERT INTO birth (at_ms) SELECT ? WHERE NOT EXISTS (SELECT 1 FROM birth)').run(nowMs);
    return z.object({ at_ms: z.number() }).parse(this.#db.prepare('SELECT at_ms FROM birth').get()).at_ms;
  }

  #migrate(): void {
    const version = z
      .object({ user_version: z.number() })
      .parse(this.#db.prepare('PRAGMA user_version').get()).user_version;
    if (version > MIGRATIONS.length) {
      throw new Error(`it was written by a newer version of this program (schema ${version}): update the program`);
    }
    for (const [index, migration] of MIGRATIONS.entries()) {
      if (index >= version) this.#db.exec(`BEGIN; ${migration} PRAGMA user_version = ${index + 1}; COMMIT;`);
    }
  }
}

function entryOf(raw: Record<string, SQLOutputValue>): JournalEntry {
  const row = rowSchema.parse(raw);
  const evidence = row.evidence === null ? undefined : evidenceSchema.parse(JSON.parse(row.evidence));
  return {
    envelope: commandEnvelope.parse(JSON.parse(row.envelope)),
    state: row.state,
    receivedAtMs: row.received_at_ms,
    startedAtMs: row.started_at_ms ?? undefined,
    starts: row.starts,
    evidence: evidence && { ...evidence, startedAt: evidence.startedAt },
    report: row.report ?? undefined,
  };
}

function isFull(error: unknown): boolean {
  return error instanceof Error && /database or disk is full/u.test(error.message);
}

function cannotJournal(what: string, error: unknown): Fault<ErrorCode> {
  return new Fault<ErrorCode>('cannot_journal', `${what}: ${describeError(error)}`, { cause: error });
}
