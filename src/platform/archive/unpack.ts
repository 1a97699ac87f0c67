// Unpacks a gzipped tar archive into a new folder; nothing in it can reach outside, run with other rights, or fill the disk.
import { createReadStream } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { pipeline } from 'node:stream/promises';
import { syncFolder } from '../durable-file.ts';
import { describeError, Fault } from '../fault.ts';
import { MemberPaths } from './member-path.ts';
import { type TarMember, TarReader } from './tar-reader.ts';

export interface ArchiveLimits {
  /** Of the archive file itself. */
  readonly archiveMaxBytes: number;
  /** Of everything in it, headers and padding included. */
  readonly unpackedMaxBytes: number;
  readonly membersMaxCount: number;
}

export interface Unpacked {
  readonly files: number;
  readonly sizeBytes: number;
}

const FOLDER_MODE = 0o755;
const READ_CHUNK_BYTES = 256 * 1024;

/**
 * `into` must not be there yet, and the folder above it must belong to the caller alone. Files get mode 0644, or 0755 if their owner may run
 * them, folders 0755; links, devices, fifos, set-user-id files, names that lead out, and one name twice are refused. Everything is on disk
 * when it returns, and nothing is left of it when it throws: Faults archive_damaged, archive_unsafe, archive_too_large, cannot_write, or the
 * signal's reason.
 */
export async function unpackTarGz(
  archive: string,
  into: string,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<Unpacked> {
  await mkdirAnew(into);
  const unpacking = new Unpacking(into, limits);
  try {
    await pipeline(
      createReadStream(archive, { highWaterMark: READ_CHUNK_BYTES }),
      counted(limits.archiveMaxBytes, 'the archive'),
      createGunzip(),
      counted(limits.unpackedMaxBytes, 'what the archive holds'),
      (source: AsyncIterable<unknown>) => unpacking.take(source),
      { signal },
    );
    return await unpacking.finish();
  } catch (error) {
    await unpacking.abandon();
    if (signal.aborted) throw signal.reason;
    throw faultOf(error);
  }
}

async function mkdirAnew(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: FOLDER_MODE });
    await chmod(path, FOLDER_MODE);
  } catch (error) {
    throw new Fault('cannot_write', `cannot unpack: ${describeError(error)}`, { cause: error });
  }
}

/** Lets bytes through until there are too many of them. */
function counted(maxBytes: number, what: string): (source: AsyncIterable<unknown>) => AsyncGenerator<Buffer> {
  return async function* count(source) {
    let sizeBytes = 0;
    for await (const chunk of source) {
      if (!Buffer.isBuffer(chunk)) continue;
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes) throw new Fault('archive_too_large', `${what} is larger than ${maxBytes} bytes`);
      yield chunk;
    }
  };
}

class Unpacking {
  readonly #root: string;
  readonly #limits: ArchiveLimits;
  readonly #reader = new TarReader();
  readonly #paths = new MemberPaths();
  readonly #folders = new Set<string>();
  #file: FileHandle | undefined;
  #members = 0;
  #files = 0;
  #sizeBytes = 0;

  constructor(root: string, limits: ArchiveLimits) {
    this.#root = root;
    this.#limits = limits;
  }

  async take(source: AsyncIterable<unknown>): Promise<void> {
    for await (const chunk of source) {
      if (!Buffer.isBuffer(chunk)) continue;
      for (const event of this.#reader.push(chunk)) {
        if (event.kind === 'member') await this.#begin(event.member);
        else if (event.kind === 'data') await this.#write(event.bytes);
        else await this.#end();
      }
    }
    this.#reader.finish();
  }

  /** Names are on disk only when their folders are. */
  async finish(): Promise<Unpacked> {
    for (const folder of [...this.#folders, this.#root].toReversed()) await syncFolder(folder);
    return { files: this.#files, sizeBytes: this.#sizeBytes };
  }

  async abandon(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    await rm(this.#root, { recursive: true, force: true });
  }

  async #begin(member: TarMember): Promise<void> {
    this.#members += 1;
    const { membersMaxCount } = this.#limits;
    if (this.#members > membersMaxCount) {
      throw new Fault('archive_too_large', `the archive has more than ${membersMaxCount} members`);
    }
    const { segments, newFolders } = this.#paths.admit(member);
    for (const folder of newFolders) await this.#makeFolder(join(this.#root, folder));
    const path = join(this.#root, ...segments);
    if (member.kind === 'directory') {
      if (segments.length > 0) await this.#makeFolder(path);
      return;
    }
    // `wx` opens neither a file that is there nor a link.
    this.#file = await open(path, 'wx', 0o600);
    await this.#file.chmod((member.mode & 0o100) === 0 ? 0o644 : 0o755);
    this.#files += 1;
  }

  async #makeFolder(path: string): Promise<void> {
    // True of one that a member named already, and of one that came after its content.
    if (this.#folders.has(path)) return;
    await mkdir(path, { mode: FOLDER_MODE });
    await chmod(path, FOLDER_MODE);
    this.#folders.add(path);
  }

  async #write(bytes: Buffer): Promise<void> {
    // A folder's data is nothing anybody wrote by intent; it is counted and dropped.
    if (this.#file === undefined) return;
    await this.#file.writeFile(bytes);
    this.#sizeBytes += bytes.length;
  }

  async #end(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    await file.sync();
    this.#file = undefined;
    await file.close();
  }
}

function faultOf(error: unknown): unknown {
  if (error instanceof Fault) return error;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return error;
  if (code.startsWith('Z_') || code.startsWith('ERR_ZLIB')) {
    const message = `the archive is damaged or not gzip: ${describeError(error)}; download it again`;
    return new Fault('archive_damaged', message, { cause: error });
  }
  return new Fault('cannot_write', `cannot unpack: ${describeError(error)}`, { cause: error });
}
