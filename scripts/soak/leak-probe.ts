// A leak is what stays after a collection: loaded into the agent beside its program, this collects on SIGUSR2 and says what is left.
import { z } from 'zod';
import type { AgentProcess } from '../parts/agent-process.ts';

const MARK = 'leak-probe:';
const DEADLINE_MS = 30_000;

const SOURCE = `
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  // What the first sets free through finalizers the second finds.
  collect();
  collect();
  const spaces = getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size]);
  console.log('${MARK}' + JSON.stringify({ spaces, external: process.memoryUsage().external }));
});
`;

const answer = z.object({ spaces: z.array(z.tuple([z.string(), z.number()])), external: z.number() });

/** V8 keeps compiled code and what belongs to it apart from objects. */
const CODE = /code|trusted/u;

/** Environment under which Node loads the probe. It needs no file, so Node's permission model has nothing against it. */
export const PROBE_SETTINGS: Readonly<Record<string, string>> = {
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(SOURCE)}`,
};

export interface Left {
  readonly objectsKib: number;
  readonly codeKib: number;
  /** What lies outside the heap and is held by an object in it: buffers. */
  readonly buffersKib: number;
}

/** What the agent holds after a collection. Throws when it does not answer. */
export async function collectIn(agent: AgentProcess): Promise<Left> {
  agent.lines.length = 0;
  agent.kill('SIGUSR2');
  const line = await agent.line((one) => one.startsWith(MARK), DEADLINE_MS);
  const { spaces, external } = answer.parse(JSON.parse(line.slice(MARK.length)));
  const sum = (isCode: boolean): number =>
    spaces.filter(([name]) => CODE.test(name) === isCode).reduce((total, [, bytes]) => total + bytes, 0) / 1_024;
  return { objectsKib: sum(false), codeKib: sum(true), buffersKib: external / 1_024 };
}
