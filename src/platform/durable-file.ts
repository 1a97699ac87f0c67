// Writes a small file so that after any crash or power loss there is either the old content or the new, never a mixture.
import {
  closeSync,
  constants,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Writes with mode 0600 in a directory that is made 0700 if it is not there. Throws the system's error. */
export function writeDurably(path: string, content: string): void {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${basename(path)}.new`);
  try {
    writeAndSync(temporary, Buffer.from(content));
    renameSync(temporary, path);
  } catch (error) {
    removeQuietly(temporary);
    throw error;
  }
  syncDirectory(directory);
}

/** The file's text, or undefined when there is none. Other errors are thrown. */
export function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** What was created or renamed in the folder is on disk when this resolves. Rejects with the system's error. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function writeAndSync(path: string, bytes: Buffer): void {
  // On disk when a write returns. Node's permission model forbids fsync (docs/decisions/0015-nodes-permission-model.md), and not this.
  const { O_WRONLY, O_CREAT, O_TRUNC, O_SYNC } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_SYNC, 0o600);
  try {
    // A write may be short, on a full disk for one.
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  } finally {
    closeSync(file);
  }
}

// The new name is only on disk when its directory is. Where that may not be asked for, a power cut shortly after can bring the old content back,
// whole.
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_ACCESS_DENIED')) throw error;
  } finally {
    closeSync(directory);
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It may not have been created; the first error is the one to tell.
  }
}
