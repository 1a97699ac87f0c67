// So many at once and no more, in the order they came, and nobody lost who gives up waiting.
import { describe, expect, it } from 'vitest';
import { Semaphore } from '../../src/platform/semaphore.ts';
import { NEVER, settle } from './fake-clock.ts';

describe('semaphore', () => {
  it('lets so many through and the next when one leaves, in order', async () => {
    const semaphore = new Semaphore(2);
    const first = await semaphore.acquire(NEVER);
    await semaphore.acquire(NEVER);
    const entered: string[] = [];
    const waiting = ['c', 'd'].map(async (name) => {
      const permit = await semaphore.acquire(NEVER);
      entered.push(name);
      return permit;
    });
    await settle();
    expect(entered).toEqual([]);
    first[Symbol.dispose]();
    await settle();
    expect(entered).toEqual(['c']);
    (await waiting[0])?.[Symbol.dispose]();
    await settle();
    expect(entered).toEqual(['c', 'd']);
  });

  it('gives no permit to one who gave up, and loses none by it', async () => {
    const semaphore = new Semaphore(1);
    const held = await semaphore.acquire(NEVER);
    const controller = new AbortController();
    const gaveUp = semaphore.acquire(controller.signal);
    const patient = semaphore.acquire(NEVER);
    controller.abort(new Error('stopped'));
    await expect(gaveUp).rejects.toThrow('stopped');
    held[Symbol.dispose]();
    await expect(patient).resolves.toBeDefined();
  });

  it('does not let in a signal that has aborted already', async () => {
    const semaphore = new Semaphore(1);
    await expect(semaphore.acquire(AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    await expect(semaphore.acquire(NEVER)).resolves.toBeDefined();
  });

  it('never lets in more than it may, whoever leaves and gives up when', async () => {
    const semaphore = new Semaphore(3);
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const controller = new AbortController();
        const entering = semaphore.acquire(controller.signal);
        if (at % 7 === 3) controller.abort(new Error('gave up'));
        try {
          using _permit = await entering;
          inside += 1;
          most = Math.max(most, inside);
          await settle();
          inside -= 1;
        } catch {
          // One that gave up.
        }
      }),
    );
    expect(most).toBe(3);
    expect(inside).toBe(0);
  });
});
