// The place of a cursor in windows that begin in the middle of a long line: whatever the window, what follows the place is whole.
import { describe, expect, it } from 'vitest';
import { EngineLogReader } from '../../../src/agent/docker/log-reader.ts';
import type { LogLine, LogReader, LogStream } from '../../../src/commands/context.ts';
import { type LogPosition, positionOf } from '../../../src/commands/log-cursor.ts';
import { readerAfter } from '../../../src/commands/log-search.ts';
import { FakeDocker } from '../../commands/fake-docker.ts';
import { NEVER } from '../../platform/fake-clock.ts';
import { frame } from './frames-of.ts';

const PART_CHARS = 16_384;
const PIECE_BYTES = 50_000;
const NOWHERE: LogPosition = { ts: '', stream: 'stdout', sameStamp: 0, hash: '' };

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
      isRunning: async () => false,
      onLeave: () => undefined,
      onClose: () => undefined,
    });
  }
}

const stamped = (at: number): string => `2026-01-09T00:00:00.${String(at).padStart(9, '0')}Z `;

/** A line of so many whole parts and an end. */
function long(stream: LogStream, at: number, parts: number): readonly Buffer[] {
  const whole = Array.from({ length: parts }, (_, part) => {
    const text = `${at} part ${part} `.padEnd(PART_CHARS, '.');
    return frame(stream, stamped(at + part) + text);
  });
  return [...whole, frame(stream, `${stamped(at + parts)}end of ${at}\n`)];
}

function short(stream: LogStream, at: number): Buffer {
  return frame(stream, `${stamped(at)}${stream} ${at}\n`);
}

async function rest(reader: LogReader): Promise<readonly LogLine[]> {
  const lines: LogLine[] = [];
  for (let batch = await reader.read(NEVER); batch !== undefined; batch = await reader.read(NEVER))
    lines.push(...batch);
  return lines;
}

const told = (lines: readonly LogLine[]): readonly string[] =>
  lines.map(({ stream, ts, message }) => `${stream} ${ts} ${message.length} ${message.slice(0, 30)}`);

/** Looks for every line of the log and compares what follows it. */
async function expectWholeLinesAfterEach(docker: LogOfEntries, limit: number): Promise<void> {
  const all = await rest(await docker.openLog('', Number.POSITIVE_INFINITY));
  for (const [at, line] of all.entries()) {
    const found = await readerAfter(docker, { id: '', limit }, positionOf(line), NEVER);
    const following = found === undefined ? [] : await rest(found.reader);
    expect({ found: found !== undefined, following: told(following) }, `line ${at}`).toEqual({
      found: true,
      following: told(all.slice(at + 1)),
    });
  }
}

describe('the place of a cursor', () => {
  it('is not taken from a window that begins in a line of the other stream which ends behind the place', async () => {
    const line = long('stdout', 1_000, 40);
    // Lines of stderr come between the parts, far enough from the window's beginning to be certain themselves.
    const between = Array.from({ length: 40 }, (_, at) => short('stderr', 2_000 + at));
    const entries = [
      short('stderr', 1),
      ...line.slice(0, 20),
      ...line.slice(20).flatMap((part, at) => [part, ...between.slice(2 * at, 2 * at + 2)]),
      ...Array.from({ length: 210 }, (_, at) => short('stdout', 3_000 + at)),
    ];
    const docker = new LogOfEntries(entries);
    await expectWholeLinesAfterEach(docker, 1);
    expect(Math.max(...docker.tails.filter(Number.isFinite))).toBeGreaterThan(entries.length);
  });

  it('costs one look where nothing is in doubt', async () => {
    const docker = new LogOfEntries(Array.from({ length: 1_000 }, (_, at) => short('stdout', at)));
    const [near] = (await rest(await docker.openLog('', Number.POSITIVE_INFINITY))).slice(-5);
    docker.tails.length = 0;
    await readerAfter(docker, { id: '', limit: 10 }, near === undefined ? NOWHERE : positionOf(near), NEVER);
    expect(docker.tails).toHaveLength(1);
  });
});
