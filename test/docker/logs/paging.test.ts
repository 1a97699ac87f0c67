// Pages put together are the log, byte for byte, on a real engine. Larger: npm run soak -- --logs.
import { describe, expect, inject, test } from 'vitest';
import { burst, oddLines, rotation } from './log-scenarios.ts';

const place = { socketPath: inject('engineSocket'), image: inject('engineImage') };
/** Printed with a failure; npm run soak -- --logs --seed tries others. */
const SEED = 19;

describe('pages put together are the log', () => {
  test.each(['json-file', 'local', 'tty', 'tty-local'] as const)(
    '%s: lines of every kind and length',
    async (driver) => {
      expect(await oddLines(place, driver, SEED, 700)).toEqual([]);
    },
  );

  test('50,000 lines at once, a thousand a page, and stretches by 400, 7 and 1', async () => {
    expect(await burst(place, 'json-file', SEED, { 400: 15, 7: 60, 1: 60 })).toEqual([]);
  });

  test.each([
    { driver: 'json-file', compress: false, lines: 4_000, limit: 100, newAgents: 0.3, tooSlow: false },
    { driver: 'json-file', compress: true, lines: 4_000, limit: 37, newAgents: 0.1, tooSlow: false },
    { driver: 'local', compress: true, lines: 4_000, limit: 400, newAgents: 0.5, tooSlow: false },
    { driver: 'json-file', compress: false, lines: 12_000, limit: 400, newAgents: 1, tooSlow: true },
  ] as const)(
    '$driver that is rotated meanwhile (compressed: $compress, faster than it is read: $tooSlow)',
    async (plan) => {
      expect(await rotation(place, SEED, plan)).toEqual([]);
    },
  );
});
