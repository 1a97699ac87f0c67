// The root file system a guest boots from: built once for each Debian release from its packages, kept unpacked, and never written to.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { partsCacheDir, type ProvideOptions, provideDebianPackages } from '../../../scripts/parts/debian-packages.ts';
import { withFolderLock } from '../../../scripts/parts/folder-lock.ts';
import { runProgram } from '../../../scripts/parts/run-program.ts';

/** Debian 11, 12 and 13: systemd 247, 252 and 257. */
export type Suite = 'bullseye' | 'bookworm' | 'trixie';

/** `libnss-systemd` is on every ordinary host and missing from a minimal one only. */
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'libnss-systemd',
  'dbus',
  'curl',
  'ca-certificates',
  'iproute2',
  'iptables',
  'procps',
  'docker.io',
];
const TOOLS = ['systemd-container', 'mmdebstrap'];
const BUILD_DEADLINE_MS = 600_000;
const MARKER = '.rig-complete';

export const IN_TOOLS = path.join(import.meta.dirname, 'in-tools.sh');
const BUILD = path.join(import.meta.dirname, 'build-root.sh');

/** Where systemd-nspawn and mmdebstrap lie, unpacked and not installed. */
export async function provideTools(options: ProvideOptions): Promise<string> {
  return (await provideDebianPackages(TOOLS, options)).root;
}

/** The directory of the root file system; a minute or two the first time, instant afterwards. */
export async function provideRootFileSystem(suite: Suite, options: ProvideOptions): Promise<string> {
  const cacheDir = options.cacheDir ?? partsCacheDir;
  const root = path.join(cacheDir, `rig-${suite}-${fingerprint(suite)}`);
  if (existsSync(path.join(root, MARKER))) return root;
  const tools = await provideTools(options);
  await mkdir(cacheDir, { recursive: true });
  await withFolderLock(`${root}.lock`, options.signal, async () => {
    if (existsSync(path.join(root, MARKER))) return;
    options.say(`Test guest: building Debian ${suite} in ${root}`);
    for (const unfinished of [root, ...globSync(`${path.basename(root)}.new-*`, { cwd: cacheDir })]) {
      await rm(path.resolve(cacheDir, unfinished), { recursive: true, force: true });
    }
    const building = await mkdtemp(`${root}.new-`);
    const words = [IN_TOOLS, BUILD, suite, packagesOf(suite).join(','), building];
    await runProgram('/usr/bin/unshare', ['--mount', '--propagation', 'private', ...words], {
      deadlineMs: BUILD_DEADLINE_MS,
      signal: options.signal,
      env: { RIG_TOOLS: tools },
    });
    await writeFile(path.join(building, MARKER), '');
    await rename(building, root);
  });
  return root;
}

// Newer releases have the command line in a package of its own.
function packagesOf(suite: Suite): readonly string[] {
  return suite === 'trixie' ? [...PACKAGES, 'docker-cli'] : PACKAGES;
}

/** Changes with everything that shapes the directory. */
function fingerprint(suite: Suite): string {
  const hash = createHash('sha256').update(packagesOf(suite).join(' ')).update(readFileSync(BUILD));
  return hash.digest('hex').slice(0, 10);
}
