// Pages of a log put together are the log: nothing twice, nothing missing, whatever the lines look like.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLine, LogStream } from '../../src/commands/context.ts';
import type { LogPosition } from '../../src/commands/log-cursor.ts';
import { linesAfter, newestLines, type Page, type PageRequest, type Settled } from '../../src/commands/log-page.ts';
import { NEVER } from '../platform/fake-clock.ts';
import { container, FakeDocker } from './fake-docker.ts';
import { line, linesTo } from './log-lines-of.ts';

const BOTH: ReadonlySet<LogStream> = new Set<LogStream>(['stdout', 'stderr']);

function world(lines: LogLine[]): { docker: FakeDocker; web: ReturnType<typeof container> } {
  const web = container('web', { lines });
  return { docker: new FakeDocker(web), web };
}

function wanted(id: string, limit: number, streams = BOTH, maxChars = 1_000_000): PageRequest {
  return { containerId: id, streams, limit, maxChars };
}

interface Read extends Settled {
  readonly lines: readonly LogLine[];
}

/** The page, of which as many lines are taken as fit. */
function settle(page: Page, fit = Number.POSITIVE_INFINITY): Read {
  const count = Math.min(page.lines.length, fit);
  const lines = page.giveWay === 'newest' ? page.lines.slice(0, count) : page.lines.slice(page.lines.length - count);
  const settled = page.settle(count);
  page[Symbol.dispose]();
  return { lines: lines.map((one) => ({ ...one, sameStamp: 0, unsure: false })), ...settled };
}

async function newest(docker: FakeDocker, request: PageRequest): Promise<Read> {
  return settle(await newestLines(docker, request, NEVER));
}

async function next(
  docker: FakeDocker,
  request: PageRequest,
  from: LogPosition | undefined,
  fit?: number,
): Promise<Read> {
  return settle(await linesAfter(docker, request, from, NEVER), fit);
}

/** Where two logs part, in a few words; undefined when they are the same. A whole diff of a thousand lines tells less. */
function difference(read: readonly LogLine[], log: readonly LogLine[]): string | undefined {
  const words = (one: LogLine | undefined): string =>
    one === undefined ? 'nothing' : `${one.ts} ${one.stream} ${one.message}`;
  const at = Array.from({ length: Math.max(read.length, log.length) }).findIndex(
    (_, index) => words(read[index]) !== words(log[index]),
  );
  return at === -1
    ? undefined
    : `line ${at} of ${log.length} (${read.length} read): ${words(read[at])} instead of ${words(log[at])}`;
}

/** Reads on from `from` until a page is not truncated. */
async function readAll(
  docker: FakeDocker,
  request: PageRequest,
  from?: LogPosition,
  between: (page: number) => void = () => undefined,
): Promise<readonly LogLine[]> {
  const all: LogLine[] = [];
  let position = from;
  for (let pages = 0; pages < 2_000; pages += 1) {
    between(pages);
    const page = await next(docker, request, position);
    all.push(...page.lines);
    position = page.position;
    if (!page.truncated) return all;
    expect(page.lines.length).toBeGreaterThan(0);
  }
  throw new Error('the pages never end');
}

describe('newest lines', () => {
  it('are the last ones, oldest first, and say whether there are more', async () => {
    const { docker, web } = world(linesTo(10));
    const page = await newest(docker, wanted(web.id, 4));
    expect(page.lines).toEqual(linesTo(10).slice(6));
    expect(page.truncated).toBe(true);
    expect((await newest(docker, wanted(web.id, 10))).truncated).toBe(false);
    expect((await newest(docker, wanted(web.id, 400))).lines).toHaveLength(10);
  });

  it('of an empty log are none, and from there the next page begins with the first line', async () => {
    const { docker, web } = world([]);
    const page = await newest(docker, wanted(web.id, 4));
    expect(page).toEqual({ lines: [], position: undefined, truncated: false });
    web.lines.push(line(1));
    expect((await next(docker, wanted(web.id, 4), page.position)).lines).toEqual([line(1)]);
  });

  it('are filtered by stream before they are counted', async () => {
    const chatty = Array.from({ length: 3_000 }, (_, at) => line(at, `out ${at}`));
    chatty[5] = line(5, 'first trouble', 'stderr');
    chatty[2_000] = line(2_000, 'second trouble', 'stderr');
    const { docker, web } = world(chatty);
    const page = await newest(docker, wanted(web.id, 2, new Set<LogStream>(['stderr'])));
    expect(page.lines.map((one) => one.message)).toEqual(['first trouble', 'second trouble']);
    expect(page.truncated).toBe(false);
  });

  it('fit into their size, the newest kept, and a line alone always fits', async () => {
    const { docker, web } = world([line(1, 'a'.repeat(1_000)), line(2, 'b'.repeat(1_000)), line(3, 'c'.repeat(1_000))]);
    const page = await newest(docker, wanted(web.id, 10, BOTH, 2_500));
    expect(page.lines.map((one) => one.message[0])).toEqual(['b', 'c']);
    expect(page.truncated).toBe(true);
    expect((await newest(docker, wanted(web.id, 10, BOTH, 10))).lines.map((one) => one.message[0])).toEqual(['c']);
  });
});

