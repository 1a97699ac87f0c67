// A lasting trouble is told once, then hourly, then its end: not a line for every try.
import { describe, expect, it } from 'vitest';
import { Outage } from '../../../src/agent/worker/outage.ts';
import { FakeClock } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

function world() {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const board: string[] = [];
  const activity = {
    trouble: (what: string, reason: string) => board.push(`${what}: ${reason}`),
    over: (what: string) => board.push(`${what} over`),
  };
  return { clock, log, board, outage: new Outage('control plane', clock, log, activity) };
}

describe('outage', () => {
  it('of a day is five lines, and one at its end that says how long it was', async () => {
    const { clock, log, outage, board } = world();
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      outage.failed('HTTP 503');
      await clock.advance(60_000);
    }
    outage.ended();
    expect(log.lines.slice(0, -1).map((line) => line.fields['lasts_s'])).toEqual([0, 3_600, 10_800, 25_200, 54_000]);
    expect(log.lines.at(-1)).toEqual({
      level: 'info',
      message: 'control plane can be used again',
      fields: { tries: 1_440, lasted_s: 86_400 },
    });
    expect(board).toEqual(['control plane: HTTP 503', 'control plane over']);
  });

  it('tells a reason that changes, but not for ever', () => {
    const { log, outage } = world();
    outage.failed('HTTP 503');
    outage.failed('HTTP 503');
    outage.failed('ECONNREFUSED');
    expect(log.lines.map((line) => line.fields['reason'])).toEqual(['HTTP 503', 'ECONNREFUSED']);
    for (let time = 0; time < 100; time += 1) outage.failed(time % 2 === 0 ? 'HTTP 503' : 'ECONNREFUSED');
    expect(log.lines.length).toBeLessThan(8);
  });

  it('that is none says nothing', () => {
    const { log, outage, board } = world();
    outage.ended();
    outage.ended();
    expect(log.lines).toEqual([]);
    expect(board).toEqual([]);
  });

  it('begins anew after it has ended', () => {
    const { log, outage } = world();
    for (let time = 0; time < 2; time += 1) {
      outage.failed('HTTP 503');
      expect(outage.failures).toBe(1);
      outage.ended();
      expect(outage.failures).toBe(0);
    }
    expect(log.lines.map((line) => line.level)).toEqual(['warn', 'info', 'warn', 'info']);
  });
});
