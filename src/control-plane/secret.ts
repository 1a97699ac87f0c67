// Secrets the control plane hands out: how they are made, what they look like and what is kept of them.
import { createHash, randomBytes } from 'node:crypto';

// Not the injected Random: nothing, not even a test, may make a secret predictable.
const TOKEN_BYTES = 32;
const AGENT_TOKEN_BYTES = 64;

export type SecretKind = 'purchase' | 'user' | 'admin';

// The prefix tells a reader what leaked, and keeps a token from ever starting with "-" on a command line.
const PREFIX: Readonly<Record<SecretKind, string>> = { purchase: 'pt_', user: 'ut_', admin: 'at_' };

/** 256 random bits in URL-safe base64 behind a prefix: 46 characters that no shell and no URL needs to quote. */
export function newSecret(kind: SecretKind): string {
  return PREFIX[kind] + randomBytes(TOKEN_BYTES).toString('base64url');
}

/** 512 random bits, 86 characters of `[A-Za-z0-9_-]` (PROTOCOL.md §1.1). */
export function newAgentToken(): string {
  return randomBytes(AGENT_TOKEN_BYTES).toString('base64url');
}

const SECRET = /^(?:pt|ut|at)_[A-Za-z0-9_-]{43}$/u;

/** Whether a text can be a token of that kind at all. Asked before it is used in a query, a log line or a script. */
export function isSecret(kind: SecretKind, text: string): boolean {
  return SECRET.test(text) && text.startsWith(PREFIX[kind]);
}

/** What is stored of a token. A plain hash will do where the token holds 256 random bits: there is nothing to guess. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
