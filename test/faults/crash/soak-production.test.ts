// The soak at reduced size against a server that pops a command before it delivers it, and how doubled effects are told.
import { expect, inject, test } from 'vitest';
import { runSoak } from '../../../scripts/soak/soak-run.ts';
import { soakFaults, soakTable } from '../../../scripts/soak/soak-table.ts';
import { withoutEchoes } from '../../../scripts/soak/verdict.ts';

test('no delivery is lost in silence', async () => {
  const result = await runSoak({
    engine: { socketPath: inject('engineSocket') },
    image: inject('engineImage'),
    server: 'production',
    commands: 120,
    kills: 4,
    seed: 20_260_102,
    deadlineMs: 150_000,
    say: () => undefined,
  });
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
