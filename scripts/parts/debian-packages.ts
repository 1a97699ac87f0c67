// Provides programs from Debian's packages without installing them: downloads what this machine lacks and unpacks it into a private folder.
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describeError } from '../../src/platform/fault.ts';
import { withFolderLock } from './folder-lock.ts';
import { runProgram } from './run-program.ts';

const LISTS_DEADLINE_MS = 120_000;
const DOWNLOAD_DEADLINE_MS = 600_000;
const UNPACK_DEADLINE_MS = 120_000;
const MARKER = '.complete';

/** Where everything is kept that was fetched for demo and tests; removing the checkout removes it. */
export const partsCacheDir = fileURLToPath(new URL('../../node_modules/.cache/status-panel', import.meta.url));

/** True when the parts must be fetched even if this machine has them installed (STATUS_PANEL_PARTS=private). */
export function mustUsePrivateParts(): boolean {
  return process.env['STATUS_PANEL_PARTS'] === 'private';
}

export interface ProvideOptions {
  readonly say: (line: string) => void;
  readonly cacheDir?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The folder under which the packages' files lie as they would lie under `/`. Instant once they are there. */
export async function provideDebianPackages(
  names: readonly string[],
  options: ProvideOptions,
): Promise<{ readonly root: string }> {
  const cacheDir = options.cacheDir ?? partsCacheDir;
  const root = path.join(cacheDir, folderName(names));
  if (existsSync(path.join(root, MARKER))) return { root };
  if (!existsSync('/usr/bin/apt-get') || !existsSync('/usr/bin/dpkg-deb')) {
    throw new Error(
      `This needs ${names.join(', ')}, and can fetch it by itself only on Debian 12 or newer, where apt-get and dpkg-deb are. ` +
        `Install ${names.join(', ')} with this system's own package manager and try again.`,
    );
  }
  await mkdir(cacheDir, { recursive: true });
  await withFolderLock(`${root}.lock`, options.signal, async () => {
    if (existsSync(path.join(root, MARKER))) return;
    options.say(`Debian packages: fetching ${names.join(', ')} into ${root} (nothing is installed on the system)`);
    // What is there without the marker, or under a name that nobody has finished, belongs to a run that was ended half-way.
    for (const unfinished of [root, ...globSync(`${path.basename(root)}.new-*`, { cwd: cacheDir })]) {
      await rm(path.resolve(cacheDir, unfinished), { recursive: true, force: true });
    }
    const workDir = await mkdtemp(`${root}.new-`);
    try {
      const unpacked = path.join(workDir, 'root');
      await fetchPackages(names, workDir, options.signal);
      await unpackPackages(workDir, unpacked, options.signal);
      await writeFile(path.join(unpacked, MARKER), `${names.join('\n')}\n`);
      // The one step that makes it visible: whoever finds the folder finds all of it.
      await rename(unpacked, root);
    } finally {
      await rm(workDir, { recursive: true, force: true });
    }
  });
  return { root };
}

/** What to add to a program's environment so that it finds the programs and libraries under `root` besides the installed ones. */
export function privateEnvironment(root: string): Record<string, string> {
  const libraries = globSync(['usr/lib/*-linux-gnu*', 'lib/*-linux-gnu*'], { cwd: root }).map((dir) =>
    path.join(root, dir),
  );
  const programs = ['usr/sbin', 'usr/bin', 'sbin', 'bin'].map((dir) => path.join(root, dir)).filter(existsSync);
  const system = process.env['PATH'] ?? '';
  return {
    // Not every shell of a root user has the administrators' folders on its path.
    PATH: [...programs, system, '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].join(':'),
    ...(libraries.length === 0 ? {} : { LD_LIBRARY_PATH: libraries.join(':') }),
  };
}

/** One folder for each set of packages, release and architecture: a home directory may be shared between machines. */
function folderName(names: readonly string[]): string {
  const release = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const version = /^VERSION_ID="?(?<id>[^"\n]+)"?$/mu.exec(release)?.groups?.['id'] ?? 'unknown';
  const system = /^ID="?(?<id>[^"\n]+)"?$/mu.exec(release)?.groups?.['id'] ?? 'linux';
  const wanted = [...names].toSorted().join(' ');
  const digest = createHash('sha256').update(wanted).digest('hex').slice(0, 8);
  const label = wanted.replaceAll(/[^a-z0-9.]+/gu, '-').slice(0, 40);
  return `${label}-${digest}-${system}${version}-${process.arch}`;
}

