// A command as a row of the database, and as it goes over the wire (PROTOCOL.md §4.1).
import { z } from 'zod';
import { type CommandStatus, commandStatus, type Priority, priorityName } from './lease.ts';

export const commandRow = z.object({
  id: z.string(),
  command_id: z.string(),
  deployment_hash: z.string(),
  type: z.string(),
  status: commandStatus,
  priority: z.int(),
  parameters: z.unknown(),
  result: z.unknown(),
  error: z.unknown(),
  metadata: z.unknown(),
  created_by: z.string(),
  created_at: z.date(),
  updated_at: z.date(),
  timeout_seconds: z.int(),
  lease_until: z.date().nullable(),
  deliveries: z.int(),
  cancel_requested_at: z.date().nullable(),
});
export type CommandRow = z.infer<typeof commandRow>;

/** For `SELECT` and `RETURNING`; every statement that uses it calls the table `commands`. */
export const COMMAND_COLUMNS = Object.keys(commandRow.shape)
  .map((column) => `commands.${column}`)
  .join(', ');

export interface WireCommand {
  readonly id: string;
  readonly command_id: string;
  readonly deployment_hash: string;
  readonly type: string;
  readonly status: CommandStatus;
  readonly priority: Priority;
  readonly parameters: unknown;
  readonly result: unknown;
  readonly error: unknown;
  readonly created_by: string;
  readonly created_at: string;
  readonly updated_at: string;
  /** Seconds. */
  readonly timeout_seconds: number;
  readonly metadata: unknown;
  /** How often it was handed out. Not known to production, like the two that follow. */
  readonly deliveries: number;
  readonly lease_until: string | null;
  readonly cancel_requested_at: string | null;
}

/** `withOutcome` false leaves result and error null, as lists do unless asked. */
export function wireCommand(row: CommandRow, withOutcome = true): WireCommand {
  return {
    id: row.id,
    command_id: row.command_id,
    deployment_hash: row.deployment_hash,
    type: row.type,
    status: row.status,
    priority: priorityName(row.priority),
    parameters: row.parameters ?? null,
    result: withOutcome ? (row.result ?? null) : null,
    error: withOutcome ? (row.error ?? null) : null,
    created_by: row.created_by,
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
    timeout_seconds: row.timeout_seconds,
    metadata: row.metadata ?? null,
    deliveries: row.deliveries,
    lease_until: row.lease_until?.toISOString() ?? null,
    cancel_requested_at: row.cancel_requested_at?.toISOString() ?? null,
  };
}