describe('pages', () => {
  it.each([1, 7, 400, 1_000])('of %i lines put together are the log', async (limit) => {
    const log = linesTo(limit === 1 ? 300 : 1_205);
    const { docker, web } = world(log);
    expect(difference(await readAll(docker, wanted(web.id, limit)), log)).toBeUndefined();
  });

  it.each([
    [1, 300],
    [7, 700],
    [400, 1_500],
  ])('of %i lines get through a second of %i in which everything looks the same', async (limit, count) => {
    const log = Array.from({ length: count }, (_, at) =>
      line(0, at % 3 === 0 ? 'same' : `n ${at % 5}`, at % 2 === 0 ? 'stdout' : 'stderr'),
    );
    const { docker, web } = world(log);
    expect(difference(await readAll(docker, wanted(web.id, limit)), log)).toBeUndefined();
  });

  it('go on after the newest lines with what was written since', async () => {
    const { docker, web } = world(linesTo(500));
    const page = await newest(docker, wanted(web.id, 100));
    web.lines.push(...linesTo(620).slice(500));
    expect(await readAll(docker, wanted(web.id, 50), page.position)).toEqual(linesTo(620).slice(500));
  });

  it('with nothing new are empty and stay where they are', async () => {
    const { docker, web } = world(linesTo(20));
    const page = await newest(docker, wanted(web.id, 5));
    const then = await next(docker, wanted(web.id, 5), page.position);
    expect(then).toEqual({ lines: [], position: page.position, truncated: false });
  });

  it('of one stream move on over the lines of the other', async () => {
    const log = Array.from({ length: 900 }, (_, at) => line(at, `n ${at}`, at % 300 === 0 ? 'stderr' : 'stdout'));
    const { docker, web } = world(log);
    const stderr = new Set<LogStream>(['stderr']);
    expect(await readAll(docker, wanted(web.id, 1, stderr))).toEqual(log.filter((one) => one.stream === 'stderr'));
    const last = await next(docker, wanted(web.id, 10, stderr), undefined);
    web.lines.push(line(1_000, 'news', 'stderr'));
    expect((await next(docker, wanted(web.id, 10, stderr), last.position)).lines).toEqual([
      line(1_000, 'news', 'stderr'),
    ]);
  });

  it('end early when they grow too large, and go on from there', async () => {
    const log = Array.from({ length: 50 }, (_, at) => line(at, 'x'.repeat(900)));
    const { docker, web } = world(log);
    const request = wanted(web.id, 1_000, BOTH, 5_000);
    expect((await next(docker, request, undefined)).lines.length).toBeLessThan(6);
    expect(await readAll(docker, request)).toEqual(log);
  });

  it('after a rotation give what is left and say that something is missing', async () => {
    const { docker, web } = world(linesTo(100));
    const { position } = await next(docker, wanted(web.id, 10), undefined);
    web.lines.splice(0, 60);
    docker.left.clear();
    const page = await next(docker, wanted(web.id, 1_000), position);
    expect(page.lines).toEqual(linesTo(100).slice(60));
    expect(page.truncated).toBe(true);
    const then = await next(docker, wanted(web.id, 1_000), page.position);
    expect(then).toMatchObject({ lines: [], truncated: false });
  });

  it('of lines that are rotated away meanwhile are complete as long as their reader is open', async () => {
    const { docker, web } = world(linesTo(100));
    const { position } = await next(docker, wanted(web.id, 10), undefined);
    web.lines.splice(0, 60);
    expect(await readAll(docker, wanted(web.id, 30), position)).toEqual(linesTo(100).slice(10));
  });

  it('find their place although the clock of the engine went back', async () => {
    const log = [line(50, 'a'), line(10, 'b'), line(50, 'c'), line(11, 'd')];
    const { docker, web } = world(log);
    expect(await readAll(docker, wanted(web.id, 1))).toEqual(log);
  });

  it.each([1, 7, 400])('of %i lines are the log whether or not their reader is still open', async (limit) => {
    const log = Array.from({ length: limit === 1 ? 300 : 2_500 }, (_, at) =>
      line(Math.floor(at / 40), `n ${at % 7}`, at % 3 === 0 ? 'stderr' : 'stdout'),
    );
    for (const lost of [2, 3]) {
      const { docker, web } = world(log);
      const pages = readAll(docker, wanted(web.id, limit), undefined, (page) => {
        if (page % lost === 0) docker.left.clear();
      });
      expect(difference(await pages, log)).toBeUndefined();
    }
  });

  it('from a reader that was left open have what was written since, too', async () => {
    const { docker, web } = world(linesTo(30));
    const first = await next(docker, wanted(web.id, 10), undefined);
    expect(docker.left.size).toBe(1);
    web.lines.push(...linesTo(40).slice(30));
    expect(await readAll(docker, wanted(web.id, 100), first.position)).toEqual(linesTo(40).slice(10));
    expect(docker.left.size).toBe(0);
  });

  it('of other streams do not take the reader of the first ones', async () => {
    const log = Array.from({ length: 60 }, (_, at) => line(at, `n ${at}`, at % 2 === 0 ? 'stderr' : 'stdout'));
    const { docker, web } = world(log);
    const first = await next(docker, wanted(web.id, 10, new Set<LogStream>(['stderr'])), undefined, 5);
    expect(first.lines.map((one) => one.message)).toEqual(['n 0', 'n 2', 'n 4', 'n 6', 'n 8']);
    expect((await next(docker, wanted(web.id, 3), first.position)).lines.map((one) => one.message)).toEqual([
      'n 9',
      'n 10',
      'n 11',
    ]);
  });

  it('of which not all lines fit into the report go on with the first that did not', async () => {
    const { docker, web } = world(linesTo(50));
    const first = await next(docker, wanted(web.id, 20), undefined, 3);
    expect(first).toMatchObject({ lines: linesTo(3), truncated: true });
    expect((await next(docker, wanted(web.id, 2), first.position)).lines).toEqual(linesTo(5).slice(3));
    docker.left.clear();
    expect((await next(docker, wanted(web.id, 2), first.position)).lines).toEqual(linesTo(5).slice(3));
  });

  it('from a place near the end open one small window, whatever the size of the log', async () => {
    const { docker, web } = world(linesTo(20_000));
    const { position } = await newest(docker, wanted(web.id, 1_000));
    docker.calls.length = 0;
    await next(docker, wanted(web.id, 1_000), position);
    expect(docker.calls).toEqual(['logs web 1256']);
  });

  it('have the lines before and behind them for a key that runs over several', async () => {
    const { docker, web } = world(linesTo(100));
    const { position } = await next(docker, wanted(web.id, 50), undefined);
    docker.left.clear();
    const page = await linesAfter(docker, wanted(web.id, 10), position, NEVER);
    expect(page.before.at(-1)?.message).toBe('line 49');
    expect(page.before).toHaveLength(50);
    expect(page.after).toEqual([]);
    web.lines.splice(60, 1, line(60, 'A'.repeat(64)), line(61, 'B'.repeat(64)));
    const key = await linesAfter(docker, wanted(web.id, 11), position, NEVER);
    expect(key.after[0]?.message).toBe('B'.repeat(64));
  });

  it('are the log for any log, any limit and any size', async () => {
    const anyLine = fc
      .tuple(
        fc.integer({ min: 0, max: 3 }),
        fc.constantFrom('a', 'b', '', 'longer text'),
        fc.constantFrom<LogStream>('stdout', 'stderr'),
      )
      .map(([at, message, stream]) => ({ at, message, stream }));
    const monotone = fc
      .array(anyLine, { maxLength: 60 })
      .map((lines) =>
        lines.toSorted((a, b) => a.at - b.at).map(({ at, message, stream }) => line(at, message, stream)),
      );
    await fc.assert(
      fc.asyncProperty(
        monotone,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 2_000 }),
        fc.constantFrom<readonly LogStream[]>(['stdout'], ['stderr'], ['stdout', 'stderr']),
        async (log, limit, maxBytes, streams) => {
          const { docker, web } = world(log);
          const request = wanted(web.id, limit, new Set(streams), maxBytes);
          const truth = log.filter((one) => streams.includes(one.stream));
          expect(difference(await readAll(docker, request), truth)).toBeUndefined();
        },
      ),
      { numRuns: 200 },
    );
  });
});
