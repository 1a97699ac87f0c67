// Names of the headers that authenticate an agent's request (PROTOCOL.md §2.2), in the lower case that Node uses.

export const HEADER = {
  agentId: 'x-agent-id',
  authorization: 'authorization',
  timestamp: 'x-timestamp',
  requestId: 'x-request-id',
  signature: 'x-agent-signature',
} as const;

/**
 * On a poll: ids of the commands that the agent has received and whose reports are not acknowledged yet, separated by commas. The reference
 * control plane keeps their leases; other servers do not look at it.
 */
export const WORKING_HEADER = 'x-agent-working';

/** How far a request's `X-Timestamp` may lie from the verifier's clock (PROTOCOL.md §2.2). */
export const TIMESTAMP_TOLERANCE_SECONDS = 300;

/** How long a verifier remembers an `X-Request-Id`: longer than any timestamp stays acceptable. */
export const REPLAY_MEMORY_SECONDS = 2 * TIMESTAMP_TOLERANCE_SECONDS;

/** What fits into one header on every proxy; the usual limit for all headers together is 8 KiB. */
const WORKING_MAX_CHARS = 4_000;

/** The header's value, or undefined when there is nothing to say. An id that is no plain word is left out: no header can carry it. */
export function workingHeader(commandIds: readonly string[]): string | undefined {
  let value = '';
  for (const id of commandIds) {
    if (!/^[\w.:-]+$/u.test(id)) continue;
    if (value.length + id.length + 1 > WORKING_MAX_CHARS) break;
    value += value === '' ? id : `,${id}`;
  }
  return value === '' ? undefined : value;
}
