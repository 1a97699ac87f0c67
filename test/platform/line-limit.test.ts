// A flood of one sentence becomes a few lines that say how many there were; other sentences and the unlimited ones do not suffer.
import { describe, expect, it } from 'vitest';
import { LineLimit } from '../../src/platform/line-limit.ts';
import { FakeClock } from './fake-clock.ts';
import { RecordingLog } from './recording-log.ts';

const MINUTE_MS = 60_000;

function world() {
  const clock = new FakeClock();
  const written = new RecordingLog();
  const log = new LineLimit(written, clock, {
    burstCount: 3,
    everyMs: 5 * MINUTE_MS,
    unlimited: new Set(['command finished']),
  });
  return { clock, written, log };
}

describe('the line limit', () => {
  it('writes the first lines, then the newest of each interval with the number of those it stands for', async () => {
    const { clock, written, log } = world();
    for (let n = 1; n <= 1_000; n += 1) log.error('report refused', { n });
    expect(written.lines.map((line) => line.fields)).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
    await clock.advance(5 * MINUTE_MS);
    expect(written.lines.at(-1)).toEqual({
      level: 'error',
      message: 'report refused',
      fields: { n: 1_000, suppressed: 996 },
    });
    expect(written.lines).toHaveLength(4);
  });

  it('accounts for every line: written, or counted', async () => {
    const { clock, written, log } = world();
    const count = 5_000;
    for (let n = 0; n < count; n += 1) {
      log.warn('flapping', { n });
      await clock.advance(700);
    }
    log[Symbol.dispose]();
    const told = written.lines.reduce((sum, { fields }) => sum + 1 + Number(fields['suppressed'] ?? 0), 0);
    expect(told).toBe(count);
    const hours = (count * 700) / 3_600_000;
    expect(written.lines.length).toBeLessThanOrEqual(3 + hours * 12 + 1);
  });

  it('holds each sentence apart, and never one that is counted on', () => {
    const { written, log } = world();
    for (let n = 0; n < 50; n += 1) {
      log.warn('flood');
      log.info('command finished', { n });
    }
    log.error('something else');
    expect(written.messages().filter((message) => message === 'command finished')).toHaveLength(50);
    expect(written.messages().filter((message) => message === 'flood')).toHaveLength(3);
    expect(written.messages()).toContain('something else');
  });

  it('tells what it holds back when it is put away, and leaves no timer behind', async () => {
    const { clock, written, log } = world();
    for (let n = 0; n < 10; n += 1) log.error('last words', { n });
    log[Symbol.dispose]();
    await clock.advance(0);
    expect(written.lines.at(-1)?.fields).toEqual({ n: 9, suppressed: 6 });
    expect(clock.pending).toBe(0);
  });

  it('has its allowance back after a quiet time', async () => {
    const { clock, written, log } = world();
    for (let n = 0; n < 4; n += 1) log.info('now and then', { n });
    await clock.advance(60 * MINUTE_MS);
    for (let n = 0; n < 3; n += 1) log.info('now and then', { n });
    expect(written.lines).toHaveLength(4 + 3);
  });
});
