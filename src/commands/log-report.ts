// The lines of a page as a report carries them: masked first, then cut where they are too long, and only as many as fit.
import type { Clock } from '../platform/clock.ts';
import { LIMITS } from '../protocol/limits.ts';
import { wireText } from '../protocol/text.ts';
import type { LineMask, LogLine, LogStream, MaskedLine } from './context.ts';
import type { Page } from './log-page.ts';

export interface ReportedLine {
  readonly ts: string;
  readonly stream: LogStream;
  readonly message: string;
  readonly redacted: boolean;
}

/** JSON around a line: {"ts":"…","stream":"stdout","message":"","redacted":false}, */
const LINE_OVERHEAD_BYTES = 120;
/** A character takes six bytes of JSON at most, "\u001b". */
const CHARACTER_MAX_BYTES = 6;
/** What is not known to be a whole secret or none is not shown: the mask sees this much beyond what a line may keep. */
const UNCERTAIN_CHARS = 64 * 1024;
/** Masking goes at some 80 MB/s: after so much of it others get their turn. */
const SLICE_CHARS = 256 * 1024;

/** `mask` undefined leaves the lines as they are. `page` settles for as many lines as are returned. */
export async function reportedLines(
  page: Page,
  mask: LineMask | undefined,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly ReportedLine[]> {
  const texts = mask === undefined ? page.lines.map(asItIs) : await maskedTexts(page, mask, clock, signal);
  const lines = page.lines.map((line, at) => reported(line, texts[at]));
  return fitting(lines, page.giveWay);
}

function asItIs(line: LogLine): MaskedLine {
  return { text: line.message, redacted: false };
}

// A key block or a statement can run over several lines, but only of its own stream: each stream is masked by itself, in order.
async function maskedTexts(
  page: Page,
  mask: LineMask,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly (MaskedLine | undefined)[]> {
  const texts: (MaskedLine | undefined)[] = page.lines.map(() => undefined);
  for (const stream of ['stdout', 'stderr'] as const) {
    const indexes = page.lines
      .keys()
      .filter((at) => page.lines[at]?.stream === stream)
      .toArray();
    if (indexes.length === 0) continue;
    const own = indexes.map((at) => page.lines[at]?.message ?? '');
    const before = messagesOf(page.before, stream);
    const after = messagesOf(page.after, stream);
    let done = 0;
    for (const slice of slicesOf([...before, ...own, ...after], before.length, before.length + own.length)) {
      if (done > 0) await clock.sleep(0, signal);
      signal.throwIfAborted();
      const masked = mask.lines(slice.lines);
      if (masked.length !== slice.lines.length)
        throw new Error('the mask returned another number of lines than it was given');
      for (let at = slice.contextCount; at < slice.contextCount + slice.count; at += 1) {
        const index = indexes[done];
        if (index !== undefined) texts[index] = masked[at];
        done += 1;
      }
    }
  }
  return texts;
}

function messagesOf(lines: readonly LogLine[], stream: LogStream): readonly string[] {
  return lines.filter((line) => line.stream === stream).map((line) => line.message);
}

interface Slice {
  /** With lines around those that are wanted, which are masked only to understand these. */
  readonly lines: readonly string[];
  readonly contextCount: number;
  readonly count: number;
}

/** `all` from `from` to `to` in slices of a bounded size, each with its context. */
function* slicesOf(all: readonly string[], from: number, to: number): Generator<Slice> {
  for (let begin = from; begin < to; ) {
    let end = begin;
    for (let chars = 0; end < to && (end === begin || chars + (all[end]?.length ?? 0) <= SLICE_CHARS); end += 1) {
      chars += all[end]?.length ?? 0;
    }
    const contextFrom = contextBefore(all, begin);
    yield {
      lines: all.slice(contextFrom, contextAfter(all, end)),
      contextCount: begin - contextFrom,
      count: end - begin,
    };
    begin = end;
  }
}

const CONTEXT_MAX_LINES = 256;
/** A name on one line and its value on the next, as in a list of environment variables. */
const CONTEXT_ALWAYS_LINES = 2;
const CONTEXT_LINE_MAX_CHARS = 4_096;
const KEY_BEGINS = /-----? ?BEGIN |PRIVATE|PuTTY/u;
const KEY_BODY = /[A-Za-z0-9+/=]{40}/u;

/** Back to where the key begins that `at` may be in the middle of. */
function contextBefore(all: readonly string[], at: number): number {
  let context = at;
  let unbroken = true;
  for (let back = 1; back <= CONTEXT_MAX_LINES && back <= at; back += 1) {
    const line = all[at - back] ?? '';
    if (line.length > CONTEXT_LINE_MAX_CHARS) break;
    unbroken &&= KEY_BODY.test(line);
    if (unbroken || back <= CONTEXT_ALWAYS_LINES) context = at - back;
    if (KEY_BEGINS.test(line)) return at - back;
  }
  return context;
}

/** On to where the key ends, when `at` may be in the middle of one. */
function contextAfter(all: readonly string[], at: number): number {
  let end = at;
  if (!KEY_BODY.test((all[at - 1] ?? '').slice(0, CONTEXT_LINE_MAX_CHARS))) return end;
  while (end < all.length && end - at < CONTEXT_MAX_LINES && (all[end] ?? '').length <= CONTEXT_LINE_MAX_CHARS) {
    end += 1;
    if (!KEY_BODY.test(all[end - 1] ?? '')) break;
  }
  return end;
}

function reported(line: LogLine, masked: MaskedLine | undefined): ReportedLine {
  if (masked === undefined) throw new Error('a line was not masked');
  const { ts, stream } = line;
  return { ts, stream, message: cut(wireText(masked.text), line.droppedBytes), redacted: masked.redacted };
}

/** Cut to what one line may have, with a mark that says how much is gone. */
function cut(text: string, droppedBytes: number): string {
  if (droppedBytes === 0 && text.length <= SHORT_CHARS) return text;
  // The mask did not see what follows, so what it left at the end may be the beginning of a secret.
  const known = droppedBytes === 0 ? text : text.slice(0, Math.max(text.length - UNCERTAIN_CHARS, 0));
  const kept = prefixWithin(known);
  if (droppedBytes === 0 && kept.length === text.length) return text;
  const gone = Buffer.byteLength(text) - Buffer.byteLength(kept) + droppedBytes;
  return `${kept} [cut: ${gone} more bytes]`;
}

const SHORT_CHARS = 100_000;
/** In JSON, of one line: so that a line of control characters fits into a report, too. */
const MESSAGE_MAX_JSON_BYTES = 1_900_000;
const PIECE_CHARS = 16_384;

/** The longest beginning of `text` that is within the limits of a message, as text and in JSON. */
function prefixWithin(text: string): string {
  let bytes = 0;
  let jsonBytes = 0;
  let at = 0;
  for (let size = PIECE_CHARS; at < text.length; ) {
    const piece = text.slice(at, endOfPiece(text, at + size));
    const more = Buffer.byteLength(piece);
    const moreJson = jsonSize(piece);
    if (bytes + more <= LIMITS.logMessageMaxBytes && jsonBytes + moreJson <= MESSAGE_MAX_JSON_BYTES) {
      bytes += more;
      jsonBytes += moreJson;
      at += piece.length;
    } else if (size === 1) {
      break;
    } else {
      size = Math.floor(size / 2);
    }
  }
  return text.slice(0, at);
}

/** Not between the halves of a character. */
function endOfPiece(text: string, end: number): number {
  const code = text.charCodeAt(end - 1);
  return code >= 0xd800 && code <= 0xdbff ? end + 1 : end;
}

function jsonSize(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2;
}

/** As many of the lines as fit into a report; one always does. */
function fitting(lines: readonly ReportedLine[], giveWay: 'oldest' | 'newest'): readonly ReportedLine[] {
  const chars = lines.reduce((sum, line) => sum + line.message.length, 0);
  if (chars * CHARACTER_MAX_BYTES + lines.length * LINE_OVERHEAD_BYTES <= LIMITS.reportTargetBytes) return lines;
  const inOrder = giveWay === 'newest' ? lines : lines.toReversed();
  let sizeBytes = 0;
  let count = 0;
  for (const line of inOrder) {
    sizeBytes += jsonSize(line.message) + LINE_OVERHEAD_BYTES;
    if (count > 0 && sizeBytes > LIMITS.reportTargetBytes) break;
    count += 1;
  }
  return giveWay === 'newest' ? lines.slice(0, count) : lines.slice(lines.length - count);
}
