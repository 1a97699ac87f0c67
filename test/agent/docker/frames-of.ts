// Bytes as the engine sends them: multiplexed frames, stamped pieces, cut anywhere; and lines read from them.
import fc from 'fast-check';
import { type EntryDecoder, type EntrySink, TtyDecoder } from '../../../src/agent/docker/log-frames.ts';
import { LineAssembler } from '../../../src/agent/docker/log-lines.ts';
import type { LogLine } from '../../../src/commands/context.ts';

export const STAMP = '2026-01-09T00:00:00.123456789Z';

export function frame(stream: 'stdout' | 'stderr', text: string | Buffer): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream === 'stdout' ? 1 : 2;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** `bytes` in chunks that end at `cuts`. */
export function cut(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [...new Set(cuts.map((one) => one % (bytes.length + 1)))].toSorted((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

export const anyCuts = fc.array(fc.nat(), { maxLength: 12 });

/** Gives a decoder the chunks in a buffer that is used again for each, as the socket does. */
export function feed(decoder: EntryDecoder, chunks: readonly Buffer[], sink: EntrySink): void {
  const buffer = Buffer.alloc(Math.max(1, ...chunks.map((chunk) => chunk.length)));
  for (const chunk of chunks) {
    chunk.copy(buffer);
    decoder.push(buffer.subarray(0, chunk.length), sink);
    buffer.fill(0xaa);
  }
  decoder.end(sink);
}

/** The lines of a whole log; those whose end never came, too. */
export function readLines(decoder: EntryDecoder, chunks: readonly Buffer[], wholeLog = true): readonly LogLine[] {
  const lines = new LineAssembler({ wholeLog, tty: decoder instanceof TtyDecoder });
  feed(decoder, chunks, lines);
  lines.end();
  return lines.take();
}
