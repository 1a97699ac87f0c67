// Finds the place of a cursor in a log that can only be read forwards from so many entries before its end.
import { type Docker, LOG_LEAD_ENTRIES, type LogLine, type LogReader } from './context.ts';
import { isLineAt, type LogPosition } from './log-cursor.ts';

/**
 * How far before the end to begin, one after the other. A window that begins behind the place is given up after its first lines and
 * costs the engine little more than finding where it begins; lines before the place have to be decoded and sent.
 */
const WINDOWS_ENTRIES = [4_000, 11_000, 44_000, 176_000, 704_000, 2_816_000, Number.POSITIVE_INFINITY] as const;

export function windowsFor(limit: number): readonly number[] {
  const first = limit + 2 * LOG_LEAD_ENTRIES;
  return [first, ...WINDOWS_ENTRIES.filter((entries) => entries > first)];
}

/** Lines before a place that may help a mask: those of a key block, and of a pair of lines. */
const RECENT_MAX_LINES = 256;
const RECENT_MAX_CHARS = 65_536;

/** The engine can write lines of the two streams out of order, by a few milliseconds. */
const DISORDER_MS = 20;

/** A reader that goes on directly after `position`, or undefined when that is not in the log any more. */
export async function readerAfter(
  docker: Docker,
  container: { readonly id: string; readonly limit: number },
  position: LogPosition,
  signal: AbortSignal,
): Promise<{ readonly reader: LogReader; readonly recent: readonly LogLine[] } | undefined> {
  for (const tail of windowsFor(container.limit)) {
    const reader = await docker.openLog(container.id, tail, signal);
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
  for (let batch = await reader.read(signal); batch !== undefined; batch = await reader.read(signal)) {
    for (const [at, line] of batch.entries()) {
      if (line.ts === position.ts && isLineAt(line, position)) {
        // Among the first lines of a window it may be another one that looks the same.
        if (line.unsure && !reader.wholeLog) return 'look-further-back';
        const following = await wholeLinesAfter(reader, batch.slice(at + 1), signal);
        if (following === undefined) return 'look-further-back';
        reader.unread(following);
        return recentOf(recent, batch.slice(0, at + 1));
      }
      // A clock that was set back can have put the place behind later lines: only the whole log is read in spite of them.
      if (line.ts > horizon && Number.isFinite(tail)) return 'look-further-back';
    }
    recent = recentOf(recent, batch);
  }
  return 'absent';
}

/**
 * The lines behind a place, read on until none can come that lacks its beginning; undefined when one of them may. A long line of the other stream
 * can have begun before the window and end behind the place.
 */
async function wholeLinesAfter(
  reader: LogReader,
  behind: readonly LogLine[],
  signal: AbortSignal,
): Promise<readonly LogLine[] | undefined> {
  const lines = [...behind];
  while (reader.unsettled) {
    const batch = await reader.read(signal);
    if (batch === undefined) break;
    lines.push(...batch);
  }
  return reader.wholeLog || !lines.some((line) => line.unsure) ? lines : undefined;
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
