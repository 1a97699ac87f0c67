// The report of a command's outcome (REQUIREMENTS A6, PROTOCOL.md §1.7, §4.4).
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { commandId, deploymentHash, timestamp } from './text.ts';

/** One failure: `code` from docs/errors.md, `message` for a person. */
export const reportError = z.object({
  code: z.string().min(1).max(100),
  message: z.string().max(LIMITS.messageMaxChars),
  details: z.unknown().optional(),
});
export type ReportError = z.infer<typeof reportError>;

/**
 * Body of `POST /api/v1/agent/commands/report`. `command_status` decides on the server; `status` is what older readers show.
 * A success has `error: null` and no `errors`: the production CLI prints any `error`, even an empty one, as a failure.
 */
export const report = z.object({
  command_id: commandId,
  deployment_hash: deploymentHash,
  status: z.enum(['success', 'failed']),
  command_status: z.enum(['completed', 'failed']),
  result: z.unknown(),
  error: z.string().max(LIMITS.messageMaxChars).nullable(),
  errors: z.array(reportError).min(1).max(LIMITS.errorsMaxCount).optional(),
  started_at: timestamp.optional(),
  completed_at: timestamp,
  executed_by: z.string().max(100).optional(),
});
export type Report = z.infer<typeof report>;

const acceptance = z.object({ item: z.object({ accepted: z.literal(true) }) });

/**
 * Whether a 2xx answer is the server's word that it has the report. A captive portal or a proxy answers 200 too, and a report that is
 * taken for delivered is forgotten.
 */
export function isAcceptance(body: unknown): boolean {
  return acceptance.safeParse(body).success;
}
