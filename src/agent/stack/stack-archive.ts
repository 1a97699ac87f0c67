// The archive of the bought stack: downloaded with the purchase token, unpacked, and put in place in one step (REQUIREMENTS A15).
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArchiveLimits, type Unpacked, unpackTarGz } from '../../platform/archive/unpack.ts';
import { syncFolder } from '../../platform/durable-file.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import { pathOf, ROUTE } from '../../protocol/routes.ts';
import { errorCode, errorMessage } from '../../protocol/wait.ts';
import type { HttpClient } from '../upstream/http-client.ts';

/** A compose file with its configuration; images come from registries. */
const LIMITS: ArchiveLimits = {
  archiveMaxBytes: 64 * 1024 * 1024,
  unpackedMaxBytes: 512 * 1024 * 1024,
  membersMaxCount: 10_000,
};
const DEADLINE_MS = 600_000;
const STALL_MS = 60_000;

export type StackOutcome =
  | { readonly kind: 'unpacked'; readonly unpacked: Unpacked }
  | { readonly kind: 'unchanged' }
  /** The control plane knows the purchase and has no archive of its stack. */
  | { readonly kind: 'none' };

/**
 * In the state directory: `stacks/HASH` holds what the archive with that SHA-256 holds, and the link `stack` leads to the newest. The one
 * before stays, because containers may use its files. Faults stack_refused (the token is not good, or the server says no), unreachable,
 * archive_damaged, archive_unsafe, archive_too_large, cannot_write; then everything is as before.
 */
export async function fetchStack(
  client: HttpClient,
  purchaseToken: string,
  stateDirectory: string,
  signal: AbortSignal,
): Promise<StackOutcome> {
  const places = placesIn(stateDirectory);
  const download = join(places.folder, '.download');
  try {
    makeFolder(places.folder);
    const hash = await downloadArchive(client, purchaseToken, download, signal);
    if (hash === undefined) return { kind: 'none' };
    const target = join('stacks', hash);
    const before = currentOf(places.link);
    if (before === target) return { kind: 'unchanged' };
    const unpacking = join(places.folder, '.unpacking');
    rmSync(unpacking, { recursive: true, force: true });
    const unpacked = await unpackTarGz(download, unpacking, LIMITS, signal);
    await putInPlace(places, unpacking, target, before);
    return { kind: 'unpacked', unpacked };
  } finally {
    rmSync(download, { force: true });
  }
}

interface StackPlaces {
  /** Of all unpacked archives. */
  readonly folder: string;
  readonly link: string;
}

function placesIn(stateDirectory: string): StackPlaces {
  return { folder: join(stateDirectory, 'stacks'), link: join(stateDirectory, 'stack') };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw cannotWrite(error);
  }
}

/** The archive's SHA-256, shortened to what a folder is called; undefined when there is no archive. */
async function downloadArchive(
  client: HttpClient,
  purchaseToken: string,
  into: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const path = pathOf(ROUTE.stackDownload, { purchase_token: purchaseToken });
  const hash = createHash('sha256');
  const file = await openAnew(into);
  try {
    const take = async (piece: Buffer): Promise<void> => {
      hash.update(piece);
      await file.writeFile(piece);
    };
    const request = { path, headers: { accept: 'application/gzip' }, deadlineMs: DEADLINE_MS, stallMs: STALL_MS };
    const answer = await client.download(request, LIMITS.archiveMaxBytes, take, signal);
    if (answer.status === 200) return hash.digest('hex').slice(0, 16);
    if (answer.status === 404 && errorCode(answer.body) === 'stack_archive_missing') return undefined;
    throw refusal(answer.status, answer.body);
  } finally {
    await file.close();
  }
}

async function openAnew(path: string): Promise<FileHandle> {
  try {
    rmSync(path, { force: true });
    return await open(path, 'wx', 0o600);
  } catch (error) {
    throw cannotWrite(error);
  }
}

function refusal(status: number, body: string): Fault {
  // The token stands in the path, and the control plane does not say of a wrong one that it is wrong.
  const why =
    status === 404 ? 'the purchase token is not valid there (any more)' : errorMessage(body) || 'no reason given';
  return new Fault('stack_refused', `the control plane answered HTTP ${status}: ${why}`);
}

async function putInPlace(
  places: StackPlaces,
  unpacking: string,
  target: string,
  before: string | undefined,
): Promise<void> {
  const folder = join(places.link, '..', target);
  try {
    rmSync(folder, { recursive: true, force: true });
    await rename(unpacking, folder);
    await syncFolder(places.folder);
    rmSync(`${places.link}.new`, { force: true });
    symlinkSync(target, `${places.link}.new`);
    renameSync(`${places.link}.new`, places.link);
    await syncFolder(join(places.link, '..'));
    for (const name of readdirSync(places.folder)) {
      const kept = [target, before].includes(join('stacks', name)) || name === '.download';
      if (!kept) rmSync(join(places.folder, name), { recursive: true, force: true });
    }
  } catch (error) {
    throw cannotWrite(error);
  }
}

function currentOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}

function cannotWrite(error: unknown): Fault {
  return new Fault('cannot_write', `the stack archive cannot be stored: ${describeError(error)}`, { cause: error });
}
