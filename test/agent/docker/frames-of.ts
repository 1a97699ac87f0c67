// Bytes as the engine sends them: multiplexed frames, stamped pieces, cut anywhere.
import fc from 'fast-check';

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
