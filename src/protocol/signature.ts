// The request signature: standard base64 of HMAC-SHA256 over the exact body bytes, keyed by the agent token (PROTOCOL.md §2.2).
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const NO_BODY = Buffer.alloc(0);

/** `body` must be the bytes that are sent, not a value that is encoded again later. A GET signs the empty string. */
export function signBody(agentToken: string, body: Uint8Array = NO_BODY): string {
  return createHmac('sha256', agentToken).update(body).digest('base64');
}

/** Compares in time that depends on neither input. */
export function verifyBody(agentToken: string, body: Uint8Array, signature: string): boolean {
  return equalInConstantTime(signBody(agentToken, body), signature);
}

/** Whether two secrets are equal, without telling by the time it takes where or in what length they differ. */
export function equalInConstantTime(left: string, right: string): boolean {
  return timingSafeEqual(digest(left), digest(right));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
