// A cursor leads back to where it was made, and anything else is refused in words, never with a crash.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, isLineAt, type LogPosition, positionOf } from '../../src/commands/log-cursor.ts';
import { Fault } from '../../src/platform/fault.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { idOf } from './fake-docker.ts';
import { line } from './log-lines-of.ts';

const WEB = idOf('web');
const KEY = 'key of the tests';
const HERE = { id: WEB, app: 'web' };
const position: LogPosition = { ...positionOf(line(1)), sameStamp: 3 };

function thrownBy(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

const anyPosition = fc.record({
  ts: fc.integer({ min: 0, max: 1e6 }).chain((at) => fc.nat(999_999_999).map((ns) => line(at, '', 'stdout', ns).ts)),
  stream: fc.constantFrom<LogPosition['stream']>('stdout', 'stderr'),
  hash: fc.string().map((message) => positionOf(line(0, message)).hash),
  sameStamp: fc.integer({ min: 0, max: 10_000_000 }),
});

describe('cursor', () => {
  it('is opaque, of the URL alphabet, and within the limit of the wire', () => {
    fc.assert(
      fc.property(anyPosition, fc.string({ minLength: 1, maxLength: 255 }), (at, app) => {
        const cursor = encodeCursor({ containerId: WEB, app, position: at }, KEY);
        expect(cursor).toMatch(/^[\w-]+$/u);
        expect(cursor.length).toBeLessThanOrEqual(LIMITS.cursorMaxChars);
      }),
    );
  });

  it('leads back to its position', () => {
    fc.assert(
      fc.property(fc.option(anyPosition, { nil: undefined }), fc.string({ minLength: 1 }), (at, app) => {
        const cursor = encodeCursor({ containerId: WEB, app, position: at }, KEY);
        expect(decodeCursor(cursor, { id: WEB, app }, KEY)).toEqual({ position: at, recreated: false });
      }),
    );
  });

  it('of an earlier container of the app begins anew, and says so', () => {
    const cursor = encodeCursor({ containerId: WEB, app: 'web', position }, KEY);
    expect(decodeCursor(cursor, { id: idOf('web-again'), app: 'web' }, KEY)).toEqual({
      position: undefined,
      recreated: true,
    });
  });

  it('of another app is refused', () => {
    const cursor = encodeCursor({ containerId: WEB, app: 'web', position }, KEY);
    expect(() => decodeCursor(cursor, { id: WEB, app: 'db' }, KEY)).toThrow(/another app/u);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'yesterday'],
    ['a timestamp', '2026-01-09T00:00:00Z'],
    ['JSON of something else', Buffer.from('[]').toString('base64url')],
    ['half of one', encodeCursor({ containerId: WEB, app: 'web', position }, KEY).slice(0, 40)],
  ])('that is %s is refused with what to do', (_, text) => {
    expect(() => decodeCursor(text, HERE, KEY)).toThrow(
      expect.objectContaining({ code: 'invalid_cursor', message: expect.stringContaining('without a cursor') }),
    );
  });

  it('that was made with another key, or changed in any way, is refused', () => {
    const cursor = encodeCursor({ containerId: WEB, app: 'web', position }, KEY);
    expect(() => decodeCursor(cursor, HERE, 'another key')).toThrow(/not made by this agent/u);
    const changed = fc
      .tuple(fc.nat(cursor.length - 1), fc.constantFrom('A', 'B', 'z', '0', '9', '-', '_', '='))
      .map(([at, letter]) => cursor.slice(0, at) + letter + cursor.slice(at + 1))
      .filter((text) => text !== cursor);
    fc.assert(
      fc.property(changed, (text) => {
        expect(thrownBy(() => decodeCursor(text, HERE, KEY))).toMatchObject({ code: 'invalid_cursor' });
      }),
    );
  });

  it('that is sealed but says nonsense is refused', () => {
    const body = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    for (const value of [[], { v: 2 }, null, { v: 1, c: WEB.slice(0, 16), a: 'x'.repeat(16) }]) {
      expect(() => decodeCursor(body(value), HERE, KEY)).toThrow(/not made by this agent/u);
    }
  });

  it('that is garbage is refused with a Fault, never with anything else', () => {
    const nearly = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), nearly), (text) => {
        const thrown = thrownBy(() => decodeCursor(text, HERE, KEY));
        expect(thrown === undefined || thrown instanceof Fault).toBe(true);
      }),
    );
  });

  it('tells lines apart by time, stream, text, and place among lines of one stamp', () => {
    const at = positionOf(line(1));
    expect(isLineAt(line(1), at)).toBe(true);
    expect(isLineAt(line(2, 'line 1'), at)).toBe(false);
    expect(isLineAt(line(1, 'line 1', 'stderr'), at)).toBe(false);
    expect(isLineAt(line(1, 'other'), at)).toBe(false);
    expect(isLineAt({ ...line(1), sameStamp: 1 }, at)).toBe(false);
    expect(isLineAt({ ...line(1), droppedBytes: 1 }, at)).toBe(false);
  });
});
