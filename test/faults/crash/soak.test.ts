// The soak at reduced size: nothing lost, nothing twice, in a network that loses a third of everything and with an agent that is killed.
import { expect, inject, test } from 'vitest';
import { runSoak } from '../../../scripts/soak/soak-run.ts';
import { soakFaults, soakTable } from '../../../scripts/soak/soak-table.ts';
import { withoutEchoes } from '../../../scripts/soak/verdict.ts';

const DEADLINE_MS = 150_000;
const common = {
  engine: { socketPath: inject('engineSocket') },
  image: inject('engineImage'),
  deadlineMs: DEADLINE_MS,
  say: (): void => undefined,
};

test('against the reference control plane, which leases', async () => {
  const result = await runSoak({ ...common, server: 'reference', commands: 250, kills: 8, seed: 20_260_101 });
  console.log(soakTable(result));
  expect(soakFaults(result)).toEqual([]);
});

test('against a server that pops before it delivers: no delivery is lost in silence', async () => {
  const result = await runSoak({ ...common, server: 'production', commands: 120, kills: 4, seed: 20_260_102 });
  console.log(soakTable(result));
  expect(soakFaults(result)).toEqual([]);
  expect(result.lostDeliveries).toBeGreaterThanOrEqual(20);
});

test('what the engine tells twice of a pause is not counted, and a pause that was made twice is', () => {
  const at = (...moments: readonly [string, number][]): ReturnType<typeof withoutEchoes> =>
    withoutEchoes(moments.map(([action, atMs]) => ({ action, atMs })));
  const echoed = at(['pause', 0], ['unpause', 40], ['pause', 41], ['unpause', 43], ['pause', 80]);
  expect(echoed.map(({ action }) => action)).toEqual(['pause', 'unpause', 'pause']);
  expect(at(['pause', 0], ['unpause', 40], ['pause', 80], ['unpause', 120])).toHaveLength(4);
  expect(at(['start', 0], ['die', 1], ['start', 2])).toHaveLength(3);
});
