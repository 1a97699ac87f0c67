// The schedule: runs by the clock, moved by chance, never beside itself, and ends when it is told.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Progress } from '../../src/agent/liveness/progress.ts';
import { isCronExpression, runScheduled, type ScheduleOptions } from '../../src/agent/schedule.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { NEVER } from '../platform/fake-clock.ts';

// node-cron takes a sixth field in front for seconds, so that a test need not wait for a minute.
const EVERY_SECOND = '* * * * * *';
function optionsOf(signal: AbortSignal, fraction = 0): ScheduleOptions {
  const random = { fraction: () => fraction, uuid: () => '' };
  return { clock: systemClock, random, progress: new Progress(systemClock), signal };
}

afterEach(() => {
  vi.useRealTimers();
});

describe('the schedule', () => {
  it('runs again and again until it is stopped, and waits for the last run', async () => {
    const stop = new AbortController();
    let begun = 0;
    let ended = 0;
    const task = {
      name: 'counter',
      expression: EVERY_SECOND,
      jitterMs: 0,
      run: async () => {
        begun += 1;
        if (begun === 2) stop.abort();
        await systemClock.sleep(50);
        ended += 1;
      },
    };
    await runScheduled([task], optionsOf(stop.signal));
    expect(begun).toBe(2);
    expect(ended).toBe(2);
  });

  it('does not begin a run while the last one goes on', async () => {
    const stop = new AbortController();
    let running = 0;
    let most = 0;
    const task = {
      name: 'slow',
      expression: EVERY_SECOND,
      jitterMs: 0,
      run: async (signal: AbortSignal) => {
        running += 1;
        most = Math.max(most, running);
        await systemClock.sleep(2_500, signal);
        running -= 1;
      },
    };
    const scheduled = runScheduled([task], optionsOf(stop.signal));
    await systemClock.sleep(3_200);
    stop.abort();
    await scheduled;
    expect(most).toBe(1);
  });

  it('rejects with what a run rejects with', async () => {
    const task = {
      name: 'broken',
      expression: EVERY_SECOND,
      jitterMs: 0,
      run: async () => Promise.reject(new Error('a bug')),
    };
    await expect(runScheduled([task], optionsOf(NEVER))).rejects.toThrow('a bug');
  });

  it('moves a run by chance', async () => {
    const stop = new AbortController();
    const before = systemClock.monotonicMs();
    const task = { name: 'late', expression: EVERY_SECOND, jitterMs: 4_000, run: async () => stop.abort() };
    await runScheduled([task], optionsOf(stop.signal, 0.5));
    expect(systemClock.monotonicMs() - before).toBeGreaterThan(2_000);
  });

  it('goes on when the clock of the host is set back by hours', async () => {
    vi.useFakeTimers({ now: Date.parse('2026-01-09T12:00:30Z') });
    const stop = new AbortController();
    let runs = 0;
    const task = { name: 'often', expression: '*/2 * * * *', jitterMs: 0, run: async () => void (runs += 1) };
    const scheduled = runScheduled([task], optionsOf(stop.signal));
    await vi.advanceTimersByTimeAsync(4 * 60_000);
    expect(runs).toBe(2);
    vi.setSystemTime(Date.parse('2026-01-09T03:04:30Z'));
    await vi.advanceTimersByTimeAsync(6 * 60_000);
    expect(runs).toBeGreaterThanOrEqual(4);
    stop.abort();
    await scheduled;
  });

  it('knows an expression from anything else', () => {
    expect(isCronExpression('*/5 * * * *')).toBe(true);
    for (const wrong of ['', 'soon', '61 * * * *', '* * *']) expect(isCronExpression(wrong)).toBe(false);
  });
});
