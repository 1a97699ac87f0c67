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

/**
 * On a poll: a word that is new with each start of the agent. A command that was handed to this very process, and that its next poll does
 * not name as in hand, was lost on the way: the reference control plane hands it out again at once, before anything newer.
 */
export const INSTANCE_HEADER = 'x-agent-instance';

/** What fits into one header on every proxy; the usual limit for all headers together is 8 KiB. */
const WORKING_MAX_CHARS = 4_000;

/**
 * The value of {@link WORKING_HEADER} and whether it names every id: one that is no plain word is left out, for no header can carry it,
 * and so are those that do not fit.
 */
export function workingHeader(commandIds: readonly string[]): { readonly value: string; readonly complete: boolean } {
  let value = '';
  let complete = true;
  for (const id of commandIds) {
    const fits = /^[\w.:-]+$/u.test(id) && value.length + id.length + 1 <= WORKING_MAX_CHARS;
    if (fits) value += value === '' ? id : `,${id}`;
    else complete = false;
  }
  return { value, complete };
}
