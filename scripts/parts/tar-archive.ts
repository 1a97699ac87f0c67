// Writes a tar archive in memory: folders, files and symbolic links, the same bytes for the same entries.

export type TarEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly bytes: Buffer }
  | { readonly kind: 'link'; readonly path: string; readonly target: string };

const BLOCK_BYTES = 512;
const PATH_MAX_BYTES = 100;
const TYPE_FLAGS = { file: '0', link: '2', directory: '5' } as const;

/** `modifiedSeconds`, since the epoch, is the time of every entry. */
export function tarArchive(entries: readonly TarEntry[], modifiedSeconds = 0): Buffer {
  const blocks: Buffer[] = [];
  for (const entry of entries) {
    blocks.push(header(entry, modifiedSeconds));
    if (entry.kind === 'file') {
      blocks.push(entry.bytes, Buffer.alloc((BLOCK_BYTES - (entry.bytes.length % BLOCK_BYTES)) % BLOCK_BYTES));
    }
  }
  // Two empty blocks end an archive.
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
}

/** A "ustar" header; owner root, which is where a fresh buffer stands already. */
function header(entry: TarEntry, modifiedSeconds: number): Buffer {
  if (Buffer.byteLength(entry.path) > PATH_MAX_BYTES)
    throw new Error(`${entry.path}: is too long a path for this archive`);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, offset: number, length: number): void => {
    block.write(value.toString(8).padStart(length - 1, '0'), offset, 'ascii');
  };
  block.write(entry.path, 0, 100, 'utf8');
  octal(entry.kind === 'link' ? 0o777 : entry.mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(entry.kind === 'file' ? entry.bytes.length : 0, 124, 12);
  octal(modifiedSeconds, 136, 12);
  block.write(' '.repeat(8), 148, 'ascii');
  block.write(TYPE_FLAGS[entry.kind], 156, 'ascii');
  if (entry.kind === 'link') block.write(entry.target, 157, 100, 'utf8');
  block.write('ustar\u000000', 257, 'ascii');
  // The sum is taken with blanks in its own place, written above.
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'ascii');
  return block;
}
