// A ring before the wait is not lost, many are one, and a stop ends the wait.
import { describe, expect, it } from 'vitest';
import { Doorbell } from '../../src/platform/doorbell.ts';
import { NEVER, settle } from './fake-clock.ts';

async function isRung(bell: Doorbell): Promise<boolean> {
  const giveUp = new AbortController();
  let rung = false;
  const visitor = async (): Promise<void> => {
    await bell.wait(giveUp.signal);
    rung = !giveUp.signal.aborted;
  };
  const waiting = visitor();
  await settle();
  giveUp.abort();
  await waiting;
  return rung;
}

describe('doorbell', () => {
  it('wakes one who waits', async () => {
    const bell = new Doorbell();
    const waiting = bell.wait(NEVER);
    bell.ring();
    await expect(waiting).resolves.toBeUndefined();
  });

  it('remembers a ring until the next wait, once', async () => {
    const bell = new Doorbell();
    bell.ring();
    bell.ring();
    expect(await isRung(bell)).toBe(true);
    expect(await isRung(bell)).toBe(false);
  });

  it('ends the wait when the signal aborts, and can be waited for again', async () => {
    const bell = new Doorbell();
    await bell.wait(AbortSignal.abort());
    expect(await isRung(bell)).toBe(false);
    bell.ring();
    expect(await isRung(bell)).toBe(true);
  });
});
