// One at a time for each key, different keys beside each other, and nothing kept of keys that nobody holds.
import { describe, expect, it } from 'vitest';
import { KeyedLocks } from '../../src/platform/keyed-locks.ts';
import { NEVER, settle } from './fake-clock.ts';

describe('keyed locks', () => {
  it('let one through for each key, the others in the order they came', async () => {
    const locks = new KeyedLocks();
    const entered: string[] = [];
    const enter = async (key: string, name: string): Promise<Disposable> => {
      const lock = await locks.acquire(key, NEVER);
      entered.push(name);
      return lock;
    };
    const [first, second] = [enter('web', 'a'), enter('web', 'b')];
    await enter('db', 'c');
    expect(entered).toEqual(['a', 'c']);
    (await first)[Symbol.dispose]();
    await settle();
    expect(entered).toEqual(['a', 'c', 'b']);
    (await second)[Symbol.dispose]();
    await enter('web', 'd');
    expect(entered).toEqual(['a', 'c', 'b', 'd']);
  });

  it('let one go who gave up, without letting the next one in too early', async () => {
    const locks = new KeyedLocks();
    const held = await locks.acquire('web', NEVER);
    const controller = new AbortController();
    const gaveUp = locks.acquire('web', controller.signal);
    controller.abort(new Error('stopped'));
    await expect(gaveUp).rejects.toThrow('stopped');
    let entered = false;
    const enter = async (): Promise<void> => {
      await locks.acquire('web', NEVER);
      entered = true;
    };
    const waiting = enter();
    await settle();
    expect(entered).toBe(false);
    held[Symbol.dispose]();
    await waiting;
  });
});
