// Cancels as SQL: asked for by a person, handed to the agent once for each request, and final when the lease ends without a word of it.
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Database } from '../store/sql.ts';
import { COMMAND_COLUMNS, type CommandRow, commandRow } from './command-row.ts';
import { CHANNEL } from './doorbell.ts';
import { commandStatus } from './lease.ts';

const takenRow = z.object({ command_id: z.string(), status: commandStatus });

export class Cancels {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Ends a queued command; flags a sent one, so that its agent is told, also if it was told before. Undefined when it was over before. */
  async request(deploymentHash: string, commandId: string): Promise<CommandRow | undefined> {
    const [row] = await this.#database.query(
      commandRow,
      `WITH commands AS (
         UPDATE commands SET status = CASE WHEN status = 'queued' THEN 'cancelled' ELSE status END,
           cancel_requested_at = COALESCE(cancel_requested_at, $3::timestamptz), cancel_delivered_at = NULL, updated_at = $3::timestamptz
         WHERE deployment_hash = $1 AND command_id = $2 AND status IN ('queued', 'sent') RETURNING *
       )
       SELECT ${COMMAND_COLUMNS}, pg_notify('${CHANNEL}', 'outcome:' || deployment_hash) AS rung_outcome,
         pg_notify('${CHANNEL}', 'queue:' || deployment_hash) AS rung_queue FROM commands`,
      [deploymentHash, commandId, this.#now()],
    );
    return row;
  }

  /**
   * The command_ids that a poll is to hand to its agent; they count as handed out. On the way those end as cancelled whose lease has
   * ended and which the agent does not name in `working`: it will not report them.
   */
  async take(deploymentHash: string, working: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#database.query(
      takenRow,
      `WITH due AS MATERIALIZED (
         SELECT id, lease_until <= $2::timestamptz AND NOT $3::jsonb ? command_id AS is_over FROM commands
         WHERE deployment_hash = $1 AND status = 'sent' AND cancel_requested_at IS NOT NULL
           AND (cancel_delivered_at IS NULL OR (lease_until <= $2::timestamptz AND NOT $3::jsonb ? command_id))
         ORDER BY seq LIMIT ${LIMITS.cancelsMaxCount} FOR UPDATE SKIP LOCKED
       ), commands AS (
         UPDATE commands SET status = CASE WHEN is_over THEN 'cancelled' ELSE status END,
           lease_until = CASE WHEN is_over THEN NULL ELSE lease_until END,
           cancel_delivered_at = CASE WHEN is_over THEN cancel_delivered_at ELSE $2::timestamptz END,
           updated_at = CASE WHEN is_over THEN $2::timestamptz ELSE updated_at END
         FROM due WHERE commands.id = due.id RETURNING commands.*
       )
       SELECT command_id, status,
         CASE WHEN status = 'cancelled' THEN pg_notify('${CHANNEL}', 'outcome:' || deployment_hash) END AS rung
       FROM commands ORDER BY seq`,
      [deploymentHash, this.#now(), JSON.stringify(working)],
    );
    return rows.filter((row) => row.status === 'sent').map((row) => row.command_id);
  }

  /** Gives back what was taken for an answer that nobody got: the next poll takes it again. */
  async giveBack(deploymentHash: string, commandIds: readonly string[]): Promise<void> {
    if (commandIds.length === 0) return;
    await this.#database.query(
      takenRow,
      `WITH commands AS (
         UPDATE commands SET cancel_delivered_at = NULL
         WHERE deployment_hash = $1 AND status = 'sent' AND $2::jsonb ? command_id RETURNING *
       )
       SELECT command_id, status, pg_notify('${CHANNEL}', 'queue:' || deployment_hash) AS rung FROM commands`,
      [deploymentHash, JSON.stringify(commandIds)],
    );
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
