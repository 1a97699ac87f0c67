// The place of a cursor in windows that begin in the middle of a long line: whatever the window, what follows the place is whole.
import { describe, expect, it } from 'vitest';
import { Seeded } from '../../../scripts/soak/seeded.ts';
import { EngineLogReader } from '../../../src/agent/docker/log-reader.ts';
import type { LogLine, LogReader, LogStream } from '../../../src/commands/context.ts';
import { type LogPosition, positionOf } from '../../../src/commands/log-cursor.ts';
import { linesAfter, newestLines } from '../../../src/commands/log-page.ts';
import { FakeDocker } from '../../commands/fake-docker.ts';
import { NEVER } from '../../platform/fake-clock.ts';
import { frame } from './frames-of.ts';

const PART_CHARS = 16_384;
const PIECE_BYTES = 50_000;
const BOTH: ReadonlySet<LogStream> = new Set(['stdout', 'stderr']);

/** What the engine has: entries, of which a window takes the last so many. */
class LogOfEntries extends FakeDocker {
  readonly entries: readonly Buffer[];
  readonly tails: number[] = [];

  constructor(entries: readonly Buffer[]) {
    super();
    this.entries = entries;
  }

  override async openLog(_id: string, tail: number): Promise<LogReader> {
    this.tails.push(tail);
    const bytes = Buffer.concat(Number.isFinite(tail) ? this.entries.slice(-tail) : this.entries);
    let at = 0;
    return new EngineLogReader({
      bytes: {
        read: async () => {
          const piece = bytes.subarray(at, at + PIECE_BYTES);
          at += piece.length;
          return piece.length === 0 ? undefined : Buffer.from(piece);
        },
        release: () => undefined,
        [Symbol.dispose]: () => undefined,
      },
      first: Buffer.alloc(0),
      tail,
      tty: false,
      mayHaveGrown: async () => false,
      onLeave: () => undefined,
      onClose: () => undefined,
    });
  }
}

const stamped = (at: number): string => `2026-01-09T00:00:00.${String(at).padStart(9, '0')}Z `;

/** The parts of a line of so many whole ones and an end, with the stamp of the first, as Docker writes them. */
function long(stream: LogStream, at: number, parts: number): readonly Buffer[] {
  const whole = Array.from({ length: parts }, (_, part) =>
    frame(stream, stamped(at) + `${at} part ${part} `.padEnd(PART_CHARS, '.')),
  );
  return [...whole, frame(stream, `${stamped(at)}end of ${at}\n`)];
}

function short(stream: LogStream, at: number): Buffer {
  return frame(stream, `${stamped(at)}${stream} ${at}\n`);
}

const shorts = (stream: LogStream, at: number, count: number): readonly Buffer[] =>
  Array.from({ length: count }, (_, index) => short(stream, at + index));

async function readAll(docker: LogOfEntries): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  const reader = await docker.openLog('', Number.POSITIVE_INFINITY);
  for (let batch = await reader.read(NEVER); batch !== undefined; batch = await reader.read(NEVER))
    lines.push(...batch);
  docker.tails.length = 0;
  return lines;
}

const told = (lines: readonly LogLine[]): readonly string[] =>
  lines.map(({ stream, ts, message }) => `${stream} ${ts} ${message.length} ${message.slice(0, 30)}`);

interface Asked {
  readonly limit: number;
  readonly streams?: ReadonlySet<LogStream>;
}

function wanted({ limit, streams = BOTH }: Asked) {
  return { containerId: '', streams, limit, maxChars: 5_000_000 };
}

/** One page after a line, as an agent gives it that knows nothing but the cursor. */
async function pageAfter(docker: LogOfEntries, position: LogPosition, asked: Asked): Promise<readonly LogLine[]> {
  docker.tails.length = 0;
  using page = await linesAfter(docker, wanted(asked), position, NEVER);
  const { truncated } = page.settle(page.lines.length);
  expect(truncated, 'lines that are there count as missing').toBe(page.lines.length === asked.limit && truncated);
  return page.lines;
}

/** Compares the page after each line of the log, or every so many, with what follows there. */
async function expectExactPages(docker: LogOfEntries, asked: Asked, every = 1): Promise<void> {
  const { limit, streams = BOTH } = asked;
  const all = await readAll(docker);
  for (const [at, line] of all.entries()) {
    if (at % every !== 0) continue;
    const following = all.slice(at + 1).filter((one) => streams.has(one.stream));
    const page = await pageAfter(docker, positionOf(line), asked);
    expect(told(page), `after line ${at}`).toEqual(told(following.slice(0, limit)));
  }
  using newest = await newestLines(docker, wanted(asked), NEVER);
  expect(told(newest.lines)).toEqual(told(all.filter((one) => streams.has(one.stream)).slice(-limit)));
  const { position } = newest.settle(newest.lines.length);
  expect(position).toEqual(all.at(-1) === undefined ? undefined : positionOf(all[all.length - 1] ?? NO_LINE));
}

