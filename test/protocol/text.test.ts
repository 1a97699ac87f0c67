// Text that every database and every parser on the way takes.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timestamp, wireText } from '../../src/protocol/text.ts';

const anyUtf16 = fc
  .array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 60 })
  .map((units) => String.fromCharCode(...units));

describe('wireText', () => {
  it('leaves good text as it is', () => {
    expect(wireText('Grüße 世界 🚀\t\u001b[0m')).toBe('Grüße 世界 🚀\t\u001b[0m');
  });

  it('shows NUL and lone surrogates instead of sending them', () => {
    expect(wireText('a\u0000b')).toBe('a␀b');
    expect(wireText('a\ud800b')).toBe('a\ufffdb');
  });

  it('is always well-formed, without NUL, of the same length, and done after once', () => {
    fc.assert(
      fc.property(anyUtf16, (text) => {
        const sent = wireText(text);
        expect(sent.isWellFormed()).toBe(true);
        expect(sent).not.toContain('\u0000');
        expect(sent).toHaveLength(text.length);
        expect(wireText(sent)).toBe(sent);
      }),
    );
  });
});

describe('timestamp', () => {
  it.each(['2026-01-09T00:00:00Z', '2026-01-09T00:00:00.123456789Z', '2026-01-09T00:00:00+02:00'])(
    'takes %s',
    (text) => {
      expect(timestamp.safeParse(text).success).toBe(true);
    },
  );
  it.each(['2026-01-09T00:00:00', '2026-01-09', 'yesterday', '', `2026-01-09T00:00:00.${'1'.repeat(40)}Z`])(
    'refuses %j',
    (text) => {
      expect(timestamp.safeParse(text).success).toBe(false);
    },
  );
});
