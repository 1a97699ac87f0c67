// Pages of a log put together are the log: nothing twice, nothing missing, whatever the lines look like.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LogLine, LogStream } from '../../src/commands/context.ts';
import type { LogPosition } from '../../src/commands/log-cursor.ts';
import { linesAfter, newestLines, type PageRequest } from '../../src/commands/log-page.ts';
import { NEVER } from '../platform/fake-clock.ts';
import { container, FakeDocker } from './fake-docker.ts';
import { line, linesTo } from './log-lines-of.ts';

const BOTH: ReadonlySet<LogStream> = new Set<LogStream>(['stdout', 'stderr']);

function world(lines: LogLine[]): { docker: FakeDocker; web: ReturnType<typeof container> } {
  const web = container('web', { lines });
  return { docker: new FakeDocker(web), web };
}

function wanted(id: string, limit: number, streams = BOTH, maxBytes = 1_000_000): PageRequest {
  return { containerId: id, streams, limit, maxBytes };
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
async function readAll(docker: FakeDocker, request: PageRequest, from?: LogPosition): Promise<readonly LogLine[]> {
  const all: LogLine[] = [];
  let position = from;
  for (let pages = 0; pages < 2_000; pages += 1) {
    const page = await linesAfter(docker, request, position, NEVER);
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
    const page = await newestLines(docker, wanted(web.id, 4), NEVER);
    expect(page.lines).toEqual(linesTo(10).slice(6));
    expect(page.truncated).toBe(true);
    expect((await newestLines(docker, wanted(web.id, 10), NEVER)).truncated).toBe(false);
    expect((await newestLines(docker, wanted(web.id, 400), NEVER)).lines).toHaveLength(10);
  });

  it('of an empty log are none, and from there the next page begins with the first line', async () => {
    const { docker, web } = world([]);
    const page = await newestLines(docker, wanted(web.id, 4), NEVER);
    expect(page).toEqual({ lines: [], position: undefined, truncated: false });
    web.lines.push(line(1));
    expect((await linesAfter(docker, wanted(web.id, 4), page.position, NEVER)).lines).toEqual([line(1)]);
  });

  it('are filtered by stream before they are counted', async () => {
    const chatty = Array.from({ length: 3_000 }, (_, at) => line(at, `out ${at}`));
    chatty[5] = line(5, 'first trouble', 'stderr');
    chatty[2_000] = line(2_000, 'second trouble', 'stderr');
    const { docker, web } = world(chatty);
    const page = await newestLines(docker, wanted(web.id, 2, new Set<LogStream>(['stderr'])), NEVER);
    expect(page.lines.map((one) => one.message)).toEqual(['first trouble', 'second trouble']);
    expect(page.truncated).toBe(false);
  });

  it('fit into their size, the newest kept, and a line alone always fits', async () => {
    const { docker, web } = world([line(1, 'a'.repeat(1_000)), line(2, 'b'.repeat(1_000)), line(3, 'c'.repeat(1_000))]);
    const page = await newestLines(docker, wanted(web.id, 10, BOTH, 2_500), NEVER);
    expect(page.lines.map((one) => one.message[0])).toEqual(['b', 'c']);
    expect(page.truncated).toBe(true);
    expect((await newestLines(docker, wanted(web.id, 10, BOTH, 10), NEVER)).lines.map((one) => one.message[0])).toEqual(
      ['c'],
    );
  });

  it('count what a character costs in JSON', async () => {
    const { docker, web } = world([line(1, '\u0001'.repeat(100)), line(2, 'b')]);
    const page = await newestLines(docker, wanted(web.id, 10, BOTH, 600), NEVER);
    expect(page.lines.map((one) => one.message)).toEqual(['b']);
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
    const newest = await newestLines(docker, wanted(web.id, 100), NEVER);
    web.lines.push(...linesTo(620).slice(500));
    expect(await readAll(docker, wanted(web.id, 50), newest.position)).toEqual(linesTo(620).slice(500));
  });

  it('with nothing new are empty and stay where they are', async () => {
    const { docker, web } = world(linesTo(20));
    const newest = await newestLines(docker, wanted(web.id, 5), NEVER);
    const next = await linesAfter(docker, wanted(web.id, 5), newest.position, NEVER);
    expect(next).toEqual({ lines: [], position: newest.position, truncated: false });
  });

  it('of one stream move on over the lines of the other', async () => {
    const log = Array.from({ length: 900 }, (_, at) => line(at, `n ${at}`, at % 300 === 0 ? 'stderr' : 'stdout'));
    const { docker, web } = world(log);
    const stderr = new Set<LogStream>(['stderr']);
    expect(await readAll(docker, wanted(web.id, 1, stderr))).toEqual(log.filter((one) => one.stream === 'stderr'));
    const last = await linesAfter(docker, wanted(web.id, 10, stderr), undefined, NEVER);
    web.lines.push(line(1_000, 'news', 'stderr'));
    expect((await linesAfter(docker, wanted(web.id, 10, stderr), last.position, NEVER)).lines).toEqual([
      line(1_000, 'news', 'stderr'),
    ]);
  });

  it('end early when they grow too large, and go on from there', async () => {
    const log = Array.from({ length: 50 }, (_, at) => line(at, 'x'.repeat(900)));
    const { docker, web } = world(log);
    const request = wanted(web.id, 1_000, BOTH, 5_000);
    expect((await linesAfter(docker, request, undefined, NEVER)).lines.length).toBeLessThan(6);
    expect(await readAll(docker, request)).toEqual(log);
  });

  it('after a rotation give what is left and say that something is missing', async () => {
    const { docker, web } = world(linesTo(100));
    const { position } = await linesAfter(docker, wanted(web.id, 10), undefined, NEVER);
    web.lines.splice(0, 60);
    const page = await linesAfter(docker, wanted(web.id, 1_000), position, NEVER);
    expect(page.lines).toEqual(linesTo(100).slice(60));
    expect(page.truncated).toBe(true);
    const next = await linesAfter(docker, wanted(web.id, 1_000), page.position, NEVER);
    expect(next).toMatchObject({ lines: [], truncated: false });
  });

  it('find their place although the clock of the engine went back', async () => {
    const log = [line(50, 'a'), line(10, 'b'), line(50, 'c'), line(11, 'd')];
    const { docker, web } = world(log);
    expect(await readAll(docker, wanted(web.id, 1))).toEqual(log);
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