async function fetchPackages(
  names: readonly string[],
  workDir: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await preparePrivateApt(names, workDir);
  const download = ['install', '--download-only', '--no-install-recommends', '-y', '-q', ...names];
  const apt = (arguments_: readonly string[], deadlineMs: number, lists: string): Promise<string> =>
    runProgram('/usr/bin/apt-get', ['-o', `Dir::State::lists=${lists}/`, ...arguments_], {
      deadlineMs,
      signal,
      env: { APT_CONFIG: path.join(workDir, 'apt.conf'), DEBIAN_FRONTEND: 'noninteractive' },
    });
  try {
    // The machine's own lists are good enough unless they are missing or name versions that are gone by now.
    await apt(download, DOWNLOAD_DEADLINE_MS, '/var/lib/apt/lists');
    return;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof Error && error.message.includes('No space left')) throw error;
  }
  try {
    const lists = path.join(workDir, 'lists');
    await apt(['update', '-q'], LISTS_DEADLINE_MS, lists);
    await apt(download, DOWNLOAD_DEADLINE_MS, lists);
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(
      `Cannot fetch the Debian packages ${names.join(', ')}. Check that this machine reaches its Debian mirror ("apt-get update" must work), ` +
        `or install them with "apt-get install ${names.join(' ')}", then try again. ${describeError(error)}`,
      { cause: error },
    );
  }
}

/**
 * The machine's own apt settings (mirrors, proxies, keys) with every folder that apt writes to replaced by a private one.
 * So no lock of the system is needed or waited for, and hooks that touch the system do not run.
 */
async function preparePrivateApt(names: readonly string[], workDir: string): Promise<void> {
  const settings = await runProgram('/usr/bin/apt-config', ['dump'], { deadlineMs: 30_000 });
  const kept = settings
    .split('\n')
    .filter((line) => !/^(?:DPkg::|APT::Update::|Dir::Cache|Dir::State|Dir::Etc::(?:parts|main)\b)/iu.test(line));
  await mkdir(path.join(workDir, 'archives', 'partial'), { recursive: true });
  await mkdir(path.join(workDir, 'lists', 'partial'), { recursive: true });
  const installed = await readFile('/var/lib/dpkg/status', 'utf8');
  await writeFile(path.join(workDir, 'status'), withoutPackages(installed, names));
  await writeFile(
    path.join(workDir, 'apt.conf'),
    [
      ...kept,
      'Dir::Etc::parts "/dev/null";',
      'Dir::Etc::main "/dev/null";',
      'Dir::State "/var/lib/apt/";',
      `Dir::State::status "${workDir}/status";`,
      `Dir::State::extended_states "${workDir}/extended_states";`,
      `Dir::Cache "${workDir}/";`,
      'Dir::Cache::archives "archives/";',
      'Dir::Cache::pkgcache "";',
      'Dir::Cache::srcpkgcache "";',
      // apt's own unprivileged user could not write to a folder below a private home directory.
      'APT::Sandbox::User "";',
      'APT::Color "0";',
      'Acquire::Retries "3";',
      'Acquire::http::Timeout "30";',
      'Acquire::https::Timeout "30";',
      '',
    ].join('\n'),
  );
}

/** The list of installed packages without those that are to be fetched, and without what belongs to them (`postgresql-15`). */
function withoutPackages(status: string, names: readonly string[]): string {
  return status
    .split('\n\n')
    .filter((stanza) => {
      const installed = /^Package: (?<name>.+)$/mu.exec(stanza)?.groups?.['name'] ?? '';
      return !names.some((name) => installed === name || installed.startsWith(`${name}-`));
    })
    .join('\n\n');
}

async function unpackPackages(workDir: string, target: string, signal: AbortSignal | undefined): Promise<void> {
  const archives = globSync('archives/*.deb', { cwd: workDir });
  if (archives.length === 0) throw new Error('apt-get downloaded nothing, although it reported no error.');
  await mkdir(target);
  for (const archive of archives) {
    await runProgram('/usr/bin/dpkg-deb', ['-x', path.join(workDir, archive), target], {
      deadlineMs: UNPACK_DEADLINE_MS,
      signal,
    });
  }
  // Nobody reads the manuals here.
  await rm(path.join(target, 'usr/share/doc'), { recursive: true, force: true });
  await rm(path.join(target, 'usr/share/man'), { recursive: true, force: true });
}
