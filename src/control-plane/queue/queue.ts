// The command queue as SQL: each step is one statement, so that nothing can happen between its halves (REQUIREMENTS B5).
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import type { Database, SqlValue } from '../store/sql.ts';
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
  /** The agent says that it ended because of a cancel: it counts as cancelled if somebody asked for that. */
  readonly endedByCancel: boolean;
}

/** What a look into the queue finds. */
export interface Leased {
  readonly command: CommandRow | undefined;
  /** When there may be something without a ring: the end of the next lease, in milliseconds since the epoch. */
  readonly nextLeaseEndMs: number | undefined;
  /** There is something for {@link Cancels.take}. */
  readonly hasCancels: boolean;
}

export interface Listing {
  readonly deploymentHash: string;
  readonly limit: number;
  /** RFC 3339; only commands that changed later. */
  readonly since?: string | undefined;
}

export interface QueueOptions {
  readonly leaseMs: number;
  /** Unfinished commands of one deployment. */
  readonly maxCount: number;
}

const outlook = { next_lease_end: z.date().nullable(), has_cancels: z.boolean() };
const leasedRow = z.union([z.object({ id: z.null(), ...outlook }), commandRow.extend(outlook)]);
const idRow = z.object({ id: z.string() });

export class Queue {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: QueueOptions;

  constructor(database: Database, clock: Clock, random: Random, options: QueueOptions) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
  }

  /** Undefined when the deployment has as many unfinished commands as it may have. */
  async enqueue(command: NewCommand): Promise<CommandRow | undefined> {
    return this.#one(
      `WITH commands AS (
         INSERT INTO commands (id, command_id, deployment_hash, type, status, priority, parameters, created_by, timeout_seconds, created_at, updated_at)
         SELECT $1::uuid, $2, $3, $4, 'queued', $5::smallint, $6::jsonb, $7, $8::integer, $9::timestamptz, $9::timestamptz
         WHERE locked_queue_length($3) < $10::integer RETURNING *
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
        this.#options.maxCount,
      ],
    );
  }

  /**
   * Ends the leases of what was handed to this very process of the agent and is not named among what it works on: the answer was lost on its
   * way. So the next look hands it out again, before anything newer. With `andEarlier` also of what earlier processes were handed: the first
   * poll of a process names everything that they left in its journal.
   */
  async endLost(
    deploymentHash: string,
    working: readonly string[],
    instance: string,
    andEarlier: boolean,
  ): Promise<void> {
    await this.#database.execute(
      `UPDATE commands SET lease_until = $4::timestamptz
       WHERE deployment_hash = $1 AND status = 'sent' AND (delivered_to = $3 OR ($5 AND delivered_to IS NOT NULL))
         AND NOT $2::jsonb ? command_id`,
      [deploymentHash, JSON.stringify(working), instance, this.#now(), andEarlier],
    );
  }

  /** Prolongs the leases of what the agent of a deployment is working on. What it names besides is not looked at. */
  async renew(deploymentHash: string, working: readonly string[]): Promise<void> {
    if (working.length === 0) return;
    await this.#database.execute(
      `UPDATE commands SET lease_until = $3::timestamptz WHERE deployment_hash = $1 AND status = 'sent' AND $2::jsonb ? command_id`,
      [deploymentHash, JSON.stringify(working), this.#leaseEnd()],
    );
  }

  /**
   * Hands out the next command of a deployment: highest priority first, then oldest; queued, or sent with a lease that ended without a
   * report. SKIP LOCKED makes two polls at once take two commands, never the same. What the agent is `working` on is not handed to it
   * again, also when the poll outlasts the lease.
   */
  async lease(deploymentHash: string, working: readonly string[], instance?: string): Promise<Leased> {
    const [row] = await this.#database.query(
      leasedRow,
      `WITH next AS MATERIALIZED (
         SELECT id FROM commands
         WHERE deployment_hash = $1 AND status IN ('queued', 'sent') AND cancel_requested_at IS NULL
           AND (status = 'queued' OR (lease_until <= $2::timestamptz AND NOT $4::jsonb ? command_id))
         ORDER BY priority DESC, seq LIMIT 1 FOR UPDATE SKIP LOCKED
       ), leased AS (
         UPDATE commands SET status = 'sent', lease_until = $3::timestamptz, deliveries = deliveries + 1, delivered_to = $5,
           updated_at = $2::timestamptz
         FROM next WHERE commands.id = next.id RETURNING ${COMMAND_COLUMNS}
       ), outlook AS (
         SELECT min(lease_until) FILTER (WHERE NOT $4::jsonb ? command_id) AS next_lease_end,
           COALESCE(bool_or(cancel_requested_at IS NOT NULL AND
             (cancel_delivered_at IS NULL OR (lease_until <= $2::timestamptz AND NOT $4::jsonb ? command_id))), false) AS has_cancels
         FROM commands WHERE deployment_hash = $1 AND status = 'sent'
       )
       SELECT leased.*, outlook.* FROM outlook LEFT JOIN leased ON true`,
      [deploymentHash, this.#now(), this.#leaseEnd(), JSON.stringify(working), instance ?? null],
    );
    return {
      command: row === undefined || row.id === null ? undefined : commandRow.parse(row),
      nextLeaseEndMs: row?.next_lease_end?.getTime(),
      hasCancels: row?.has_cancels ?? false,
    };
  }

  /** Gives back a lease whose answer certainly never left, as if it had not been taken; a cancel in between ends it. */
  async giveBack(command: CommandRow): Promise<void> {
    await this.#database.query(
      idRow,
      `WITH commands AS (
         UPDATE commands SET deliveries = deliveries - 1, lease_until = $3::timestamptz,
           status = CASE WHEN deliveries > 1 THEN 'sent' WHEN cancel_requested_at IS NULL THEN 'queued' ELSE 'cancelled' END
         WHERE id = $1 AND status = 'sent' AND deliveries = $2 RETURNING *
       )
       SELECT id, pg_notify('${CHANNEL}', CASE WHEN status = 'cancelled' THEN 'outcome:' ELSE 'queue:' END || deployment_hash) FROM commands`,
      [command.id, command.deliveries, this.#now()],
    );
  }

  /** Records the outcome if the command has none yet; undefined means that it was over before. The first one wins. */
  async finish(report: FinalReport): Promise<CommandRow | undefined> {
    return this.#one(
      `WITH commands AS (
         UPDATE commands SET status = CASE WHEN $7 AND cancel_requested_at IS NOT NULL THEN 'cancelled' ELSE $2 END, result = $3::jsonb, error = $4::jsonb, lease_until = NULL, updated_at = $5::timestamptz,
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
        report.endedByCancel,
      ],
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

  async #one(text: string, values: readonly SqlValue[]): Promise<CommandRow | undefined> {
    return (await this.#database.query(commandRow, text, values))[0];
  }

  #leaseEnd(): string {
    return new Date(this.#clock.now() + this.#options.leaseMs).toISOString();
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function jsonOrNull(value: unknown): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
