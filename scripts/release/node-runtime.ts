// Node for each architecture, as its npm package has it: fetched by npm, and taken only when its hash is the one in package-lock.json.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { type FileEntry, filesOfTar } from './read-tar.ts';

export const ARCHITECTURES = ['x64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

export interface NodeRuntime {
  readonly packageName: string;
  readonly version: string;
  /** As in package-lock.json: `sha512-` and base64. */
  readonly integrity: string;
  readonly binary: Buffer;
  /** Of glibc: without it the binary does not start. */
  readonly loader: string;
  readonly licence: Buffer;
}

/** e_machine of an ELF header, and the program that the kernel is to load it with. */
const ELF: Readonly<Record<Architecture, { readonly machine: number; readonly loader: string }>> = {
  x64: { machine: 0x3e, loader: '/lib64/ld-linux-x86-64.so.2' },
  arm64: { machine: 0xb7, loader: '/lib/ld-linux-aarch64.so.1' },
};
const FETCH_DEADLINE_MS = 300_000;

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), integrity: z.string().optional() })),
});

export async function nodeRuntime(root: string, architecture: Architecture): Promise<NodeRuntime> {
  const packageName = `node-linux-${architecture}`;
  const lock = lockSchema.parse(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')));
  const { version, integrity } = lock.packages[`node_modules/${packageName}`] ?? {};
  if (version === undefined || integrity === undefined) {
    throw new Error(`package-lock.json names no version and hash of ${packageName}: run "npm run lockfile"`);
  }
  const files = filesOfTar(gunzipSync(await packageArchive(root, packageName, version, integrity)));
  const binary = fileOf(files, 'package/bin/node');
  const machine = binary.subarray(0, 4).equals(Buffer.from('\u007fELF')) ? binary.readUInt16LE(18) : undefined;
  const { machine: wanted, loader } = ELF[architecture];
  if (machine !== wanted) throw new Error(`bin/node of ${packageName} is no program for ${architecture}`);
  if (!binary.includes(`${loader}\0`)) throw new Error(`bin/node of ${packageName} is not loaded by ${loader}`);
  return { packageName, version, integrity, binary, loader, licence: fileOf(files, 'package/LICENSE') };
}

/** The package as the registry has it: from .cache, else through npm. */
async function packageArchive(root: string, name: string, version: string, integrity: string): Promise<Buffer> {
  const folder = join(root, '.cache', 'node-runtime');
  const path = join(folder, `${name}-${version}.tgz`);
  const kept = readIfMatching(path, integrity);
  if (kept !== undefined) return kept;
  mkdirSync(folder, { recursive: true });
  await promisify(execFile)('npm', ['pack', `${name}@${version}`, '--prefer-offline', '--pack-destination', folder], {
    timeout: FETCH_DEADLINE_MS,
  });
  const fetched = readIfMatching(path, integrity);
  if (fetched === undefined)
    throw new Error(`${name}@${version} is not the package whose hash package-lock.json holds`);
  return fetched;
}

function readIfMatching(path: string, integrity: string): Buffer | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return undefined;
  }
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}` === integrity ? bytes : undefined;
}

function fileOf(files: readonly FileEntry[], path: string): Buffer {
  const found = files.find((file) => file.path === path);
  if (found === undefined) throw new Error(`the package has no ${path}`);
  return found.bytes;
}
