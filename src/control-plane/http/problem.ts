// Every fault the control plane answers with: code, HTTP status, meaning and what to do. The errors page is generated from this table.
import { Fault } from '../../platform/fault.ts';

interface ProblemEntry {
  readonly status: number;
  readonly meaning: string;
  readonly action: string;
}

export const PROBLEMS = {
  invalid_json: {
    status: 400,
    meaning: 'The body is not JSON in UTF-8, holds a NUL or a lone surrogate, or is nested too deeply.',
    action: 'Send well-formed JSON; replace NUL and lone surrogates before encoding.',
  },
  invalid_request: {
    status: 400,
    meaning:
      'A field of the body, the path or the query is missing, of the wrong type or out of range; the message names it.',
    action: 'Correct the named field.',
  },
  invalid_command_status: {
    status: 400,
    meaning: 'The report\'s command_status is neither "completed" nor "failed".',
    action: 'Send one of the two, or leave the field out.',
  },
  invalid_result: {
    status: 400,
    meaning: "The report's result is missing or not what this command type demands; the command stays open.",
    action: 'Send the report again with a result of the documented shape, also for a command that failed.',
  },
  missing_credentials: {
    status: 401,
    meaning: 'A header that authenticates the request is absent.',
    action: 'Send the headers the message names.',
  },
  malformed_credentials: {
    status: 401,
    meaning: 'A header that authenticates the request is there but not in its documented form.',
    action:
      'X-Agent-Id is a UUID, Authorization is "Bearer TOKEN", X-Timestamp is Unix seconds, X-Request-Id is 8 to 64 of [A-Za-z0-9_-].',
  },
  unknown_agent: {
    status: 401,
    meaning: 'No agent with that X-Agent-Id is registered here.',
    action: 'Check the server address; register the agent again.',
  },
  invalid_token: {
    status: 401,
    meaning: 'The bearer token is not the current one.',
    action: 'An agent reads its token from Vault again; a user or administrator checks which token is used.',
  },
  invalid_signature: {
    status: 401,
    meaning: 'X-Agent-Signature is not the base64 HMAC-SHA256 of the exact body bytes under the agent token.',
    action: 'Sign the bytes that are sent; look for a proxy that rewrites bodies.',
  },
  stale_timestamp: {
    status: 401,
    meaning: "X-Timestamp lies more than 300 s from this server's clock, which the message holds.",
    action: "Correct the host's clock, or take the time from the Date header.",
  },
  replayed_request: {
    status: 401,
    meaning: 'This X-Request-Id was seen before.',
    action: 'Use a fresh X-Request-Id for every attempt, retries included.',
  },
  wrong_deployment: {
    status: 403,
    meaning: 'The deployment belongs to another agent.',
    action: 'Use the deployment_hash that registration returned.',
  },
  purchase_token_unknown: {
    status: 403,
    meaning: 'This purchase token was never issued here.',
    action: 'Copy the token again from the purchase e-mail, whole, and check the server address.',
  },
  purchase_token_expired: {
    status: 403,
    meaning: 'The purchase token was valid once.',
    action: 'Ask the seller for a new one.',
  },
  purchase_token_revoked: {
    status: 403,
    meaning: 'The purchase token was withdrawn.',
    action: 'Ask the seller why, and for a new one.',
  },
  purchase_token_stack: {
    status: 403,
    meaning: 'The purchase token was issued for another stack.',
    action: 'Use the stack_id from the purchase e-mail.',
  },
  purchase_token_used_up: {
    status: 403,
    meaning: 'As many servers as were paid for are registered with this purchase token.',
    action: 'Register again on one of those servers, or ask the seller for more.',
  },
  not_found: {
    status: 404,
    meaning: 'There is no such path, or no such object.',
    action: 'Check the address and the id.',
  },
  deployment_not_found: {
    status: 404,
    meaning: 'No deployment with that hash exists, or it belongs to somebody else.',
    action: 'Check the deployment_hash and whose token is used.',
  },
  command_not_found: {
    status: 404,
    meaning: 'The deployment has no command with that id.',
    action: 'Use command_id, not id.',
  },
  stack_archive_missing: {
    status: 404,
    meaning: 'The purchase token is valid, but this control plane has no archive of its stack.',
    action: 'Its administrator puts STACK_ID.tar.gz into the folder of --stack-dir; the agent works without it.',
  },
  already_registered: {
    status: 409,
    meaning: 'The deployment has an agent, and this request does not prove to come from it.',
    action:
      "Send the agent's X-Agent-Id, Authorization, X-Timestamp, X-Request-Id and X-Agent-Signature; if its token is lost, have an administrator rotate it.",
  },
  command_finished: {
    status: 409,
    meaning: 'The command has ended and cannot be cancelled any more.',
    action: 'Read its outcome instead.',
  },
  body_too_large: {
    status: 413,
    meaning: 'The body is larger than this endpoint takes.',
    action: 'Send less: a report is at most 2 097 152 bytes.',
  },
  unsupported_media_type: {
    status: 415,
    meaning: 'The body is not declared as JSON.',
    action: 'Send Content-Type: application/json.',
  },
  queue_full: {
    status: 429,
    meaning: 'The deployment has as many unfinished commands as it may have.',
    action:
      'Try again after the seconds in Retry-After; look whether its agent is online, and cancel what is not wanted.',
  },
  too_many_attempts: {
    status: 429,
    meaning: 'More than 60 purchase tokens that are not valid came from this address within a minute.',
    action: 'Copy the token from the purchase e-mail, whole, and try again after a minute.',
  },
  internal_error: {
    status: 500,
    meaning: 'A bug in the control plane, or its database refused a statement.',
    action: 'Try again later; the log of the control plane has the reason under the same request.',
  },
  vault_unavailable: {
    status: 503,
    meaning: 'Vault does not answer, so the agent token can be neither checked nor written.',
    action: 'Try again after the seconds in Retry-After; check Vault and the Vault token of the control plane.',
  },
  no_release: {
    status: 503,
    meaning: 'This control plane has no complete release of the agent to install.',
    action: 'Its administrator gives it one with --release-dir; the log says what is missing.',
  },
  unavailable: {
    status: 503,
    meaning: 'The control plane is stopping, or its database does not answer.',
    action: 'Try again after the seconds in Retry-After.',
  },
} as const satisfies Readonly<Record<string, ProblemEntry>>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A fault to answer with: `message` tells the caller what to do about this very request and must not repeat a secret. */
export function problem(code: ProblemCode, message: string, cause?: unknown): Fault<ProblemCode> {
  return new Fault<ProblemCode>(code, message, cause === undefined ? {} : { cause });
}

export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** The body of every fault. */
export interface ProblemBody {
  readonly message: string;
  readonly code: ProblemCode;
}
