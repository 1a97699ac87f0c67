// Joins the engine's entries into whole log lines with their timestamps and their place among lines of the same stamp. Pure.
//
// With `timestamps=1` every entry begins with an RFC 3339 stamp and a blank. Docker splits a message at 16 KiB, and stamps all its parts
// with the time of the first. Every part but the last is of 16 KiB and has no line feed; the driver `local` loses the last one's, too. A
// shorter one without is also what a program wrote before it ended: the next run's first line is not its continuation.
import { isAscii } from 'node:buffer';
import type { LogLine, LogStream } from '../../commands/context.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { endOfStamp, type EntrySink, PART_BYTES } from './log-frames.ts';

/** More than a report takes of a line, so that a secret which begins before the cut is seen whole before it is made. */
export const LINE_LOOKAHEAD_BYTES = 64 * 1024;
const KEPT_MAX_BYTES = LIMITS.logMessageMaxBytes + LINE_LOOKAHEAD_BYTES;
/** The entries of the longest lines there usually are (1 MiB has 64), and as many more. */
const LONG_LINE_ENTRIES = 128;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
/** For text that comes without a stamp, which no engine should send: a report needs one in every line. */
const NO_STAMP = '1970-01-01T00:00:00Z';
/** How the engine tells on a TTY, where it has no stream for it, that it cannot read on. */
const TROUBLE_ON_TTY = /^Error grabbing logs: /u;

const ANY_STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /gu;

interface OpenLine {
  readonly ts: string;
  readonly firstEntry: number;
  readonly parts: Buffer[];
  sizeBytes: number;
  /** Bytes beyond the limit, which are counted but not kept. */
  droppedBytes: number;
}

interface StreamState {
  open: OpenLine | undefined;
  /** The stamp of the last line that was completed. */
  ts: string | undefined;
  /** How many lines with that stamp came before it. */
  sameStamp: number;
  /** Whether what is read can lack the beginning of these lines, or lines of the same stamp. */
  unsure: boolean;
}

function stampsIn(text: string): number {
  return text.match(ANY_STAMP)?.length ?? 0;
}

/** Collects lines in the order of their completion; take them with `take` after each piece of input. */
export class LineAssembler implements EntrySink {
  readonly #wholeLog: boolean;
  readonly #tty: boolean;
  readonly #streams: Readonly<Record<LogStream, StreamState>>;
  #data: Buffer = Buffer.alloc(0);
  /** The same bytes as text, when each is one character. */
  #text: string | undefined;
  #lines: LogLine[] = [];
  #entriesMax = 0;
  /**
   * A stamp that was taken after the window had begun. Docker writes the lines of a stream one by one, so the stamp of the second is younger
   * than all that was written of the first. A line of the other stream with a younger one still has not begun before the window, wherever it ends;
   * one with an older stamp can have, however far behind the window's beginning its first entry is.
   */
  #windowBegunAt: string | undefined;
  #trouble: string | undefined;

  /** `wholeLog`: the first entry is the oldest there is. */
  constructor({ wholeLog, tty }: { readonly wholeLog: boolean; readonly tty: boolean }) {
    this.#wholeLog = wholeLog;
    this.#tty = tty;
    const fresh = (): StreamState => ({ open: undefined, ts: undefined, sameStamp: 0, unsure: false });
    this.#streams = { stdout: fresh(), stderr: fresh() };
  }

  /** Entries so far, which the engine counts as lines of a tail. On a TTY, where not every end of one can be told, at most so many. */
  get entriesMax(): number {
    return this.#entriesMax;
  }

  /** Why the engine could not read on. */
  get failure(): string | undefined {
    return this.#trouble;
  }

  /** A line has begun whose end has not come yet. */
  get hasOpenLine(): boolean {
    return this.#streams.stdout.open !== undefined || this.#streams.stderr.open !== undefined;
  }

  take(): readonly LogLine[] {
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }

  begin(data: Buffer): void {
    this.#data = data;
    // One string for all the lines, which they then share: a call for each line costs several times as much.
    this.#text = isAscii(data) ? data.toString('latin1') : undefined;
  }

