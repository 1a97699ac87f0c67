// What an answer of the control plane means for the agent, on servers that say 400 for nearly everything. Pure.
import { errorMessage } from '../../protocol/wait.ts';

export type Verdict =
  | { readonly kind: 'accepted' }
  /** The agent's credentials were refused: ask for new ones, then try again. */
  | { readonly kind: 'unauthorized'; readonly reason: string }
  /** Right credentials, no permission: nothing the agent can change. */
  | { readonly kind: 'forbidden'; readonly reason: string }
  /** The server is in trouble, or wants fewer requests. */
  | { readonly kind: 'try-later'; readonly reason: string }
  /** This very request will never be accepted. */
  | { readonly kind: 'rejected'; readonly reason: string };

/** Sentences with which the production server refuses an agent's credentials, all with status 400 (PROTOCOL.md §2.1). */
const CREDENTIAL_SENTENCES = [
  /^invalid agent token/iu,
  /^token not found in vault/iu,
  /^agent not found/iu,
  /^invalid agent id format/iu,
  /^authorization header required/iu,
  /^invalid authorization header/iu,
];

const DATABASE_SENTENCE = /^database error/iu;

/** `status` and body of an answer to an authenticated request. A 3xx is not followed: it would carry the token elsewhere. */
export function classify(status: number, body: string): Verdict {
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  const message = errorMessage(body);
  const reason = message === '' ? `HTTP ${status}` : `HTTP ${status}: ${message}`;
  if (status === 401) return { kind: 'unauthorized', reason };
  if (status === 403) return { kind: 'forbidden', reason };
  if (status === 400) {
    if (CREDENTIAL_SENTENCES.some((sentence) => sentence.test(message))) return { kind: 'unauthorized', reason };
    if (DATABASE_SENTENCE.test(message)) return { kind: 'try-later', reason };
  }
  if (status >= 300 && status < 400) {
    return { kind: 'try-later', reason: `HTTP ${status}: a redirect, which is not followed; check server_url` };
  }
  // 407 is a proxy's, 408, 425 and 429 ask for another try.
  if (status >= 500 || [407, 408, 421, 425, 429].includes(status)) return { kind: 'try-later', reason };
  // Too large is too large, whoever says so.
  if (status === 413) return { kind: 'rejected', reason };
  // A proxy answers 404 and 400 too, while the server behind it restarts: only the server's own word is final.
  return isServersOwn(body) ? { kind: 'rejected', reason } : { kind: 'try-later', reason };
}

// Every refusal of the server is JSON with a message or a msg; one form of it is not valid JSON (PROTOCOL.md §0).
function isServersOwn(body: string): boolean {
  return /^\s*\{\s*"(?:message|kind|code)"/u.test(body);
}
