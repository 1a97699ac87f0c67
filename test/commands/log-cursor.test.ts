// A cursor leads back to where it was made, and anything else is refused in words, never with a crash.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, isLineAt, type LogPosition, lineHash } from '../../src/commands/log-cursor.ts';
import { Fault } from '../../src/platform/fault.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { idOf } from './fake-docker.ts';
import { line } from './log-lines-of.ts';

const WEB = idOf('web');
const position: LogPosition = { ts: line(1).ts, stream: 'stdout', hash: lineHash(line(1)), nth: 3 };

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
  hash: fc.string().map((message) => lineHash(line(0, message))),
  nth: fc.integer({ min: 1, max: 10_000_000 }),
});

describe('cursor', () => {
  it('is opaque, of the URL alphabet, and within the limit of the wire', () => {
    fc.assert(
      fc.property(anyPosition, fc.string({ minLength: 1, maxLength: 255 }), (at, app) => {
        const cursor = encodeCursor({ containerId: WEB, app, position: at });
        expect(cursor).toMatch(/^[\w-]+$/u);
        expect(cursor.length).toBeLessThanOrEqual(LIMITS.cursorMaxChars);
      }),
    );
  });

  it('leads back to its position', () => {
    fc.assert(
      fc.property(fc.option(anyPosition, { nil: undefined }), fc.string({ minLength: 1 }), (at, app) => {
        const cursor = encodeCursor({ containerId: WEB, app, position: at });
        expect(decodeCursor(cursor, WEB, app)).toEqual({ position: at, recreated: false });
      }),
    );
  });

  it('of an earlier container of the app begins anew, and says so', () => {
    const cursor = encodeCursor({ containerId: WEB, app: 'web', position });
    expect(decodeCursor(cursor, idOf('web-again'), 'web')).toEqual({ position: undefined, recreated: true });
  });

  it('of another app is refused', () => {
    const cursor = encodeCursor({ containerId: WEB, app: 'web', position });
    expect(() => decodeCursor(cursor, WEB, 'db')).toThrow(/another app/u);
  });

  it.each([
    ['nothing', ''],
    ['a word', 'yesterday'],
    ['a timestamp', '2026-01-09T00:00:00Z'],
    ['JSON of something else', Buffer.from('[]').toString('base64url')],
    [
      'another version',
      Buffer.from(JSON.stringify({ v: 2, c: WEB.slice(0, 16), a: 'x'.repeat(16) })).toString('base64url'),
    ],
    [
      'a key too many',
      Buffer.from(JSON.stringify({ v: 1, c: WEB.slice(0, 16), a: 'x'.repeat(16), z: 1 })).toString('base64url'),
    ],
    ['half of one', encodeCursor({ containerId: WEB, app: 'web', position }).slice(0, 40)],
  ])('that is %s is refused with what to do', (_, text) => {
    expect(() => decodeCursor(text, WEB, 'web')).toThrow(
      expect.objectContaining({ code: 'invalid_cursor', message: expect.stringContaining('without a cursor') }),
    );
  });

  it('that is garbage is refused with a Fault, never with anything else', () => {
    const nearly = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), nearly), (text) => {
        const thrown = thrownBy(() => decodeCursor(text, WEB, 'web'));
        expect(thrown === undefined || thrown instanceof Fault).toBe(true);
      }),
    );
  });

  it('tells lines apart by time, stream and text', () => {
    const at: LogPosition = { ts: line(1).ts, stream: 'stdout', hash: lineHash(line(1)), nth: 1 };
    expect(isLineAt(line(1), at)).toBe(true);
    expect(isLineAt(line(2, 'line 1'), at)).toBe(false);
    expect(isLineAt(line(1, 'line 1', 'stderr'), at)).toBe(false);
    expect(isLineAt(line(1, 'other'), at)).toBe(false);
  });
});
