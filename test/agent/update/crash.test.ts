// The updater dies at every single step it takes on disk, forward and back: what is left runs, and the next updater finishes the work.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { recover, update } from '../../../src/agent/update/updater.ts';
import type { Verdict } from '../../../src/agent/update/verdict.ts';
import { NEVER } from '../../platform/fake-clock.ts';
import { SmallHost, WISH } from './small-release.ts';

const SYNC = [
  'renameSync',
  'symlinkSync',
  'rmSync',
  'mkdirSync',
  'chmodSync',
  'writeSync',
  'fsyncSync',
  'writeFileSync',
] as const;
const ASYNC = ['open', 'mkdir', 'chmod', 'rm', 'rename'] as const;
const originals = { sync: { ...fs }, promises: { ...fs.promises } };

/** From the `step`th change on nothing reaches the disk any more, as after a power cut: whoever goes on is dead. */
function dieAt(step: number): { readonly died: () => boolean } {
  let taken = 0;
  const alive = (): boolean => {
    taken += 1;
    return taken < step;
  };
  for (const name of SYNC) {
    const original: unknown = originals.sync[name];
    Reflect.set(fs, name, (...words: unknown[]): unknown => {
      if (!alive()) throw new Error('dead');
      return typeof original === 'function' ? Reflect.apply(original, fs, words) : undefined;
    });
  }
  for (const name of ASYNC) {
    const original: unknown = originals.promises[name];
    Reflect.set(fs.promises, name, async (...words: unknown[]): Promise<unknown> => {
      if (!alive()) throw new Error('dead');
      return typeof original === 'function' ? await Reflect.apply(original, fs.promises, words) : undefined;
    });
  }
  syncBuiltinESMExports();
  return { died: () => taken >= step };
}

function revive(): void {
  for (const name of SYNC) Reflect.set(fs, name, originals.sync[name]);
  for (const name of ASYNC) Reflect.set(fs.promises, name, originals.promises[name]);
  syncBuiltinESMExports();
}

afterEach(revive);

async function updateThatDies(host: SmallHost, step: number): Promise<boolean> {
  const death = dieAt(step);
  try {
    await update(host.options, WISH, NEVER);
  } catch (error) {
    if (!death.died()) throw error;
  } finally {
    revive();
  }
  return death.died();
}

describe.each<[string, Verdict, readonly string[]]>([
  ['good', { kind: 'good' }, ['updated']],
  ['broken', { kind: 'broken', reason: 'it does not start' }, ['rolled-back']],
])('an update to a %s version that dies at every step', (_, verdict, outcomes) => {
  it('leaves a version that runs each time, and is finished by the next updater', { timeout: 120_000 }, async () => {
    let step = 1;
    for (; ; step += 1) {
      using host = new SmallHost();
      host.publish('1.1.0');
      host.verdict = verdict;
      const died = await updateThatDies(host, step);
      const current = host.installation.linked('current') ?? '';
      expect(host.installation.has(current), `step ${step}: ${current} is complete`).toBe(true);
      const lastGood = host.installation.linked('last-good') ?? current;
      expect(host.installation.has(lastGood), `step ${step}: last good`).toBe(true);
      await recover(host.options, NEVER);
      expect(host.ledger.attempt, `step ${step}`).toBeUndefined();
      // Either it had not begun to switch, and nobody was told of an end, or it ended as it had to.
      const outcome = host.ledger.resultOf('request-1')?.outcome;
      expect([undefined, ...outcomes], `step ${step}`).toContain(outcome);
      const after = host.installation.linked('current') ?? '';
      expect(after, `step ${step}: ${outcome}`).toBe(outcome === 'updated' ? '1.1.0' : '1.0.0');
      expect(host.installation.has(after)).toBe(true);
      if (!died) break;
    }
    // A number that would be lower if some step were not seen.
    expect(step).toBeGreaterThan(40);
  });
});