const NO_LINE: LogLine = { stream: 'stdout', ts: '', message: '', droppedBytes: 0, sameStamp: 0, unsure: true };

/** What two streams write at once, each line stamped when it begins and written when its turn comes, as the engine's two copiers do. */
function writtenAtOnce(random: Seeded, entries: number, dropsLineFeeds: boolean): readonly Buffer[] {
  const written: Buffer[] = [];
  const pending: Record<LogStream, Buffer[]> = { stdout: [], stderr: [] };
  let now = 0;
  let silentTo = 0;
  while (written.length < entries) {
    if (random.chance(0.8)) now += 1;
    const silent = written.length < silentTo;
    const stream = !silent && random.chance(0.3) ? 'stderr' : 'stdout';
    // In the middle of a line, above all.
    if (!silent && pending.stderr.length > 0 && random.chance(0.1)) silentTo = written.length + 100 + random.below(150);
    const [next] = pending[stream].splice(0, 1);
    if (next !== undefined) {
      written.push(next);
    } else if (random.chance(0.05)) {
      const parts = long(stream, now, 1 + random.below(20));
      const withFeed = dropsLineFeeds ? parts.slice(0, -1) : parts;
      pending[stream] = dropsLineFeeds ? [...withFeed, frame(stream, `${stamped(now)}end of ${now}`)] : [...parts];
    } else {
      const feed = random.chance(0.02) ? '' : '\n';
      pending[stream] = [frame(stream, `${stamped(now)}${random.chance(0.3) ? 'same' : `${stream} ${now}`}${feed}`)];
    }
  }
  return written;
}

describe('a page that follows a place', () => {
  it('has a long line whole that began before the window, and whose first part there comes late', async () => {
    const line = long('stdout', 1_000, 40);
    // So many of the other stream come between two parts that no bound on the beginning of a window would do.
    const entries = [
      ...shorts('stderr', 1, 2),
      ...line.slice(0, 20),
      ...shorts('stderr', 2_000, 250),
      ...line.slice(20),
      ...shorts('stdout', 3_000, 5),
    ];
    const docker = new LogOfEntries(entries);
    await expectExactPages(docker, { limit: 10 });
    await expectExactPages(docker, { limit: 10, streams: new Set(['stdout']) });
    await expectExactPages(docker, { limit: 10, streams: new Set(['stderr']) });
  });

  it('has a long line whole between whose parts the place is', async () => {
    const line = long('stdout', 1_000, 40);
    const between = shorts('stderr', 2_000, 40);
    const entries = [
      short('stderr', 1),
      ...line.slice(0, 20),
      ...line.slice(20).flatMap((part, at) => [part, ...between.slice(2 * at, 2 * at + 2)]),
      ...shorts('stdout', 3_000, 210),
    ];
    await expectExactPages(new LogOfEntries(entries), { limit: 1 });
  });

  it.each([
    [1, false],
    [2, true],
    [3, false],
    [4, true],
    [5, false],
    [6, true],
  ])('is exact whatever was written at once (seed %i, last line feeds lost: %s)', async (seed, dropsLineFeeds) => {
    const random = new Seeded(seed);
    const docker = new LogOfEntries(writtenAtOnce(random, 420, dropsLineFeeds));
    for (const streams of [BOTH, new Set<LogStream>(['stderr'])])
      await expectExactPages(docker, { limit: 1 + random.below(60), streams }, 5);
  });

  it('costs one look where nothing is in doubt, also when the other stream says something late', async () => {
    const before = shorts('stdout', 0, 1_000);
    const docker = new LogOfEntries([...before, ...shorts('stderr', 2_000, 1), ...shorts('stdout', 3_000, 2)]);
    const [near] = (await readAll(docker)).slice(-8);
    if (near === undefined) throw new Error('the log is empty');
    expect(await pageAfter(docker, positionOf(near), { limit: 10 })).toHaveLength(7);
    expect(docker.tails).toHaveLength(1);
  });

  it('looks no farther back than the line began', async () => {
    const line = long('stdout', 10_000, 3);
    const entries = [
      ...shorts('stderr', 0, 5_000),
      ...line.slice(0, 2),
      ...shorts('stderr', 20_000, 2_000),
      ...line.slice(2),
      ...shorts('stdout', 30_000, 10),
    ];
    const docker = new LogOfEntries(entries);
    const all = await readAll(docker);
    const [place] = all.slice(-12);
    if (place === undefined) throw new Error('the log is empty');
    expect(told(await pageAfter(docker, positionOf(place), { limit: 3 }))).toEqual(told(all.slice(-11).slice(0, 3)));
    expect(docker.tails).toEqual([259, 4_000]);
  });
});