  trouble(text: string): void {
    this.#trouble ??= text.trim().slice(0, 500);
  }

  entry(stream: LogStream, from: number, to: number): void {
    const state = this.#streams[stream];
    const textFrom = endOfStamp(this.#data, from, to);
    const ends = to > textFrom && this.#data[to - 1] === LINE_FEED;
    if (textFrom === from && this.#isTrouble(from, to)) return;
    this.#entriesMax += 1;
    if (this.#tty) this.#entriesMax += stampsIn(this.#slice(textFrom, to));
    const ts = textFrom === from ? (state.ts ?? NO_STAMP) : this.#slice(from, textFrom - 1);
    if (state.open === undefined && ends) {
      const textTo = this.#withoutReturn(textFrom, to - 1);
      this.#add(stream, state, ts, this.#slice(textFrom, textTo), 0, this.#entriesMax);
      return;
    }
    // On a TTY it may be the rest of the log, to which the next run adds.
    const isLastPart = ends || (to - textFrom < PART_BYTES && (!this.#tty || state.open !== undefined));
    state.open ??= { ts, firstEntry: this.#entriesMax, parts: [], sizeBytes: 0, droppedBytes: 0 };
    this.#append(state.open, textFrom, ends ? to - 1 : to);
    if (isLastPart) this.#close(stream, state, state.open);
  }

  /** Completes the lines whose end never came. */
  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) {
      const state = this.#streams[stream];
      if (state.open !== undefined) this.#close(stream, state, state.open);
    }
  }

  #isTrouble(from: number, to: number): boolean {
    if (to - from > 4_096) return false;
    const text = this.#slice(from, to);
    if (!TROUBLE_ON_TTY.test(text)) return false;
    this.trouble(text);
    return true;
  }

  #append(open: OpenLine, from: number, to: number): void {
    const kept = Math.min(to, from + Math.max(KEPT_MAX_BYTES - open.sizeBytes, 0));
    // A copy: the chunk it lies in would otherwise be held for as long as the line.
    if (kept > from) open.parts.push(Buffer.from(this.#data.subarray(from, kept)));
    open.sizeBytes += kept - from;
    open.droppedBytes += to - kept;
  }

  #close(stream: LogStream, state: StreamState, open: OpenLine): void {
    state.open = undefined;
    const bytes = open.parts.length === 1 ? open.parts[0] : Buffer.concat(open.parts);
    const withReturn = bytes !== undefined && open.droppedBytes === 0 && bytes.at(-1) === CARRIAGE_RETURN;
    const text = bytes?.toString('utf8', 0, bytes.length - (withReturn ? 1 : 0)) ?? '';
    this.#add(stream, state, open.ts, text, open.droppedBytes, open.firstEntry);
  }

  #add(
    stream: LogStream,
    state: StreamState,
    ts: string,
    message: string,
    droppedBytes: number,
    firstEntry: number,
  ): void {
    if (state.ts === ts) {
      state.sameStamp += 1;
    } else {
      state.unsure = state.ts === undefined && !this.#hasBegunInside(ts, firstEntry);
      if (state.ts !== undefined) this.#windowBegunAt ??= ts;
      state.ts = ts;
      state.sameStamp = 0;
    }
    this.#lines.push({ stream, ts, message, droppedBytes, sameStamp: state.sameStamp, unsure: state.unsure });
  }

  /** Of a stream's first line. Right behind the window's beginning its stamp proves nothing: the driver journald stamps each part anew. */
  #hasBegunInside(ts: string, firstEntry: number): boolean {
    if (this.#wholeLog) return true;
    return firstEntry > LONG_LINE_ENTRIES && this.#windowBegunAt !== undefined && ts > this.#windowBegunAt;
  }

  #withoutReturn(from: number, to: number): number {
    return to > from && this.#data[to - 1] === CARRIAGE_RETURN ? to - 1 : to;
  }

  #slice(from: number, to: number): string {
    return this.#text === undefined ? this.#data.toString('utf8', from, to) : this.#text.slice(from, to);
  }
}
