// Names of the headers that authenticate an agent's request (PROTOCOL.md §2.2), in the lower case that Node uses.

export const HEADER = {
  agentId: 'x-agent-id',
  authorization: 'authorization',
  timestamp: 'x-timestamp',
  requestId: 'x-request-id',
  signature: 'x-agent-signature',
} as const;

/** How far a request's `X-Timestamp` may lie from the verifier's clock (PROTOCOL.md §2.2). */
export const TIMESTAMP_TOLERANCE_SECONDS = 300;

/** How long a verifier remembers an `X-Request-Id`: longer than any timestamp stays acceptable. */
export const REPLAY_MEMORY_SECONDS = 2 * TIMESTAMP_TOLERANCE_SECONDS;
