// Cuts the engine's log stream into entries: multiplexed frames of a container without a TTY, stamped raw bytes of one with. Pure.
//
// Our own because docker-modem's recurses once a frame, overflows the stack at some 5,000 frames in a chunk, and drops a
// last frame that was cut off.
import type { LogStream } from '../../commands/context.ts';

/** Takes entries as places in the bytes they lie in: an object for each of a million lines would cost more than the line. */
export interface EntrySink {
  /** The entries that follow lie in `data`. */
  begin(data: Buffer): void;
  /** One entry: a stamp, a blank, and a message or a 16 KiB part of one, with its line feed if it ends here. */
  entry(stream: LogStream, from: number, to: number): void;
  /** The engine's own words in the middle of the log: it cannot read on. */
  trouble(text: string): void;
}

/** Feed chunks as they come; entries may be cut anywhere. */
export interface EntryDecoder {
  push(chunk: Buffer, sink: EntrySink): void;
  /** What is left of an entry whose end never came: a crashing container's last words. */
  end(sink: EntrySink): void;
}

const HEADER_BYTES = 8;
/** The engine's own pieces are 16 KiB plus a timestamp; anything far beyond is not a frame. */
const FRAME_MAX_BYTES = 16 * 1024 * 1024;
const NOTHING: Buffer = Buffer.alloc(0);
/** stdcopy's third stream: an error of the engine while it reads. */
const SYSTEM_ERROR = 3;
const STDOUT = 1;
const STDERR = 2;

export class FrameDecoder implements EntryDecoder {
  /** A frame whose end has not come. */
  #rest: Buffer = NOTHING;

  /** Throws on bytes that cannot be a frame header. */
  push(chunk: Buffer, sink: EntrySink): void {
    const at = this.#rest.length === 0 ? 0 : this.#complete(chunk, sink);
    const to = at < chunk.length ? takeFrames(chunk, at, sink) : at;
    if (to < chunk.length) this.#rest = Buffer.from(chunk.subarray(to));
  }

  end(sink: EntrySink): void {
    const data = this.#rest;
    this.#rest = NOTHING;
    if (data.length <= HEADER_BYTES) return;
    sink.begin(data);
    hand(sink, data[0], data, HEADER_BYTES, data.length);
  }

