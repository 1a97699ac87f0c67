// Finds the place of a cursor in a log that can only be read forwards from so many entries before its end.
import type { Docker, LogLine, LogReader } from './context.ts';
import { isLineAt, type LogPosition } from './log-cursor.ts';

/**
 * How far before the end to begin, one after the other. A window that begins behind the place is given up after its first lines and
 * costs the engine little more than finding where it begins; lines before the place have to be decoded and sent.
 */
const WINDOWS_ENTRIES = [4_000, 11_000, 44_000, 176_000, 704_000, 2_816_000, Number.POSITIVE_INFINITY] as const;

/** More than the lines wanted, so that what stands at a window's beginning can be left out (a line of 1 MiB has 64 entries). */
const LEAD_ENTRIES = 256;

export function windowsFor(limit: number): readonly number[] {
  const first = limit + LEAD_ENTRIES;
  return [first, ...WINDOWS_ENTRIES.filter((entries) => entries > first)];
}

/** Lines before a place that may help a mask: those of a key block, and of a pair of lines. */
const RECENT_MAX_LINES = 256;
const RECENT_MAX_CHARS = 65_536;

/** The engine can write lines of the two streams out of order, by a few milliseconds. */
const DISORDER_MS = 20;

export interface Search {
  readonly id: string;
  readonly limit: number;
  /** The reader has to begin farther back than so many entries before the end. */
  readonly beyond: number;
}

/**
 * A reader that goes on directly after `position`, or undefined when that is not in the log any more. A line behind the place can still be
 * unsure, however far behind: one that had begun before the reader did.
 */
export async function readerAfter(
  docker: Docker,
  { id, limit, beyond }: Search,
  position: LogPosition,
  signal: AbortSignal,
): Promise<{ readonly reader: LogReader; readonly recent: readonly LogLine[] } | undefined> {
  for (const tail of windowsFor(limit)) {
    if (tail <= beyond) continue;
    const reader = await docker.openLog(id, tail, signal);
    try {
      const found = await seek(reader, position, tail, signal);
      if (typeof found === 'object') return { reader, recent: found };
      reader[Symbol.dispose]();
      if (found === 'absent' && reader.wholeLog) return undefined;
    } catch (error) {
      reader[Symbol.dispose]();
      throw error;
    }
  }
  return undefined;
}

/** Reads up to the line at `position` and returns it with lines before it; `absent`: it is not in all that this reader has. */
async function seek(
  reader: LogReader,
  position: LogPosition,
  tail: number,
  signal: AbortSignal,
): Promise<readonly LogLine[] | 'absent' | 'look-further-back'> {
  const horizon = new Date(Date.parse(position.ts) + DISORDER_MS).toISOString();
  let recent: readonly LogLine[] = [];
  let begunBefore = false;
  for (let batch = await reader.read(signal); batch !== undefined; batch = await reader.read(signal)) {
    for (const [at, line] of batch.entries()) {
      if (line.ts === position.ts && isLineAt(line, position)) {
        // Among the first lines of a window it may be another one that looks the same.
        if (line.unsure && !reader.wholeLog) return 'look-further-back';
        reader.unread(batch.slice(at + 1));
        return recentOf(recent, batch.slice(0, at + 1));
      }
      // A line that was long in the making stands behind younger ones of the other stream: they end the search only in a window that begins with
      // them. A clock that was set back can have put any place behind younger lines: the whole log is read in spite of them.
      if (line.ts > horizon && !begunBefore && Number.isFinite(tail)) return 'look-further-back';
      begunBefore ||= !line.unsure && line.ts <= position.ts;
    }
    recent = recentOf(recent, batch);
  }
  return 'absent';
}

/** The last lines of `earlier` and then `later`, as many as may be kept. */
export function recentOf(earlier: readonly LogLine[], later: readonly LogLine[]): readonly LogLine[] {
  const lines = later.length >= RECENT_MAX_LINES ? later : [...earlier, ...later];
  let from = lines.length;
  for (let chars = 0; from > 0 && lines.length - from < RECENT_MAX_LINES; from -= 1) {
    chars += lines[from - 1]?.message.length ?? 0;
    if (chars > RECENT_MAX_CHARS) break;
  }
  return lines.slice(from);
}
