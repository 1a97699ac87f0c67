// The leak check tells a leak from noise: by samples that are made up, once with a leak in them.
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { changeOf, descriptorsOf, heldAt } from '../../../scripts/soak/descriptors.ts';
import { leaksIn, leakTable, type Sample } from '../../../scripts/soak/leak-verdict.ts';
import { Seeded } from '../../../scripts/soak/seeded.ts';

const FLAT: Omit<Sample, 'commands'> = {
  rssKib: 100_000,
  collectedRssKib: 99_000,
  objectsKib: 10_000,
  codeKib: 5_000,
  buffersKib: 6_000,
  descriptors: { 'journal.db': 1, pipe: 9 },
};

/** 40 samples over 100,000 commands, with noise of `noiseKib` in what the kernel counts. */
function samples(
  noiseKib: number,
  seed = 1,
  grown: (commands: number) => Partial<Sample> = () => ({}),
): readonly Sample[] {
  const random = new Seeded(seed);
  return Array.from({ length: 40 }, (_, at) => {
    const commands = (at + 1) * 2_500;
    const noise = (): number => (random.fraction() - 0.5) * 2 * noiseKib;
    return {
      ...FLAT,
      commands,
      rssKib: FLAT.rssKib + noise(),
      collectedRssKib: FLAT.collectedRssKib + noise(),
      ...grown(commands),
    };
  });
}

test('noise is no leak, but for the few times in a hundred that any such test errs', () => {
  const seeds = Array.from({ length: 200 }, (_, at) => at);
  const alarms = seeds.filter((seed) => leaksIn(samples(1_500, seed)).length > 0);
  expect(alarms.length).toBeLessThan(20);
});

test('twenty bytes a command are told by what is left after a collection, though they drown in what the kernel counts', () => {
  const leaking = samples(1_500, 1, (commands) => ({ objectsKib: FLAT.objectsKib + (commands * 20) / 1_024 }));
  expect(leaksIn(leaking)).toEqual([expect.stringMatching(/^objects .* grows by 19\.531/u)]);
  expect(leakTable(leaking)).toMatch(/objects after a collection, KiB .* 19\.531 ± 0\.000/u);
});

test('a descriptor for every ten thousand commands is told, and which it is', () => {
  const leaking = samples(0, 1, (commands) => ({
    descriptors: { ...FLAT.descriptors, 'journal.db': 1 + Math.floor(commands / 10_000) },
  }));
  expect(leaksIn(leaking)).toEqual([expect.stringMatching(/^descriptors held: grows by .*\(journal\.db 6 → 11\)$/u)]);
});

test('descriptors are told by what they are, and only those that stay', () => {
  const before = descriptorsOf(process.pid);
  const descriptor = openSync(import.meta.filename, 'r');
  const during = descriptorsOf(process.pid);
  closeSync(descriptor);
  expect(changeOf(before, { ...before, ...during })).toContain('leak-verdict.test.ts 0 → 1');
  expect(heldAt([{ file: 1, 'tcp to port 80': 2 }, { file: 1 }, { file: 2, 'tcp to port 80': 1 }])).toEqual({
    file: 1,
  });
});