  /** Adds to the frame that is not complete what it lacks; returns where the next one begins. */
  #complete(chunk: Buffer, sink: EntrySink): number {
    let at = 0;
    // First the rest of its header, then of its body.
    for (let lacking = lackingBytes(this.#rest); lacking > 0 && at < chunk.length; lacking = lackingBytes(this.#rest)) {
      const end = Math.min(at + lacking, chunk.length);
      this.#rest = Buffer.concat([this.#rest, chunk.subarray(at, end)]);
      at = end;
    }
    if (lackingBytes(this.#rest) === 0) {
      takeFrames(this.#rest, 0, sink);
      this.#rest = NOTHING;
    }
    return at;
  }
}

/** Of the header, or once that is there of the whole frame. */
function lackingBytes(begun: Buffer): number {
  return begun.length < HEADER_BYTES ? HEADER_BYTES - begun.length : HEADER_BYTES + bodyBytes(begun, 0) - begun.length;
}

function bodyBytes(data: Buffer, at: number): number {
  const sizeBytes = data.readUInt32BE(at + 4);
  if (!isType(data[at]) || sizeBytes > FRAME_MAX_BYTES) throw new Error('the log stream is not in frames');
  return sizeBytes;
}

/** Hands over the frames that are complete, and returns where the rest begins. */
function takeFrames(data: Buffer, from: number, sink: EntrySink): number {
  sink.begin(data);
  let at = from;
  while (data.length - at >= HEADER_BYTES) {
    const to = at + HEADER_BYTES + bodyBytes(data, at);
    if (to > data.length) break;
    hand(sink, data[at], data, at + HEADER_BYTES, to);
    at = to;
  }
  return at;
}

function hand(sink: EntrySink, type: number | undefined, data: Buffer, from: number, to: number): void {
  if (type === SYSTEM_ERROR) sink.trouble(data.toString('utf8', from, to));
  else sink.entry(type === STDOUT ? 'stdout' : 'stderr', from, to);
}

function isType(type: number | undefined): boolean {
  return type === STDOUT || type === STDERR || type === SYSTEM_ERROR;
}

const LINE_FEED = 0x0a;
/** Docker cuts a message after so many bytes and stamps each part; only there can a stamp inside a line be Docker's. */
export const PART_BYTES = 16 * 1024;
/** json-file gives three bytes back for one that is not UTF-8, such as half a character at the end of a part. */
const PART_MAX_BYTES = 3 * PART_BYTES;

/** Raw bytes of a TTY: lines, and lines longer than 16 KiB in parts, each with its stamp in front. */
export class TtyDecoder implements EntryDecoder {
  #rest: Buffer = NOTHING;
  /** The last entry was a whole part, so that the next one goes on with its line. */
  #goesOn = false;

  push(chunk: Buffer, sink: EntrySink): void {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    sink.begin(data);
    let at = 0;
    for (let end = this.#endOfEntry(data, at); end !== undefined; end = this.#endOfEntry(data, at)) {
      sink.entry('stdout', at, end);
      at = end;
    }
    this.#rest = Buffer.from(data.subarray(at));
  }

  end(sink: EntrySink): void {
    const data = this.#rest;
    this.#rest = NOTHING;
    if (data.length === 0) return;
    sink.begin(data);
    sink.entry('stdout', 0, data.length);
  }

  #endOfEntry(data: Buffer, from: number): number | undefined {
    const feed = data.indexOf(LINE_FEED, from);
    if (data.length - from < STAMP_MAX_BYTES && feed === -1) return undefined;
    const textFrom = endOfStamp(data, from, data.length);
    const lineEnd = feed === -1 ? data.length : feed + 1;
    const partEnd = endOfPart(data, from, textFrom, lineEnd);
    const early = this.#goesOn ? endWithoutFeed(data.subarray(textFrom, partEnd ?? lineEnd)) : undefined;
    if (early === undefined && partEnd === undefined && feed === -1) return undefined;
    this.#goesOn = early === undefined && partEnd !== undefined;
    return early === undefined ? (partEnd ?? lineEnd) : textFrom + early;
  }
}

/** Where the next part of the same line begins, before `lineEnd`: with the same stamp. An engine that stamps each part anew at least counts bytes. */
function endOfPart(data: Buffer, from: number, textFrom: number, lineEnd: number): number | undefined {
  const counted = textFrom + PART_BYTES;
  if (counted >= lineEnd) return undefined;
  if (endOfStamp(data, counted, lineEnd) > counted) return counted;
  const next = textFrom === from ? -1 : data.subarray(0, lineEnd).indexOf(data.subarray(from, textFrom), counted);
  if (next !== -1) return next;
  return lineEnd - textFrom > PART_MAX_BYTES + STAMP_MAX_BYTES ? counted : undefined;
}

/** The driver `local` writes no line feed behind the last part of a line: it ends with its return, where the next stamp follows. */
function endWithoutFeed(text: Buffer): number | undefined {
  const match = /(?:^|\r)(?=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z )/u.exec(text.toString('latin1'));
  return match === null ? undefined : match.index + match[0].length;
}

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) /u;
/** With the blank behind it. */
export const STAMP_MAX_BYTES = 36;
/** The engine's own form, "2026-01-09T00:00:00.123456789Z ". */
const FIXED_STAMP_BYTES = 31;
const BLANK = 0x20;
const POINT = 0x2e;
const LETTER_T = 0x54;
const LETTER_Z = 0x5a;

/** Where the text begins behind the stamp and the blank; `from` where there is no stamp. */
export function endOfStamp(data: Buffer, from: number, to: number): number {
  if (
    data[from + 30] === BLANK &&
    data[from + 29] === LETTER_Z &&
    data[from + 19] === POINT &&
    data[from + 10] === LETTER_T &&
    from + FIXED_STAMP_BYTES <= to
  ) {
    return from + FIXED_STAMP_BYTES;
  }
  const match = STAMP.exec(data.toString('latin1', from, Math.min(from + STAMP_MAX_BYTES, to)));
  return match === null ? from : from + match[0].length;
}
