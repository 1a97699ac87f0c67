// The log cursor: opaque to its users, versioned, bounded, and bound to the app and container it came from. Pure.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Fault } from '../platform/fault.ts';
import type { ErrorCode } from '../protocol/error-code.ts';
import type { LogLine } from './context.ts';

/** The last line taken. Several lines can share a nanosecond and a text, so the n-th of its kind is part of the position. */
export interface LogPosition {
  readonly ts: string;
  readonly stream: 'stdout' | 'stderr';
  readonly hash: string;
  readonly nth: number;
}

export interface LogCursor {
  readonly containerId: string;
  readonly app: string;
  /** undefined: nothing was taken yet, the next page begins with the oldest line. */
  readonly position: LogPosition | undefined;
}

const wire = z.strictObject({
  v: z.literal(1),
  c: z.string().regex(/^[0-9a-f]{12,64}$/u),
  a: z.string().length(16),
  p: z
    .strictObject({
      t: z.string().min(20).max(40),
      s: z.enum(['stdout', 'stderr']),
      h: z.string().length(16),
      n: z.int().min(1).max(10_000_000),
    })
    .optional(),
});

const CONTAINER_ID_CHARS = 16;

export function encodeCursor(cursor: LogCursor): string {
  const { position } = cursor;
  const body: z.infer<typeof wire> = {
    v: 1,
    c: cursor.containerId.slice(0, CONTAINER_ID_CHARS),
    a: shortHash(cursor.app),
    ...(position === undefined ? {} : { p: { t: position.ts, s: position.stream, h: position.hash, n: position.nth } }),
  };
  return Buffer.from(JSON.stringify(body)).toString('base64url');
}

/** Where to go on in the log of `containerId`; `recreated` when the cursor is of an earlier container of the same app. */
export function decodeCursor(
  text: string,
  containerId: string,
  app: string,
): { readonly position: LogPosition | undefined; readonly recreated: boolean } {
  const parsed = wire.safeParse(parseBase64Json(text));
  if (!parsed.success) throw invalidCursor('it is damaged or was made by another version');
  const cursor = parsed.data;
  if (cursor.a !== shortHash(app)) throw invalidCursor('it belongs to another app');
  if (!containerId.startsWith(cursor.c)) return { position: undefined, recreated: true };
  const { p } = cursor;
  return { position: p && { ts: p.t, stream: p.s, hash: p.h, nth: p.n }, recreated: false };
}

export function lineHash(line: LogLine): string {
  return shortHash(line.message);
}

export function isLineAt(line: LogLine, position: LogPosition): boolean {
  return line.ts === position.ts && line.stream === position.stream && lineHash(line) === position.hash;
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}

function parseBase64Json(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
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
