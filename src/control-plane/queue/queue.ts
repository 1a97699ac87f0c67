// The command queue as SQL: each step is one statement, so that nothing can happen between its halves (REQUIREMENTS B5).
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import type { Database } from '../store/sql.ts';
import { COMMAND_COLUMNS, type CommandRow, commandRow } from './command-row.ts';
import { CHANNEL } from './doorbell.ts';
import { type Priority, priorityRank } from './lease.ts';

export interface NewCommand {
  readonly deploymentHash: string;
  readonly type: string;
  /** JSON value or null. */
  readonly parameters: unknown;
  readonly priority: Priority;
  readonly timeoutSeconds: number;
  readonly createdBy: string;
}

export interface FinalReport {
  readonly commandId: string;
  readonly status: 'completed' | 'failed';
  readonly result: unknown;
  readonly error: unknown;
  readonly executedBy: string | undefined;
}

export interface Listing {
  readonly deploymentHash: string;
  readonly limit: number;
  /** RFC 3339; only commands that changed later. */
  readonly since?: string | undefined;
}

const leaseEndRow = z.object({ lease_until: z.date().nullable() });
const idRow = z.object({ id: z.string() });

export class Queue {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #leaseMs: number;

  constructor(database: Database, clock: Clock, random: Random, leaseMs: number) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
    this.#leaseMs = leaseMs;
  }

  async enqueue(command: NewCommand): Promise<CommandRow> {
    const row = await this.#one(
      `WITH commands AS (
         INSERT INTO commands (id, command_id, deployment_hash, type, status, priority, parameters, created_by, timeout_seconds, created_at, updated_at)
         VALUES ($1, $2, $3, $4, 'queued', $5, $6::jsonb, $7, $8, $9::timestamptz, $9::timestamptz) RETURNING *
       )
       SELECT ${COMMAND_COLUMNS}, pg_notify('${CHANNEL}', 'queue:' || deployment_hash) FROM commands`,
      [
        this.#random.uuid(),
        `cmd_${this.#random.uuid()}`,
        command.deploymentHash,
        command.type,
        priorityRank(command.priority),
        jsonOrNull(command.parameters),
        command.createdBy,
        command.timeoutSeconds,
        this.#now(),
      ],
    );
    if (row === undefined) throw new Error('the database returned no row for a new command');
    return row;
  }

  /**
   * Hands out the next command of a deployment: highest priority first, then oldest; queued, or sent with a lease that ended without a
   * report. SKIP LOCKED makes two polls at once take two commands, never the same.
   */
  async lease(deploymentHash: string): Promise<CommandRow | undefined> {
    const leaseUntil = new Date(this.#clock.now() + this.#leaseMs).toISOString();
    return this.#one(
      `WITH next AS MATERIALIZED (
         SELECT id FROM commands
         WHERE deployment_hash = $1 AND status IN ('queued', 'sent') AND cancel_requested_at IS NULL
           AND (status = 'queued' OR lease_until <= $2::timestamptz)
         ORDER BY priority DESC, seq LIMIT 1 FOR UPDATE SKIP LOCKED
       )
       UPDATE commands SET status = 'sent', lease_until = $3::timestamptz, deliveries = deliveries + 1, updated_at = $2::timestamptz
       FROM next WHERE commands.id = next.id RETURNING ${COMMAND_COLUMNS}`,
      [deploymentHash, this.#now(), leaseUntil],
    );
  }

  /** Gives back a lease whose answer certainly never left, as if it had not been taken. */
  async giveBack(command: CommandRow): Promise<void> {
    await this.#database.query(
      idRow,
      `WITH commands AS (
         UPDATE commands SET deliveries = deliveries - 1, lease_until = $3::timestamptz,
           status = CASE WHEN deliveries = 1 THEN 'queued' ELSE 'sent' END
         WHERE id = $1 AND status = 'sent' AND deliveries = $2 RETURNING *
       )
       SELECT id, pg_notify('${CHANNEL}', 'queue:' || deployment_hash) FROM commands`,
      [command.id, command.deliveries, this.#now()],
    );
  }

  /** When the next lease of the deployment ends, in milliseconds since the epoch; undefined when none is open. */
  async nextLeaseEndMs(deploymentHash: string): Promise<number | undefined> {
    const [row] = await this.#database.query(
      leaseEndRow,
      `SELECT min(lease_until) AS lease_until FROM commands
       WHERE deployment_hash = $1 AND status = 'sent' AND cancel_requested_at IS NULL`,
      [deploymentHash],
    );
    return row?.lease_until?.getTime();
  }

  /** Records the outcome if the command has none yet; undefined means that it was over before. The first one wins. */
  async finish(report: FinalReport): Promise<CommandRow | undefined> {
    return this.#one(
      `WITH commands AS (
         UPDATE commands SET status = $2, result = $3::jsonb, error = $4::jsonb, lease_until = NULL, updated_at = $5::timestamptz,
           metadata = CASE WHEN $6::jsonb IS NULL THEN metadata ELSE COALESCE(metadata, '{}'::jsonb) || $6::jsonb END
         WHERE command_id = $1 AND status IN ('queued', 'sent') RETURNING *
       )
       SELECT ${COMMAND_COLUMNS}, pg_notify('${CHANNEL}', 'outcome:' || deployment_hash) FROM commands`,
      [
        report.commandId,
        report.status,
        jsonOrNull(report.result),
        jsonOrNull(report.error),
        this.#now(),
        report.executedBy === undefined ? null : JSON.stringify({ executed_by: report.executedBy }),
      ],
    );
  }

  /** Ends a queued command; flags a sent one. Undefined when it was over before. */
  async cancel(deploymentHash: string, commandId: string): Promise<CommandRow | undefined> {
    return this.#one(
      `WITH commands AS (
         UPDATE commands SET status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END,
           cancel_requested_at = COALESCE(cancel_requested_at, $3::timestamptz), updated_at = $3::timestamptz
         WHERE deployment_hash = $1 AND command_id = $2 AND status IN ('queued', 'sent') RETURNING *
       )
       SELECT ${COMMAND_COLUMNS}, pg_notify('${CHANNEL}', 'outcome:' || deployment_hash) FROM commands`,
      [deploymentHash, commandId, this.#now()],
    );
  }

  async byCommandId(commandId: string): Promise<CommandRow | undefined> {
    return this.#one(`SELECT ${COMMAND_COLUMNS} FROM commands WHERE command_id = $1`, [commandId]);
  }

  /** Newest first. */
  async list(wanted: Listing): Promise<readonly CommandRow[]> {
    return this.#database.query(
      commandRow,
      `SELECT ${COMMAND_COLUMNS} FROM commands
       WHERE deployment_hash = $1 AND ($2::timestamptz IS NULL OR updated_at > $2::timestamptz)
       ORDER BY seq DESC LIMIT $3`,
      [wanted.deploymentHash, wanted.since ?? null, wanted.limit],
    );
  }

  /** The newest completed commands of a type, newest first. */
  async completed(deploymentHash: string, type: string, limit: number): Promise<readonly CommandRow[]> {
    return this.#database.query(
      commandRow,
      `SELECT ${COMMAND_COLUMNS} FROM commands
       WHERE deployment_hash = $1 AND type = $2 AND status = 'completed' ORDER BY seq DESC LIMIT $3`,
      [deploymentHash, type, limit],
    );
  }

  async #one(text: string, values: readonly (string | number | null)[]): Promise<CommandRow | undefined> {
    return (await this.#database.query(commandRow, text, values))[0];
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
