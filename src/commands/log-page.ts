// Which lines of a container's log make up a page: the newest ones, or those after a position. Decides only; the engine is behind `Docker`.
import type { Docker, LogLine, LogStream } from './context.ts';
import { isLineAt, type LogPosition, lineHash } from './log-cursor.ts';

export interface PageRequest {
  readonly containerId: string;
  readonly streams: ReadonlySet<LogStream>;
  /** Lines at most, after the filter by stream. */
  readonly limit: number;
  /** Bytes of text at most; a page that would hold more ends early. */
  readonly maxBytes: number;
}

export interface Page {
  readonly lines: readonly LogLine[];
  /** Where the next page begins: the position of the last line looked at. undefined when the log is empty. */
  readonly position: LogPosition | undefined;
  /** Whether this page lacks lines that there are, or were: older ones, newer ones, or ones that are gone. */
  readonly truncated: boolean;
}

// The engine reads a log backwards from its end: a window that proves too small is taken four times as large, and at last the whole log.
const WINDOW_GROWTH = 4;
const WINDOW_MIN_LINES = 256;
const WINDOW_MAX_LINES = 262_144;
const WHOLE_LOG = Number.POSITIVE_INFINITY;

/** The newest lines, oldest first. */
export async function newestLines(docker: Docker, wanted: PageRequest, signal: AbortSignal): Promise<Page> {
  for (let tail = wanted.limit + 1; ; tail = grow(tail)) {
    const kept = new KeptLines(wanted, 'drop-oldest');
    const positions = new PositionCounter();
    let position: LogPosition | undefined;
    let firstTs: string | undefined;
    let seen = 0;
    for await (const line of docker.logs(wanted.containerId, tail, signal)) {
      seen += 1;
      firstTs ??= line.ts;
      position = positions.of(line);
      if (wanted.streams.has(line.stream)) kept.add(line);
    }
    const whole = seen < tail;
    if (whole || (kept.overflowed && reachesBefore(firstTs, position))) {
      return { lines: kept.lines, position, truncated: kept.overflowed };
    }
  }
}

/** The lines after `after` (undefined: from the oldest), oldest first. */
export async function linesAfter(
  docker: Docker,
  wanted: PageRequest,
  after: LogPosition | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const first = after === undefined ? WHOLE_LOG : Math.max(wanted.limit * 2, WINDOW_MIN_LINES);
  for (let tail = first; ; tail = grow(tail)) {
    const attempt = await readAfter(docker, wanted, after, tail, signal);
    if (attempt.kind === 'page') return attempt.page;
    // Not in the whole log: it was rotated away. What is left is given from its beginning, and marked as incomplete.
    if (attempt.kind === 'gone') return { ...(await linesAfter(docker, wanted, undefined, signal)), truncated: true };
  }
}

type Attempt =
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'gone' }
  | { readonly kind: 'look-further-back' };

async function readAfter(
  docker: Docker,
  wanted: PageRequest,
  after: LogPosition | undefined,
  tail: number,
  signal: AbortSignal,
): Promise<Attempt> {
  const kept = new KeptLines(wanted, 'stop');
  const positions = new PositionCounter();
  let position = after;
  let found = after === undefined;
  let firstTs: string | undefined;
  let matches = 0;
  let seen = 0;
  for await (const line of docker.logs(wanted.containerId, tail, signal)) {
    seen += 1;
    firstTs ??= line.ts;
    if (!found && after !== undefined) {
      if (isNear(line.ts, after.ts)) positions.of(line);
      if (isLineAt(line, after)) matches += 1;
      found = matches === after.nth;
      // A window that begins among lines that look like this one cannot tell which of them it is.
      if (found && tail !== WHOLE_LOG && !reachesBefore(firstTs, after)) return { kind: 'look-further-back' };
      continue;
    }
    if (wanted.streams.has(line.stream) && !kept.add(line)) break;
    position = positions.of(line);
  }
  if (!found) return { kind: seen < tail ? 'gone' : 'look-further-back' };
  return { kind: 'page', page: { lines: kept.lines, position, truncated: kept.overflowed } };
}

function grow(tail: number): number {
  return tail * WINDOW_GROWTH > WINDOW_MAX_LINES ? WHOLE_LOG : tail * WINDOW_GROWTH;
}

/** The engine can write lines of the two streams out of order, by a few milliseconds. */
const DISORDER_MS = 20;

/** Whether a window that begins with a line of `firstTs` holds every line that could be taken for the one at `position`. */
function reachesBefore(firstTs: string | undefined, position: LogPosition | undefined): boolean {
  return firstTs === undefined || position === undefined || Date.parse(firstTs) < Date.parse(position.ts) - DISORDER_MS;
}

function isNear(ts: string, otherTs: string): boolean {
  return Math.abs(Date.parse(ts) - Date.parse(otherTs)) <= DISORDER_MS;
}

/** Lines within the page's limits; beyond them either the oldest give way or no more are taken. */
class KeptLines {
  readonly #wanted: PageRequest;
  readonly #whenFull: 'drop-oldest' | 'stop';
  #lines: LogLine[] = [];
  #from = 0;
  #sizeBytes = 0;
  overflowed = false;

  constructor(wanted: PageRequest, whenFull: 'drop-oldest' | 'stop') {
    this.#wanted = wanted;
    this.#whenFull = whenFull;
  }

  get lines(): readonly LogLine[] {
    return this.#lines.slice(this.#from);
  }

  /** False when the line did not fit. One line alone always fits. */
  add(line: LogLine): boolean {
    const sizeBytes = lineBytes(line);
    while (this.#isFull(sizeBytes)) {
      this.overflowed = true;
      if (this.#whenFull === 'stop') return false;
      this.#dropOldest();
    }
    this.#lines.push(line);
    this.#sizeBytes += sizeBytes;
    return true;
  }

  #isFull(moreBytes: number): boolean {
    const count = this.#lines.length - this.#from;
    if (count === 0) return false;
    return count >= this.#wanted.limit || this.#sizeBytes + moreBytes > this.#wanted.maxBytes;
  }

  #dropOldest(): void {
    const oldest = this.#lines[this.#from];
    if (oldest !== undefined) this.#sizeBytes -= lineBytes(oldest);
    this.#from += 1;
    // Shifting an array for every line of a long log costs more than the log: cut it off in large pieces.
    if (this.#from > 4_096) {
      this.#lines = this.#lines.slice(this.#from);
      this.#from = 0;
    }
  }
}

// JSON around a line: {"ts":"…","stream":"stdout","message":"","redacted":false},
const LINE_OVERHEAD_BYTES = 110;

function lineBytes(line: LogLine): number {
  return Buffer.byteLength(JSON.stringify(line.message)) + LINE_OVERHEAD_BYTES;
}

/** Positions of lines read in order: which line of its text, stream and nanosecond each one is. */
class PositionCounter {
  readonly #counts = new Map<string, { readonly ts: string; count: number }>();

  of(line: LogLine): LogPosition {
    const hash = lineHash(line);
    const key = `${line.stream} ${line.ts} ${hash}`;
    const entry = this.#counts.get(key) ?? { ts: line.ts, count: 0 };
    entry.count += 1;
    this.#counts.set(key, entry);
    if (this.#counts.size > COUNTED_MAX_LINES) this.#forgetBefore(line.ts);
    return { ts: line.ts, stream: line.stream, hash, nth: entry.count };
  }

  #forgetBefore(ts: string): void {
    for (const [key, entry] of this.#counts) if (!isNear(entry.ts, ts)) this.#counts.delete(key);
  }
}

const COUNTED_MAX_LINES = 8_192;
