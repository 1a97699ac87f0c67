// The real clock: sleeps end early when told to, and a deadline says what it was.
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/platform/clock.ts';

describe('systemClock', () => {
  it('sleeps about as long as it is told', async () => {
    const beganMs = systemClock.monotonicMs();
    await systemClock.sleep(30);
    expect(systemClock.monotonicMs() - beganMs).toBeGreaterThanOrEqual(25);
  });

  it('wakes at once when the signal aborts, and does not reject', async () => {
    const controller = new AbortController();
    const slept = systemClock.sleep(60_000, controller.signal);
    controller.abort();
    await expect(slept).resolves.toBeUndefined();
    await expect(systemClock.sleep(60_000, controller.signal)).resolves.toBeUndefined();
  });

  it('can be told to wait longer than a timer can', async () => {
    const controller = new AbortController();
    let woke = false;
    const sleeper = async (): Promise<void> => {
      await systemClock.sleep(1e12, controller.signal);
      woke = true;
    };
    const slept = sleeper();
    await systemClock.sleep(20);
    expect(woke).toBe(false);
    controller.abort();
    await slept;
  });

  it('aborts a deadline with a TimeoutError, or with the reason of the signal that was first', async () => {
    using short = systemClock.deadline(10);
    await systemClock.sleep(30);
    expect(short.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'no answer within 10 ms' });
    const controller = new AbortController();
    using long = systemClock.deadline(60_000, controller.signal);
    controller.abort('stopped');
    expect(long.signal.reason).toBe('stopped');
    using late = systemClock.deadline(60_000, controller.signal);
    expect(late.signal.aborted).toBe(true);
  });

  it('does not fire a deadline that was given back', async () => {
    const deadline = systemClock.deadline(10);
    deadline[Symbol.dispose]();
    await systemClock.sleep(30);
    expect(deadline.signal.aborted).toBe(false);
  });
});
