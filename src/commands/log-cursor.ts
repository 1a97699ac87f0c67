// The log cursor: opaque to its users, versioned, bounded, bound to the app and container it came from, and sealed by the agent. Pure.
//
// 12 bytes of HMAC, then JSON, in base64url. The seal is the agent's own: a cursor that somebody else put together is refused before
// the engine is asked for anything.
import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../platform/fault.ts';
import type { ErrorCode } from '../protocol/error-code.ts';
import type { LogLine } from './context.ts';

/** The last line taken. Lines of one stream can share a nanosecond: `sameStamp` of them came directly before this one. */
export interface LogPosition {
  readonly ts: string;
  readonly stream: 'stdout' | 'stderr';
  readonly hash: string;
  readonly sameStamp: number;
}

export interface LogCursor {
  readonly containerId: string;
  readonly app: string;
  /** undefined: nothing was taken yet, the next page begins with the oldest line. */
  readonly position: LogPosition | undefined;
}

const VERSION = 2;
const HASH_CHARS = 16;
const CONTAINER_ID_CHARS = 16;
const SEAL_BYTES = 12;

const wire = z.strictObject({
  v: z.literal(VERSION),
  c: z.string().regex(/^[0-9a-f]{12,64}$/u),
  a: z.string().length(HASH_CHARS),
  p: z
    .strictObject({
      t: z.iso.datetime({ offset: true }).max(40),
      s: z.enum(['stdout', 'stderr']),
      h: z.string().length(HASH_CHARS),
      n: z.int().min(0).max(10_000_000),
    })
    .optional(),
});

export function encodeCursor(cursor: LogCursor, key: string): string {
  const { position } = cursor;
  const body: z.infer<typeof wire> = {
    v: VERSION,
    c: cursor.containerId.slice(0, CONTAINER_ID_CHARS),
    a: shortHash(cursor.app),
    ...(position === undefined
      ? {}
      : { p: { t: position.ts, s: position.stream, h: position.hash, n: position.sameStamp } }),
  };
  const bytes = Buffer.from(JSON.stringify(body));
  return Buffer.concat([sealOf(bytes, key), bytes]).toString('base64url');
}

/** Where to go on in the log of `containerId`; `recreated` when the cursor is of an earlier container of the same app. */
export function decodeCursor(
  text: string,
  container: { readonly id: string; readonly app: string },
  key: string,
): { readonly position: LogPosition | undefined; readonly recreated: boolean } {
  const parsed = wire.safeParse(openSealed(text, key));
  if (!parsed.success) throw invalidCursor('it is damaged, or was not made by this agent');
  const cursor = parsed.data;
  if (cursor.a !== shortHash(container.app)) throw invalidCursor('it belongs to another app');
  if (!container.id.startsWith(cursor.c)) return { position: undefined, recreated: true };
  const { p } = cursor;
  return { position: p && { ts: p.t, stream: p.s, hash: p.h, sameStamp: p.n }, recreated: false };
}

export function positionOf(line: LogLine): LogPosition {
  return { ts: line.ts, stream: line.stream, hash: lineHash(line), sameStamp: line.sameStamp };
}

export function isLineAt(line: LogLine, position: LogPosition): boolean {
  return (
    line.ts === position.ts &&
    line.sameStamp === position.sameStamp &&
    line.stream === position.stream &&
    lineHash(line) === position.hash
  );
}

function lineHash(line: LogLine): string {
  return shortHash(line.droppedBytes === 0 ? line.message : `${line.message}${line.droppedBytes}`);
}

function shortHash(text: string): string {
  return hash('sha256', text, 'base64url').slice(0, HASH_CHARS);
}

function sealOf(bytes: Buffer, key: string): Buffer {
  // The key may serve for more one day: what it seals here is named.
  return createHmac('sha256', createHash('sha256').update(`log-cursor ${key}`).digest())
    .update(bytes)
    .digest()
    .subarray(0, SEAL_BYTES);
}

function openSealed(text: string, key: string): unknown {
  const sealed = Buffer.from(text, 'base64url');
  const bytes = sealed.subarray(SEAL_BYTES);
  // One spelling for each cursor: base64 ignores what is not of its alphabet, and the last character has bits to spare.
  if (bytes.length === 0 || sealed.toString('base64url') !== text) return undefined;
  if (!timingSafeEqual(sealed.subarray(0, SEAL_BYTES), sealOf(bytes, key))) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function invalidCursor(why: string): Fault<ErrorCode> {
  return new Fault<ErrorCode>(
    'invalid_cursor',
    `the cursor cannot be used: ${why}; ask without a cursor to start from the newest lines`,
  );
}
