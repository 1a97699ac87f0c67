// The folder a release was published into: what is in it, and which of its files may leave it.
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { constants } from 'node:fs';
import { join } from 'node:path';
import type { ReleaseFacts } from './render-installer.ts';

export interface OpenFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

const ARCHIVE = /^status-panel-(\d{1,5}\.\d{1,5}\.\d{1,5}(?:-[\dA-Za-z.-]{1,40})?)-linux-(?:x64|arm64)\.tar\.gz$/u;
const PAPERS = new Set(['SHA256SUMS', 'SHA256SUMS.sig', 'release-key.pem', 'release-key.pem.sig', 'root-key.pem']);
const SBOM = /^status-panel-[\w.-]{1,80}\.cdx\.json$/u;
const SUMS_MAX_BYTES = 1_048_576;

/** Whether a name is that of a published file: never a private key that somebody keeps beside them. */
export function isPublished(name: string): boolean {
  return ARCHIVE.test(name) || PAPERS.has(name) || SBOM.test(name);
}

export class ReleaseFolder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Undefined when there is no such published file. The caller closes what it gets. */
  async open(name: string): Promise<OpenFile | undefined> {
    return isPublished(name) ? openPlainFile(join(this.#directory, name)) : undefined;
  }

  /** Of the newest version. Read each time, so a new release needs no restart. Throws an Error when the folder is not complete. */
  async newest(): Promise<ReleaseFacts> {
    const [sums, rootKeyPem, node] = await Promise.all([
      this.#text('SHA256SUMS'),
      this.#text('root-key.pem'),
      this.#text('node-sha256.txt'),
    ]);
    const version = newestOf(sums);
    if (version === undefined) throw new Error(`${join(this.#directory, 'SHA256SUMS')} names no archive`);
    const sum = (architecture: string): string =>
      nodeSum(node, `status-panel-${version}-linux-${architecture}/bin/node`);
    return { version, rootKeyPem, nodeSha256: { x64: sum('x64'), arm64: sum('arm64') } };
  }

  async #text(name: string): Promise<string> {
    const text = await readFile(join(this.#directory, name), 'utf8');
    if (text.length > SUMS_MAX_BYTES) throw new Error(`${join(this.#directory, name)} is larger than it can be`);
    return text;
  }
}

/** A plain file under exactly this name; undefined for a missing one, a link, a folder or a device. */
export async function openPlainFile(path: string): Promise<OpenFile | undefined> {
  let handle: FileHandle;
  try {
    // Not blocking, or a fifo would be waited for.
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ELOOP' || code === 'ENXIO') return undefined;
    throw error;
  }
  const stats = await handle.stat();
  if (stats.isFile()) return { handle, sizeBytes: stats.size };
  await handle.close();
  return undefined;
}

function newestOf(sums: string): string | undefined {
  const versions = sums.split('\n').flatMap((line) => ARCHIVE.exec(line.slice(66))?.[1] ?? []);
  return versions.toSorted(byVersion).at(-1);
}

/** 1.9.0 before 1.10.0, and 1.10.0-rc.1 before 1.10.0. */
export function byVersion(one: string, other: string): number {
  const [numbers = '', label] = one.split(/-(.*)/su);
  const [otherNumbers = '', otherLabel] = other.split(/-(.*)/su);
  const order = numbers.localeCompare(otherNumbers, 'en', { numeric: true });
  if (order !== 0) return order;
  if (label === undefined || otherLabel === undefined)
    return Number(label === undefined) - Number(otherLabel === undefined);
  return label.localeCompare(otherLabel, 'en', { numeric: true });
}

/** Of a list as sha256sum(1) writes it. */
function nodeSum(list: string, name: string): string {
  const line = list.split('\n').find((one) => one.slice(66) === name);
  return line?.slice(0, 64) ?? '';
}
