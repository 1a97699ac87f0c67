// Joins the engine's pieces into whole log lines with their timestamps. Pure.
//
// With `timestamps=1` every piece begins with its own RFC 3339 stamp and a blank. Docker splits a message at 16 KiB; the pieces of one
// message are the ones without a line end. Without frames (TTY) a stamp also lies inside the text where a long message was split.
import type { LogLine, LogStream } from '../../commands/context.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { LogPiece } from './log-frames.ts';

const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d) /u;
const STAMP_MAX_BYTES = 40;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

interface OpenLine {
  ts: string;
  readonly parts: Buffer[];
  sizeBytes: number;
  /** Bytes beyond the limit, which are counted but not kept. */
  droppedBytes: number;
}

/** Assembles the lines of both streams; `push` and `end` return the lines they completed, in the order of completion. */
export class LineAssembler {
  readonly #open = new Map<LogStream, OpenLine>();

  push(piece: LogPiece): readonly LogLine[] {
    const lines: LogLine[] = [];
    let at = 0;
    // A frame is one piece of one message; only a TTY's raw bytes hold several lines.
    while (at < piece.bytes.length) {
      const feed = piece.bytes.indexOf(LINE_FEED, at);
      const end = feed === -1 ? piece.bytes.length : feed;
      this.#take(piece.stream, piece.bytes.subarray(at, end));
      if (feed !== -1) lines.push(this.#close(piece.stream));
      at = end + 1;
    }
    return lines;
  }

  end(): readonly LogLine[] {
    return [...this.#open.keys()].map((stream) => this.#close(stream));
  }

  #take(stream: LogStream, bytes: Buffer): void {
    const stamp = stampOf(bytes);
    const open = this.#open.get(stream) ?? { ts: stamp ?? '', parts: [], sizeBytes: 0, droppedBytes: 0 };
    this.#open.set(stream, open);
    const text = stamp === undefined ? bytes : bytes.subarray(stamp.length + 1);
    const room = LIMITS.logMessageMaxBytes - open.sizeBytes;
    const kept = text.length > room ? text.subarray(0, Math.max(room, 0)) : text;
    // A copy: the chunk it lies in would otherwise be held for as long as the line.
    open.parts.push(Buffer.from(kept));
    open.sizeBytes += kept.length;
    open.droppedBytes += text.length - kept.length;
  }

  #close(stream: LogStream): LogLine {
    const open = this.#open.get(stream) ?? { ts: '', parts: [], sizeBytes: 0, droppedBytes: 0 };
    this.#open.delete(stream);
    let bytes = Buffer.concat(open.parts);
    if (bytes.at(-1) === CARRIAGE_RETURN) bytes = bytes.subarray(0, -1);
    const mark = open.droppedBytes === 0 ? '' : ` [cut: ${open.droppedBytes} more bytes]`;
    return { stream, ts: open.ts, message: bytes.toString('utf8') + mark };
  }
}

function stampOf(bytes: Buffer): string | undefined {
  const match = STAMP.exec(bytes.toString('latin1', 0, STAMP_MAX_BYTES));
  return match === null ? undefined : match[0].slice(0, -1);
}

/** Raw bytes of a TTY as pieces of whole lines: cut at line feeds, and the stamps inside long lines are taken out. */
export class TtyDecoder {
  #rest: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): readonly LogPiece[] {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const lastFeed = data.lastIndexOf(LINE_FEED);
    this.#rest = data.subarray(lastFeed + 1);
    return lastFeed === -1 ? [] : splitLines(data.subarray(0, lastFeed + 1));
  }

  end(): readonly LogPiece[] {
    const rest = this.#rest;
    this.#rest = Buffer.alloc(0);
    return rest.length === 0 ? [] : splitLines(rest);
  }
}

const PARTIAL_BYTES = 16 * 1024;

function splitLines(data: Buffer): readonly LogPiece[] {
  const pieces: LogPiece[] = [];
  for (let at = 0; at < data.length; ) {
    const feed = data.indexOf(LINE_FEED, at);
    const end = feed === -1 ? data.length : feed + 1;
    for (const part of splitPartials(data.subarray(at, end))) pieces.push({ stream: 'stdout', bytes: part });
    at = end;
  }
  return pieces;
}

// Docker cut the message every 16 KiB and put a stamp before each piece; only there can a stamp inside a line be Docker's.
function splitPartials(line: Buffer): readonly Buffer[] {
  const parts: Buffer[] = [];
  let rest = line;
  for (;;) {
    const stamp = stampOf(rest);
    const pieceBytes = (stamp === undefined ? 0 : stamp.length + 1) + PARTIAL_BYTES;
    if (stamp === undefined || rest.length <= pieceBytes || stampOf(rest.subarray(pieceBytes)) === undefined) {
      return [...parts, rest];
    }
    parts.push(rest.subarray(0, pieceBytes));
    rest = rest.subarray(pieceBytes);
  }
}
