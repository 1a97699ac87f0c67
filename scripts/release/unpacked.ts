// The release of this machine's architecture, unpacked as an installer does it: for benchmarks and tests of what is really shipped.
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { runProgram } from '../parts/run-program.ts';

const UNPACK_DEADLINE_MS = 60_000;

/** Unpacks the archive in `releaseDirectory` below `into`. Returns the folder that has bin/status-panel in it. */
export async function unpackRelease(releaseDirectory: string, into: string): Promise<string> {
  const ending = `-linux-${process.arch}.tar.gz`;
  const archive = readdirSync(releaseDirectory).find((name) => name.endsWith(ending));
  if (archive === undefined) throw new Error(`${releaseDirectory} has no archive *${ending}: npm run release`);
  mkdirSync(into, { recursive: true });
  await runProgram('tar', ['-xzf', join(releaseDirectory, archive), '-C', into], { deadlineMs: UNPACK_DEADLINE_MS });
  return join(into, archive.replace(/\.tar\.gz$/u, ''));
}
