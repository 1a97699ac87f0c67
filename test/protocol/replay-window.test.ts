// A signed request is taken once and while it is fresh, from each agent for itself, in bounded memory.
import { describe, expect, it } from 'vitest';
import { ReplayWindow } from '../../src/protocol/replay-window.ts';

const NOW_MS = 1_767_916_800_000;
const NOW = NOW_MS / 1000;
const ID = '7f3c2f0e-3f7b-4a43-8a52-1f0f7c2c9d10';

describe('replay window', () => {
  it('takes a request once', () => {
    const window = new ReplayWindow();
    expect(window.check('agent-1', ID, String(NOW), NOW_MS)).toBe('fresh');
    expect(window.check('agent-1', ID, String(NOW), NOW_MS)).toBe('replayed');
    expect(window.check('agent-1', ID, String(NOW + 1), NOW_MS)).toBe('replayed');
  });

  it('keeps agents apart', () => {
    const window = new ReplayWindow();
    expect(window.check('agent-1', ID, String(NOW), NOW_MS)).toBe('fresh');
    expect(window.check('agent-2', ID, String(NOW), NOW_MS)).toBe('fresh');
  });

  it.each([
    [-300, 'fresh'],
    [300, 'fresh'],
    [-301, 'stale'],
    [301, 'stale'],
  ])('a timestamp %i s away is %s', (offset, verdict) => {
    expect(new ReplayWindow().check('a', ID, String(NOW + offset), NOW_MS)).toBe(verdict);
  });

  it.each([
    ['an empty id', '', String(NOW)],
    ['a short id', 'abc', String(NOW)],
    ['a long id', 'a'.repeat(65), String(NOW)],
    ['an id with a blank', 'abcd efgh', String(NOW)],
    ['no timestamp', ID, ''],
    ['a date', ID, '2026-01-09T00:00:00Z'],
    ['a fraction', ID, '1767916800.5'],
    ['a negative', ID, '-1'],
    ['an exponent', ID, '1e9'],
  ])('%s is malformed', (_, id, timestamp) => {
    expect(new ReplayWindow().check('a', id, timestamp, NOW_MS)).toBe('malformed');
  });

  it('remembers an id for as long as any timestamp of it stays acceptable', () => {
    const window = new ReplayWindow();
    // Sent with a clock 300 s ahead, the request stays fresh for 600 s.
    const ahead = String(NOW + 300);
    expect(window.check('a', ID, ahead, NOW_MS)).toBe('fresh');
    for (let second = 1; second <= 600; second += 1) {
      window.check('a', `filler-${second}`, String(NOW + second), NOW_MS + second * 1000);
    }
    expect(window.check('a', ID, ahead, NOW_MS + 600_000)).toBe('replayed');
    expect(window.check('a', ID, ahead, NOW_MS + 601_000)).toBe('stale');
  });

  it('forgets what can no longer be replayed', () => {
    const window = new ReplayWindow();
    for (let at = 0; at < 50; at += 1) window.check('a', `request-${at}`, String(NOW), NOW_MS);
    window.check('a', 'much-later', String(NOW + 3600), NOW_MS + 3_600_000);
    expect(window.size).toBe(1);
  });

  it('holds no more than it may, and the newest of them', () => {
    const window = new ReplayWindow(100);
    for (let at = 0; at < 1_000; at += 1) window.check('a', `request-${at}`, String(NOW), NOW_MS);
    expect(window.size).toBeLessThanOrEqual(100);
    expect(window.check('a', 'request-999', String(NOW), NOW_MS)).toBe('replayed');
  });
});
