// Which lines of a container's log make up a page: the newest ones, or those after a position. The engine is behind `Docker`.
import type { Docker, LogLine, LogReader, LogStream } from './context.ts';
import { type LogPosition, positionOf } from './log-cursor.ts';
import { readerAfter, recentOf, windowsFor } from './log-search.ts';
import { Fault } from '../platform/fault.ts';

export interface PageRequest {
  readonly containerId: string;
  readonly streams: ReadonlySet<LogStream>;
  /** Lines at most, after the filter by stream. */
  readonly limit: number;
  /** Characters of text at most; a page that would hold more ends early. One line alone always fits. */
  readonly maxChars: number;
}

/** Lines that belong on the page if they fit into the report, which is only known when their secrets are masked. */
export interface Page extends Disposable {
  readonly lines: readonly LogLine[];
  /** Lines of both streams directly before and behind, for what a secret that runs over several lines looks like. */
  readonly before: readonly LogLine[];
  readonly after: readonly LogLine[];
  /** Which lines give way when not all of them fit. */
  readonly giveWay: 'oldest' | 'newest';
  /** Ends the page when `count` of its lines are taken: where the next page begins, and whether lines are missing here. */
  settle(count: number): Settled;
}

export interface Settled {
  /** undefined when the log is empty. */
  readonly position: LogPosition | undefined;
  /** Whether this page lacks lines that there are, or were: older ones, newer ones, or ones that are gone. */
  readonly truncated: boolean;
}

/** A page of one stream is given up after so many lines of the other: it says that there is more, and the next one goes on from there. */
const SCANNED_MAX_LINES = 1_000_000;
const PEEKED_MAX_LINES = 128;
const SHIFTED_LINES = 512;

/** The newest lines, oldest first. */
export async function newestLines(docker: Docker, wanted: PageRequest, signal: AbortSignal): Promise<Page> {
  for (const tail of windowsFor(wanted.limit)) {
    using reader = await docker.openLog(wanted.containerId, tail, signal);
    const newest = new NewestLines(wanted);
    for (let batch = await reader.read(signal); batch !== undefined; batch = await reader.read(signal))
      newest.add(batch);
    const enough = newest.endsSurely && (newest.isFull || tail >= SCANNED_MAX_LINES);
    if (enough || reader.wholeLog) return newest.page(reader.wholeLog);
  }
  throw new Error('the last window is the whole log');
}

/** The last lines of what is read, within the page's limits: beyond them the oldest give way. */
class NewestLines {
  readonly #wanted: PageRequest;
  /** The lines of the page, and before them what gave way last. */
  #lines: LogLine[] = [];
  #from = 0;
  #chars = 0;
  #dropped = false;
  #last: LogLine | undefined;

  constructor(wanted: PageRequest) {
    this.#wanted = wanted;
  }

  /** Nothing older would be on the page, whatever the window lacks. */
  get isFull(): boolean {
    return this.#dropped && !this.#lines.slice(this.#from).some((line) => line.unsure);
  }

  /** The last line, where the next page goes on, is whole, though it may not be of the page's streams. */
  get endsSurely(): boolean {
    return this.#last?.unsure !== true;
  }

