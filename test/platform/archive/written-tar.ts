// Writes tar archives block by block, well-formed or not: what no honest program would write is what a reader must be tested with.
import { gzipSync } from 'node:zlib';

export interface Written {
  readonly path?: string;
  readonly flag?: string;
  readonly mode?: number;
  readonly bytes?: Buffer | string;
  readonly link?: string;
  readonly prefix?: string;
  /** Instead of the length of `bytes`. */
  readonly size?: string | Buffer;
  readonly magic?: string;
  /** Added to the right checksum. */
  readonly sumError?: number;
}

const BLOCK_BYTES = 512;

function header(entry: Written, sizeBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  block.write(entry.path ?? 'file', 0, 100, 'utf8');
  block.write((entry.mode ?? 0o644).toString(8).padStart(7, '0'), 100);
  block.write('0000000', 108);
  block.write('0000000', 116);
  const size = entry.size ?? sizeBytes.toString(8).padStart(11, '0');
  if (typeof size === 'string') block.write(size, 124, 12, 'latin1');
  else size.copy(block, 124);
  block.write('00000000000', 136);
  block.write(' '.repeat(8), 148);
  block.write(entry.flag ?? '0', 156, 1, 'latin1');
  block.write(entry.link ?? '', 157, 100, 'utf8');
  block.write(entry.magic ?? 'ustar\u000000', 257, 'latin1');
  block.write(entry.prefix ?? '', 345, 155, 'utf8');
  const sum = block.reduce((total, byte) => total + byte, 0) + (entry.sumError ?? 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

export function member(entry: Written): Buffer {
  const bytes = Buffer.from(entry.bytes ?? '');
  const padding = Buffer.alloc((BLOCK_BYTES - (bytes.length % BLOCK_BYTES)) % BLOCK_BYTES);
  return Buffer.concat([header(entry, bytes.length), bytes, padding]);
}

/** A PAX header for the next member. */
export function pax(records: Readonly<Record<string, string>>, flag = 'x'): Buffer {
  const lines = Object.entries(records).map(([key, value]) => {
    const body = ` ${key}=${value}\n`;
    let length = Buffer.byteLength(body);
    while (String(length).length + Buffer.byteLength(body) !== length)
      length = String(length).length + Buffer.byteLength(body);
    return `${length}${body}`;
  });
  return member({ path: 'PaxHeader', flag, bytes: lines.join('') });
}

/** GNU's long name for the next member. */
export function longName(path: string): Buffer {
  return member({ path: '././@LongLink', flag: 'L', bytes: `${path}\0` });
}

export function tar(...pieces: readonly (Written | Buffer)[]): Buffer {
  const members = pieces.map((piece) => (Buffer.isBuffer(piece) ? piece : member(piece)));
  return Buffer.concat([...members, Buffer.alloc(2 * BLOCK_BYTES)]);
}

export function tarGz(...pieces: readonly (Written | Buffer)[]): Buffer {
  return gzipSync(tar(...pieces));
}
