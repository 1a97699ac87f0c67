// The schedule: runs by the clock, moved by chance, never beside itself, and ends when it is told.
import { describe, expect, it } from 'vitest';
import { isCronExpression, runScheduled } from '../../src/agent/schedule.ts';
import { systemClock } from '../../src/platform/clock.ts';

// node-cron takes a sixth field in front for seconds, so that a test need not wait for a minute.
const EVERY_SECOND = '* * * * * *';
const noJitter = { fraction: () => 0, uuid: () => '' };

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
    await runScheduled([task], systemClock, noJitter, stop.signal);
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
    const scheduled = runScheduled([task], systemClock, noJitter, stop.signal);
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
    await expect(runScheduled([task], systemClock, noJitter, new AbortController().signal)).rejects.toThrow('a bug');
  });

  it('moves a run by chance', async () => {
    const stop = new AbortController();
    const before = systemClock.monotonicMs();
    const task = { name: 'late', expression: EVERY_SECOND, jitterMs: 4_000, run: async () => stop.abort() };
    await runScheduled([task], systemClock, { fraction: () => 0.5, uuid: () => '' }, stop.signal);
    expect(systemClock.monotonicMs() - before).toBeGreaterThan(2_000);
  });

  it('knows an expression from anything else', () => {
    expect(isCronExpression('*/5 * * * *')).toBe(true);
    for (const wrong of ['', 'soon', '61 * * * *', '* * *']) expect(isCronExpression(wrong)).toBe(false);
  });
});
