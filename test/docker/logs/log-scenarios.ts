// The scenarios of paging, each on a real engine at any size: what a container wrote and what its pages give, and how they differ.
import { dockerClient, removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { Seeded } from '../../../scripts/soak/seeded.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { LogClient, type LogsPage } from './log-client.ts';
import { fileOrder, logConfigOf, type Place, printed } from './log-container.ts';
import { contentOf, type Driver, isTty, messagesOf } from './log-truth.ts';
import { differences, messages, type PageLine, readPages, sometimes } from './paging.ts';

/** What did not hold, in words; empty when all did. */
export type Faults = readonly string[];

const KIB = 1024;

/** Lines of every kind and length, read to the end in pages of random size by agents that come and go. */
export async function oddLines(place: Place, driver: Driver, seed: number, lines: number): Promise<Faults> {
  const random = new Seeded(seed);
  const long = [16 * KIB - 1, 16 * KIB, 16 * KIB + 1, 32 * KIB, 100 * KIB, 1_000_000, KIB * KIB];
  const written = contentOf(random, { lines, odd: 0.3, long: isTty(driver) ? long.slice(0, -2) : long });
  const name = `odd-${driver}-${seed}`;
  const options = driver.endsWith('local') ? { 'max-size': '100m' } : {};
  const id = await printed(place, { name, driver, logOptions: options }, written);
  try {
    const limits = [1, 7, 50, 400, 1_000];
    const paged = await readPages({
      ...place,
      app: name,
      from: LogClient.beginning(id, name),
      limit: (page) => limits[(page * 7 + seed) % limits.length] ?? 1,
      newAgent: sometimes(random, 0.4),
    });
    const streams = isTty(driver) ? (['stdout'] as const) : (['stdout', 'stderr'] as const);
    const faults = streams.flatMap((stream) =>
      differences(messages(paged.lines, stream), messagesOf(written[stream], driver), `${name} ${stream}`),
    );
    return [...paged.faults, ...faults, ...(driver === 'json-file' ? await orderFaults(place, id, paged.lines) : [])];
  } finally {
    await removeContainer(place, id);
  }
}

/** Both streams in the order of the engine's own file. */
async function orderFaults(place: Place, id: string, lines: readonly PageLine[]): Promise<Faults> {
  const entries = await fileOrder(place, id);
  if (entries === undefined) return [];
  const ends = entries.filter((entry) => entry.log.endsWith('\n')).map((entry) => entry.stream);
  return differences(
    lines.map((line) => line.stream),
    ends,
    'order of the streams',
  );
}

/** 50,000 lines at once, of both streams, paged by `limit`; `maxPages` of them from near the end, where paging one by one goes on for long. */
export async function burst(
  place: Place,
  driver: Driver,
  seed: number,
  limits: Readonly<Record<number, number>>,
): Promise<Faults> {
  const written = contentOf(new Seeded(seed), { lines: 25_000, odd: 0.01, long: [] });
  const name = `burst-${driver}-${seed}`;
  const id = await printed(place, { name, driver }, written);
  const faults: string[] = [];
  try {
    const all = await readPages({ ...place, app: name, from: LogClient.beginning(id, name), limit: () => 1_000 });
    for (const stream of ['stdout', 'stderr'] as const) {
      faults.push(
        ...all.faults,
        ...differences(messages(all.lines, stream), messagesOf(written[stream], driver), `${name} ${stream}`),
      );
    }
    for (const [limit, maxPages] of Object.entries(limits).map(([key, value]) => [Number(key), value] as const)) {
      // A place so many pages before the end, as an agent gives it for the page before.
      const begin = Math.max(all.lines.length - limit * maxPages, 0);
      using client = new LogClient(place.socketPath);
      const before = await cursorAfter(client, { app: name, id, count: begin });
      const random = new Seeded(seed + limit);
      const paged = await readPages({
        ...place,
        app: name,
        from: before,
        limit: () => limit,
        newAgent: sometimes(random, 0.3),
      });
      const told = (line: PageLine): string => `${line.stream} ${line.ts} ${line.message}`;
      faults.push(
        ...paged.faults,
        ...differences(paged.lines.map(told), all.lines.slice(begin).map(told), `${name} by ${limit}`),
      );
    }
    return faults;
  } finally {
    await removeContainer(place, id);
  }
}

/** The cursor behind the first `count` lines. */
export async function cursorAfter(
  client: LogClient,
  where: { readonly app: string; readonly id: string; readonly count: number },
): Promise<string> {
  let cursor = LogClient.beginning(where.id, where.app);
  for (let left = where.count; left > 0; ) {
    const page = await client.page({ app_code: where.app, limit: Math.min(left, 1_000), cursor });
    left -= page.lines.length;
    cursor = page.cursor;
  }
  return cursor;
}

export interface Rotation {
  readonly driver: 'json-file' | 'local';
  readonly compress: boolean;
  readonly lines: number;
  readonly limit: number;
  readonly newAgents: number;
  /** Slower than the rotation, so that lines are lost; else none may be. */
  readonly tooSlow: boolean;
}

const PADDING = 'x'.repeat(80);
const STRETCH_LINES = 400;

/** A container that writes numbered lines by the stretch, or without stopping. It waits for its first go after line 0. */
class Writer {
  readonly id: string;
  readonly #place: Place;
  readonly #plan: Rotation;
  #lettingTo = 0;

  private constructor(place: Place, plan: Rotation, id: string) {
    this.#place = place;
    this.#plan = plan;
    this.id = id;
  }

  static async start(place: Place, name: string, plan: Rotation): Promise<Writer> {
    const write = `echo "$i ${PADDING}"; i=$((i+1))`;
    const wait = plan.tooSlow
      ? '[ $((i % 50)) != 0 ] || usleep 1000'
      : `[ $((i % ${STRETCH_LINES})) != 0 ] || wait_for_go`;
    const script = `
      trap go=1 USR1
      wait_for_go() { until [ "$go" ]; do usleep 2000; done; go=; }
      i=0; ${write}; wait_for_go
      while [ $i -lt ${plan.lines} ]; do ${wait}; ${write}; done`;
    // Five files hold more than the two stretches that can be unread.
    const logOptions = { 'max-size': '50k', 'max-file': plan.tooSlow ? '2' : '5', compress: String(plan.compress) };
    const logConfig = logConfigOf({ name, driver: plan.driver, logOptions });
    const id = await runContainer(place, { image: place.image, name, command: ['sh', '-c', script], logConfig });
    return new Writer(place, plan, id);
  }

  /** Lets it write on when its last stretch is being read, so that it writes and rotates while it is read. A go that is not taken yet would swallow the next. */
  async goOn(readTo: number): Promise<void> {
    const mayGo = this.#lettingTo === 0 || (!this.#plan.tooSlow && readTo > this.#lettingTo - STRETCH_LINES);
    if (!mayGo || this.#lettingTo >= this.#plan.lines) return;
    this.#lettingTo += STRETCH_LINES;
    await dockerClient(this.#place).getContainer(this.id).kill({ signal: 'SIGUSR1' });
  }

  async isRunning(): Promise<boolean> {
    return (await dockerClient(this.#place).getContainer(this.id).inspect()).State.Running;
  }
}

async function afterFirstLine(client: LogClient, app: string, beginning: string): Promise<string> {
  for (;;) {
    const { lines, cursor } = await client.page({ app_code: app, limit: 10, cursor: beginning });
    if (lines.length > 0) return cursor;
  }
}

/** What is wrong with the numbers of a page that follows line `last`, and whether lines are missing before it. */
function gapOrFaults(page: LogsPage, last: number): { readonly gap: boolean; readonly faults: readonly string[] } {
  const numbers = page.lines.map(({ message }) => Number(message.split(' ')[0]));
  const [first = last + 1] = numbers;
  const faults = numbers.flatMap((number, at) =>
    at > 0 && number !== (numbers[at - 1] ?? 0) + 1 ? [`${number} after ${numbers[at - 1]} in one page`] : [],
  );
  if (first <= last) faults.push(`${first} again after ${last}`);
  if (first > last + 1 && !page.truncated) faults.push(`${first} follows ${last} and nothing is said of a gap`);
  return { gap: first > last + 1, faults };
}

/** A container writes numbered lines while its log is rotated and paged: none twice, in order, and a gap only where a page says so. */
export async function rotation(place: Place, seed: number, plan: Rotation): Promise<Faults> {
  const name = `rotation-${plan.driver}-${plan.compress}-${plan.limit}-${seed}`;
  const writer = await Writer.start(place, name, plan);
  const random = new Seeded(seed);
  const faults: string[] = [];
  let client = new LogClient(place.socketPath);
  let last = 0;
  let gaps = 0;
  try {
    let cursor = await afterFirstLine(client, name, LogClient.beginning(writer.id, name));
    for (let running = true; running; ) {
      running = await writer.isRunning();
      for (let more = true; more; ) {
        await writer.goOn(last);
        if (random.chance(plan.newAgents)) {
          client[Symbol.dispose]();
          client = new LogClient(place.socketPath);
        }
        const page = await client.page({ app_code: name, limit: plan.limit, cursor });
        if (page.errors.length > 0) throw new Error(page.errors.map((error) => error.message).join('; '));
        const found = gapOrFaults(page, last);
        faults.push(...found.faults.map((fault) => `${name}: ${fault}`));
        gaps += found.gap ? 1 : 0;
        last = Number(page.lines.at(-1)?.message.split(' ')[0] ?? last);
        cursor = page.cursor;
        more = page.truncated;
      }
      await systemClock.sleep(plan.tooSlow ? 400 : 20);
    }
    if (last !== plan.lines - 1) faults.push(`${name}: ends at ${last}`);
    if (!plan.tooSlow && gaps > 0) faults.push(`${name}: ${gaps} gaps`);
    if (plan.tooSlow && gaps === 0) faults.push(`${name}: nothing was lost, so that it shows nothing`);
    return faults.slice(0, 10);
  } finally {
    client[Symbol.dispose]();
    await removeContainer(place, writer.id);
  }
}
