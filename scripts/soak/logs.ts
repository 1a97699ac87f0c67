// The scenarios of paging at full size: what the tests of the Docker project do with small ones.
import { burst, type Faults, oddLines, rotation } from '../../test/docker/logs/log-scenarios.ts';
import type { Place } from '../../test/docker/logs/log-container.ts';

const ROUNDS = 5;
const SEED_MAX = 1_000_000;

/** Says what held, and returns what did not. */
export async function checkLogs(place: Place, seed: number | undefined, say: (line: string) => void): Promise<Faults> {
  const faults: string[] = [];
  const begin = seed ?? Math.floor(Math.random() * SEED_MAX);
  for (let round = begin; round < begin + ROUNDS; round += 1) {
    for (const [what, check] of scenarios(place, round)) {
      const begun = performance.now();
      const found = await check();
      faults.push(...found.map((fault) => `seed ${round}, ${what}: ${fault}`));
      say(
        `seed ${round}: ${what}: ${found.length === 0 ? 'holds' : 'DOES NOT HOLD'} (${Math.round((performance.now() - begun) / 1000)} s)`,
      );
    }
  }
  return faults;
}

function* scenarios(place: Place, seed: number): Generator<readonly [string, () => Promise<Faults>]> {
  for (const driver of ['json-file', 'local', 'tty', 'tty-local'] as const) {
    yield [`5,000 lines of every kind, ${driver}`, () => oddLines(place, driver, seed, 5_000)];
  }
  for (const driver of ['json-file', 'local'] as const) {
    yield [
      `50,000 lines at once, ${driver}`,
      () => burst(place, driver, seed, { 1_000: 50, 400: 100, 7: 500, 1: 500 }),
    ];
    for (const compress of [false, true]) {
      const plan = { driver, compress, newAgents: 0.3 };
      yield [
        `rotation, ${driver}, compressed: ${compress}`,
        () => rotation(place, seed, { ...plan, lines: 20_000, limit: 1 + (seed % 400), tooSlow: false }),
      ];
      yield [
        `rotation faster than it is read, ${driver}, compressed: ${compress}`,
        () => rotation(place, seed, { ...plan, newAgents: 1, lines: 40_000, limit: 400, tooSlow: true }),
      ];
    }
  }
}
