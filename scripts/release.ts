// npm run release: builds the archives that are installed on hosts, and signs the list of their hashes (docs/releasing.md).
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { VERSION } from '../src/version.ts';
import { buildRelease } from './release/build.ts';
import { ARCHITECTURES } from './release/node-runtime.ts';
import { KEY_FILES, makeReleaseKey, makeRootKey, readSigningKeys } from './release/keys.ts';

const USAGE = `usage: npm run release [-- --keys DIR] [--out DIR] [--version V] [--source DIR] [--arch A]

  --keys DIR      signing keys as "npm run release-keys" makes them (default: .release-keys, made when missing, for trying out only)
  --out DIR       where the release goes; what lies there is replaced (default: dist/release)
  --version V     another version than that of src/version.ts, for testing upgrades
  --source DIR    another source tree than this one
  --arch A        only x64 or only arm64, for trying out

SOURCE_DATE_EPOCH sets the time of every packed file; without it, it is that of the newest commit.
`;

const HERE = join(import.meta.dirname, '..');

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      keys: { type: 'string' },
      out: { type: 'string' },
      version: { type: 'string' },
      source: { type: 'string' },
      arch: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const root = resolve(values.source ?? HERE);
  const keys = resolve(values.keys ?? join(HERE, '.release-keys'));
  if (values.keys === undefined && !existsSync(join(keys, KEY_FILES.releasePrivate))) makeKeysForTryingOut(keys);
  await buildRelease({
    root,
    out: resolve(values.out ?? join(HERE, 'dist', 'release')),
    version: values.version ?? VERSION,
    keys: readSigningKeys(keys),
    modifiedSeconds: modifiedSeconds(root),
    architectures: ARCHITECTURES.filter((one) => values.arch === undefined || values.arch === one),
    nodeVersion: process.version,
    nodeParts: Object.fromEntries(Object.entries(process.versions).map(([name, version]) => [name, version ?? ''])),
    say: (line) => console.log(line),
  });
}

function makeKeysForTryingOut(directory: string): void {
  if (!existsSync(join(directory, KEY_FILES.rootPrivate))) makeRootKey(directory);
  makeReleaseKey(directory, directory);
  console.warn(
    `made new keys in ${directory}. They are for trying out: a real root key is made offline (docs/releasing.md).`,
  );
}

function modifiedSeconds(root: string): number {
  const given = process.env['SOURCE_DATE_EPOCH'];
  const text = given ?? execFileSync('git', ['-C', root, 'log', '-1', '--format=%ct'], { encoding: 'utf8' }).trim();
  if (!/^\d{1,11}$/u.test(text)) throw new Error(`SOURCE_DATE_EPOCH=${text}: must be whole seconds since the epoch`);
  return Number(text);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`release: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
