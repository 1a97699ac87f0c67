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

// The engine reads a log backwards from its end: a window that proves too small is taken four times as large.
const WINDOW_GROWTH = 4;
const WINDOW_MIN_LINES = 256;
const WINDOW_MAX_LINES = 2_000_000_000;

/** The newest lines, oldest first. */
export async function newestLines(docker: Docker, wanted: PageRequest, signal: AbortSignal): Promise<Page> {
  for (let tail = wanted.limit + 1; ; tail = grow(tail)) {
    const kept = new KeptLines(wanted, 'drop-oldest');
    const position = new PositionTracker();
    let seen = 0;
    for await (const line of docker.logs(wanted.containerId, tail, signal)) {
      seen += 1;
      position.take(line);
      if (wanted.streams.has(line.stream)) kept.add(line);
    }
    const wholeLog = seen < tail;
    if (kept.overflowed || wholeLog) return { lines: kept.lines, position: position.value, truncated: kept.overflowed };
  }
}

/** The lines after `after` (undefined: from the oldest), oldest first. */
export async function linesAfter(
  docker: Docker,
  wanted: PageRequest,
  after: LogPosition | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const wholeLog = after === undefined;
  for (let tail = wholeLog ? WINDOW_MAX_LINES : Math.max(wanted.limit * 2, WINDOW_MIN_LINES); ; tail = grow(tail)) {
    const attempt = await readAfter(docker, wanted, after, tail, signal);
    if (attempt.found || wholeLog) return attempt.page;
    // Not in the whole log: it was rotated away. What is left is given from its beginning, and marked as incomplete.
    if (attempt.seen < tail) return { ...(await linesAfter(docker, wanted, undefined, signal)), truncated: true };
  }
}

async function readAfter(
  docker: Docker,
  wanted: PageRequest,
  after: LogPosition | undefined,
  tail: number,
  signal: AbortSignal,
): Promise<{ readonly page: Page; readonly found: boolean; readonly seen: number }> {
  const kept = new KeptLines(wanted, 'stop');
  const position = new PositionTracker(after);
  let found = after === undefined;
  let matches = 0;
  let seen = 0;
  for await (const line of docker.logs(wanted.containerId, tail, signal)) {
    seen += 1;
    if (!found && after !== undefined) {
      if (isLineAt(line, after)) matches += 1;
      found = matches === after.nth;
      continue;
    }
    if (wanted.streams.has(line.stream) && !kept.add(line)) break;
    position.take(line);
  }
  return { page: { lines: kept.lines, position: position.value, truncated: kept.overflowed }, found, seen };
}

function grow(tail: number): number {
  return Math.min(tail * WINDOW_GROWTH, WINDOW_MAX_LINES);
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

/** Follows the position of the newest line taken, counting lines that look the same within one nanosecond. */
class PositionTracker {
  value: LogPosition | undefined;
  #counts = new Map<string, number>();
  #ts: string | undefined;

  constructor(start?: LogPosition) {
    this.value = start;
    if (start === undefined) return;
    this.#ts = start.ts;
    this.#counts.set(`${start.stream} ${start.hash}`, start.nth);
  }

  take(line: LogLine): void {
    if (line.ts !== this.#ts) {
      this.#ts = line.ts;
      this.#counts = new Map();
    }
    const hash = lineHash(line);
    const key = `${line.stream} ${hash}`;
    const nth = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, nth);
    this.value = { ts: line.ts, stream: line.stream, hash, nth };
  }
}