  add(batch: readonly LogLine[]): void {
    for (const line of batch) {
      this.#last = line;
      if (!this.#wanted.streams.has(line.stream)) continue;
      this.#lines.push(line);
      this.#chars += line.message.length;
      while (this.#isTooMuch()) {
        this.#chars -= this.#lines[this.#from]?.message.length ?? 0;
        this.#from += 1;
        this.#dropped = true;
      }
    }
    // Shifting an array for every line of a long log costs more than the log: cut it off in large pieces.
    if (this.#from < SHIFTED_LINES) return;
    const before = recentOf([], this.#lines.slice(0, this.#from));
    this.#lines = [...before, ...this.#lines.slice(this.#from)];
    this.#from = before.length;
  }

  page(wholeLog: boolean): Page {
    const { giveWay, position } = { giveWay: 'oldest' as const, position: this.#last && positionOf(this.#last) };
    const all = this.#lines.slice(this.#from);
    // What may lack its beginning is not shown; an older page would have it whole.
    const sure = wholeLog ? 0 : all.findLastIndex((line) => line.unsure) + 1;
    const lines = all.slice(sure);
    const missing = this.#dropped || !wholeLog;
    return {
      lines,
      before: recentOf([], this.#lines.slice(0, this.#from + sure)),
      after: [],
      giveWay,
      settle: (count) => ({ position, truncated: missing || count < lines.length }),
      [Symbol.dispose]: () => undefined,
    };
  }

  #isTooMuch(): boolean {
    const count = this.#lines.length - this.#from;
    return count > this.#wanted.limit || (count > 1 && this.#chars > this.#wanted.maxChars);
  }
}

/** The lines after `after` (undefined: from the oldest), oldest first. */
export async function linesAfter(
  docker: Docker,
  wanted: PageRequest,
  after: LogPosition | undefined,
  signal: AbortSignal,
): Promise<Page> {
  const page = new PageAfter(wanted, after);
  try {
    let start = resumed(docker, wanted, after) ?? (await page.begin(docker, signal));
    for (;;) {
      const end = await page.collect(start, signal);
      // A reader ends where the log did when it was opened; one that was left open has to look again.
      if (end === 'full' || (end === 'end-of-log' && start.fresh)) return page;
      start = await page.begin(docker, signal, end === 'begun-before' ? start.reader.tail : 0);
    }
  } catch (error) {
    page[Symbol.dispose]();
    throw error;
  }
}

interface Start {
  readonly reader: LogReader;
  readonly recent: readonly LogLine[];
  /** Opened for this page, so that its end is the end of the log. */
  readonly fresh: boolean;
}

function resumed(docker: Docker, wanted: PageRequest, after: LogPosition | undefined): Start | undefined {
  if (after === undefined) return undefined;
  const reader = docker.resumeLog(wanted.containerId, placeOf(after, wanted));
  return reader === undefined ? undefined : { reader, recent: reader.recent, fresh: false };
}

// What a reader gave back are lines of the page's streams only: it can go on for those alone.
function placeOf({ ts, stream, sameStamp, hash }: LogPosition, wanted: PageRequest): string {
  return [ts, stream, sameStamp, hash, ...[...wanted.streams].toSorted()].join(' ');
}

class PageAfter implements Page {
  readonly giveWay = 'newest';
  readonly lines: LogLine[] = [];
  before: readonly LogLine[] = [];
  after: readonly LogLine[] = [];
  readonly #wanted: PageRequest;
  readonly #begin: LogPosition | undefined;
  #reader: LogReader | undefined;
  #chars = 0;
  #scanned = 0;
  /** The last line looked at that is not given back. */
  #last: LogLine | undefined;
  #more = false;
  #gap = false;

  constructor(wanted: PageRequest, begin: LogPosition | undefined) {
    this.#wanted = wanted;
    this.#begin = begin;
  }

  get #position(): LogPosition | undefined {
    return this.#last === undefined ? this.#begin : positionOf(this.#last);
  }

  /** A new reader that goes on where this page has come to, and has begun `beyond` so many entries before the end. */
  async begin(docker: Docker, signal: AbortSignal, beyond = 0): Promise<Start> {
    const { containerId: id, limit } = this.#wanted;
    this.#reader?.[Symbol.dispose]();
    this.#reader = undefined;
    const position = this.#position;
    const found =
      position === undefined ? undefined : await readerAfter(docker, { id, limit, beyond }, position, signal);
    if (found !== undefined) return { ...found, fresh: true };
    // Not in the whole log: it was rotated away. What is left is given from its beginning, and marked as incomplete.
    this.#gap ||= position !== undefined;
    return { reader: await docker.openLog(id, Number.POSITIVE_INFINITY, signal), recent: [], fresh: true };
  }

  /** `begun-before`: the next line can have begun before what this reader reads. */
  async collect(
    { reader, recent, fresh }: Start,
    signal: AbortSignal,
  ): Promise<'full' | 'end-of-log' | 'begun-before'> {
    this.#reader = reader;
    if (this.lines.length === 0) this.before = recent;
    try {
      while (this.#scanned < SCANNED_MAX_LINES) {
        const batch = await reader.read(signal);
        if (batch === undefined) return 'end-of-log';
        const whole = this.#wholeOf(batch, reader);
        const taken = this.#take(whole);
        if (taken === batch.length) continue;
        if (taken === whole.length && this.lines.length < this.#wanted.limit) return 'begun-before';
        this.#more = true;
        await this.#peek(reader, batch.slice(taken), signal);
        return 'full';
      }
      this.#more = true;
      return 'full';
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault)) throw error;
      // The engine may have been restarted since this reader was left.
      if (!fresh) return 'end-of-log';
      if (this.lines.length === 0) throw error;
      this.#more = true;
      return 'full';
    }
  }

  settle(count: number): Settled {
    const all = count === this.lines.length;
    const lastTaken = this.lines[count - 1];
    const position = all || lastTaken === undefined ? this.#position : positionOf(lastTaken);
    if ((this.#more || !all) && position !== undefined && this.#reader !== undefined) {
      this.#reader.unread(this.lines.slice(count));
      this.#reader.leave(placeOf(position, this.#wanted), recentOf(this.before, this.lines.slice(0, count)));
    }
    return { position, truncated: this.#more || this.#gap || !all };
  }

  [Symbol.dispose](): void {
    this.#reader?.[Symbol.dispose]();
  }

  /** The lines before the first of the page's that may lack its beginning. */
  #wholeOf(batch: readonly LogLine[], reader: LogReader): readonly LogLine[] {
    const at = batch.findIndex((line) => line.unsure && this.#wanted.streams.has(line.stream));
    return at === -1 || reader.wholeLog ? batch : batch.slice(0, at);
  }

  /** Returns how many lines of the batch are dealt with; fewer than all when the page is full. */
  #take(batch: readonly LogLine[]): number {
    this.#scanned += batch.length;
    for (const [at, line] of batch.entries()) {
      if (this.#wanted.streams.has(line.stream)) {
        const chars = this.#chars + line.message.length;
        const full =
          this.lines.length >= this.#wanted.limit || (this.lines.length > 0 && chars > this.#wanted.maxChars);
        if (full) return at;
        this.lines.push(line);
        this.#chars = chars;
      } else if (line.unsure) {
        // A place that is not whole could not be found again.
        continue;
      }
      this.#last = line;
    }
    return batch.length;
  }

  /** Looks at what follows a full page, if its last line may be in the middle of a key; gives all of it back. */
  async #peek(reader: LogReader, rest: readonly LogLine[], signal: AbortSignal): Promise<void> {
    const ahead = rest.filter((line) => this.#wanted.streams.has(line.stream));
    if (mayBeInKey(this.lines.at(-1)?.message ?? '')) {
      while (ahead.length < PEEKED_MAX_LINES) {
        const batch = await reader.read(signal);
        if (batch === undefined) break;
        ahead.push(...batch.filter((line) => this.#wanted.streams.has(line.stream)));
      }
      this.after = ahead.slice(0, PEEKED_MAX_LINES);
    }
    reader.unread(ahead);
  }
}

/** A line of the body of a key, bare or in quotes. */
function mayBeInKey(message: string): boolean {
  return message.length < 1_000 && /[A-Za-z0-9+/=]{40}/u.test(message);
}
