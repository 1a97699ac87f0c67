// What happens to each request of a soak run on its way, drawn from the seed; and what that did to commands that were handed out.
import type { FaultProxy, NetworkFault, Passage } from '../../test/support/fault-proxy.ts';
import type { Seeded } from './seeded.ts';

const DROP_REQUEST = 0.3;
const DROP_ANSWER = 0.3;
const RESET = 0.02;
const TRUNCATE = 0.03;
const DELIVER_AGAIN = 0.15;
const DELAY = 0.1;
const DELAY_MAX_MS = 200;

function draw(random: Seeded): NetworkFault | undefined {
  if (random.chance(DROP_REQUEST)) return { kind: 'drop-request' };
  if (random.chance(DROP_ANSWER)) return { kind: 'drop-answer' };
  if (random.chance(RESET)) return { kind: 'reset' };
  if (random.chance(TRUNCATE)) return { kind: 'truncate' };
  if (random.chance(DELIVER_AGAIN)) return { kind: 'deliver-again', fraction: random.fraction() };
  return random.chance(DELAY) ? { kind: 'delay', ms: random.fraction() * DELAY_MAX_MS } : undefined;
}

/** From now on requests and answers are lost, late, cut off; `onPassage` is told of every request. */
export function disturb(proxy: FaultProxy, random: Seeded, onPassage: (passage: Passage) => void): void {
  proxy.plan = (passage) => {
    onPassage(passage);
    return draw(random);
  };
}
