// Reads side by side up to a cap, changes to one container one after another, and no lane in the way of another.
import { describe, expect, it } from 'vitest';
import { Lanes } from '../../../src/agent/worker/lanes.ts';
import { Semaphore } from '../../../src/platform/semaphore.ts';
import { NEVER, settle } from '../../platform/fake-clock.ts';

function world(reads = 2) {
  const lanes = new Lanes(new Semaphore(reads));
  const events: string[] = [];
  const gates = new Map<string, () => void>();
  const task = (name: string) => async (): Promise<void> => {
    events.push(`begin ${name}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    gates.set(name, resolve);
    await promise;
    events.push(`end ${name}`);
  };
  const end = async (name: string): Promise<void> => {
    gates.get(name)?.();
    await settle();
  };
  return { lanes, events, task, end };
}

describe('lanes', () => {
  it('run changes of one lane in the order they came, one at a time', async () => {
    const { lanes, events, task, end } = world();
    const all = ['a', 'b', 'c'].map((name) => lanes.change('web', task(name)));
    await settle();
    expect(events).toEqual(['begin a']);
    await end('a');
    expect(events).toEqual(['begin a', 'end a', 'begin b']);
    await end('b');
    await end('c');
    await Promise.all(all);
    expect(events).toEqual(['begin a', 'end a', 'begin b', 'end b', 'begin c', 'end c']);
  });

  it('run changes of different lanes, and reads, beside each other', async () => {
    const { lanes, events, task, end } = world();
    const all = [
      lanes.change('web', task('change web')),
      lanes.change('db', task('change db')),
      lanes.read(task('read'), NEVER),
    ];
    await settle();
    expect(events.toSorted()).toEqual(['begin change db', 'begin change web', 'begin read']);
    for (const name of ['change web', 'change db', 'read']) await end(name);
    await Promise.all(all);
  });

  it('run no more reads at once than they may', async () => {
    const { lanes, events, task, end } = world(2);
    const all = ['a', 'b', 'c'].map((name) => lanes.read(task(name), NEVER));
    await settle();
    expect(events).toEqual(['begin a', 'begin b']);
    await end('a');
    expect(events).toEqual(['begin a', 'begin b', 'end a', 'begin c']);
    await end('b');
    await end('c');
    await Promise.all(all);
  });

  it('reject a read that was stopped while it waited, without having begun it', async () => {
    const { lanes, events, task, end } = world(1);
    const first = lanes.read(task('a'), NEVER);
    const controller = new AbortController();
    const second = lanes.read(task('b'), controller.signal);
    controller.abort(new Error('stopped'));
    await expect(second).rejects.toThrow('stopped');
    await settle();
    await end('a');
    await first;
    expect(events).toEqual(['begin a', 'end a']);
  });
});
