// A command as it arrives, and its parameters in both forms in which servers wrap them (PROTOCOL.md §4.1, §4.2).
import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { commandId, commandType, deploymentHash, timestamp } from './text.ts';

/**
 * The fields the agent needs are strict; what is only shown or logged falls back to null when a server sends something odd there,
 * because a command that cannot be parsed cannot be answered either. Parameters stay opaque: the command's own schema reads them.
 */
export const commandEnvelope = z.object({
  command_id: commandId,
  deployment_hash: deploymentHash,
  type: commandType,
  parameters: z.unknown().optional(),
  created_by: z.string().max(LIMITS.userIdMaxChars).nullish().catch(null),
  created_at: timestamp.nullish().catch(null),
  /** Seconds. Nothing on the production server checks it: zero and negative values occur and mean "not set". */
  timeout_seconds: z.int().min(-LIMITS.timeoutMaxSeconds).max(LIMITS.timeoutMaxSeconds).nullish().catch(null),
});
export type CommandEnvelope = z.infer<typeof commandEnvelope>;

const wrapped = z.object({
  name: z.string().max(LIMITS.commandTypeMaxChars),
  params: z.record(z.string().max(200), z.unknown()),
});

/** The parameters a command's schema reads: flat `{…}` as it is, `{name, params}` unwrapped, null and absent as `{}`. */
export function commandParameters(parameters: unknown): unknown {
  if (parameters === null || parameters === undefined) return {};
  const parsed = wrapped.safeParse(parameters);
  return parsed.success ? parsed.data.params : parameters;
}

/** The deadline the sender asked for in milliseconds, or undefined when there is none worth the name. */
export function requestedTimeoutMs(envelope: CommandEnvelope): number | undefined {
  const seconds = envelope.timeout_seconds ?? 0;
  return seconds > 0 ? seconds * 1000 : undefined;
}
