// Brings a version onto the host: papers first, then the archive they vouch for, unpacked beside the others. What runs is not touched.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { unpackTarGz } from '../../platform/archive/unpack.ts';
import { readIfPresent } from '../../platform/durable-file.ts';
import { Fault } from '../../platform/fault.ts';
import type { Installation } from './installation.ts';
import { notVerified, type Sums, verifyPapers } from './signature.ts';
import type { ReleaseSource } from './source.ts';
import { archiveName } from './version.ts';

const ARCHIVE_MAX_BYTES = 64 * 1024 * 1024;
const UNPACKED_MAX_BYTES = 512 * 1024 * 1024;
const MEMBERS_MAX_COUNT = 2_000;

/** The hashes of what `source` offers. Throws Fault not_verified, unreachable or not_offered. */
export async function offered(source: ReleaseSource, rootKeyPem: string, signal: AbortSignal): Promise<Sums> {
  return verifyPapers(rootKeyPem, {
    releaseKeyPem: await source.text('release-key.pem', signal),
    releaseKeySignature: await source.text('release-key.pem.sig', signal),
    sums: await source.text('SHA256SUMS', signal),
    sumsSignature: await source.text('SHA256SUMS.sig', signal),
  });
}

/** Returns when `version` is complete in its place. Throws Faults of the source, of the unpacker, and not_verified. */
export async function obtain(
  wanted: { readonly version: string; readonly architecture: string; readonly sums: Sums },
  source: ReleaseSource,
  installation: Installation,
  signal: AbortSignal,
): Promise<void> {
  const { version, architecture, sums } = wanted;
  const name = archiveName(version, architecture);
  const sum = sums.get(name);
  if (sum === undefined) throw new Fault('not_offered', `${source.name} offers no ${name}`);
  const place = installation.prepareDownload();
  try {
    const archive = join(place, name);
    await source.save(name, archive, ARCHIVE_MAX_BYTES, signal);
    if ((await sha256Of(archive)) !== sum) throw notVerified(`${name} is not the file that SHA256SUMS vouches for`);
    const unpacked = join(place, 'unpacked');
    const limits = {
      archiveMaxBytes: ARCHIVE_MAX_BYTES,
      unpackedMaxBytes: UNPACKED_MAX_BYTES,
      membersMaxCount: MEMBERS_MAX_COUNT,
    };
    await unpackTarGz(archive, unpacked, limits, signal);
    const folder = join(unpacked, name.replace(/\.tar\.gz$/u, ''));
    if (readIfPresent(join(folder, 'VERSION')) !== `${version}\n`) throw notVerified(`${name} holds another version`);
    installation.moveIn(folder, version);
  } finally {
    installation.clearDownload();
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) if (Buffer.isBuffer(chunk)) hash.update(chunk);
  return hash.digest('hex');
}
