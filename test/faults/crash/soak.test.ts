// The soak at reduced size: nothing lost, nothing twice, in a network that loses a third of everything and with an agent that is killed;
// the control plane leases what it hands out.
import { expect, inject, test } from 'vitest';
import { runSoak } from '../../../scripts/soak/soak-run.ts';
import { soakFaults, soakTable } from '../../../scripts/soak/soak-table.ts';

test('against the reference control plane', async () => {
  const result = await runSoak({
    engine: { socketPath: inject('engineSocket') },
    image: inject('engineImage'),
    server: 'reference',
    commands: 250,
    kills: 8,
    seed: 20_260_101,
    deadlineMs: 150_000,
    say: () => undefined,
  });
  console.log(soakTable(result));
  expect(soakFaults(result)).toEqual([]);
});
