// Reads the files of a tar archive that npm made.

export interface FileEntry {
  readonly path: string;
  readonly bytes: Buffer;
}

const BLOCK_BYTES = 512;

/** The regular files. Other entries are passed over. */
export function filesOfTar(archive: Buffer): readonly FileEntry[] {
  const files: FileEntry[] = [];
  for (let at = 0; at + BLOCK_BYTES <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK_BYTES);
    if (header[0] === 0) break;
    const sizeBytes = Number.parseInt(text(header, 124, 12), 8);
    const prefix = text(header, 345, 155);
    const path = prefix === '' ? text(header, 0, 100) : `${prefix}/${text(header, 0, 100)}`;
    const kind = text(header, 156, 1);
    at += BLOCK_BYTES;
    if (kind === '0' || kind === '') files.push({ path, bytes: archive.subarray(at, at + sizeBytes) });
    at += Math.ceil(sizeBytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return files;
}

function text(header: Buffer, start: number, length: number): string {
  return (
    header
      .toString('utf8', start, start + length)
      .split('\u0000')[0]
      ?.trim() ?? ''
  );
}
