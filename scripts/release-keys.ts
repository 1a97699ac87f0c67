// npm run release-keys: makes the keys that releases are signed with (docs/releasing.md).
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { KEY_FILES, makeReleaseKey, makeRootKey } from './release/keys.ts';

const USAGE = `usage: npm run release-keys -- --dir DIR [--root-dir DIR]

  --dir DIR        where the release key goes (${KEY_FILES.releasePrivate}, ${KEY_FILES.releasePublic}, ${KEY_FILES.releaseSignature}) with the public root key
  --root-dir DIR   where the root key is kept, or is made when there is none (default: DIR of --dir, for trying out only)

Keep the root key offline: it is needed to sign a release key, never to build a release.
`;

const { values } = parseArgs({
  options: { dir: { type: 'string' }, 'root-dir': { type: 'string' }, help: { type: 'boolean', default: false } },
});
if (values.help || values.dir === undefined) {
  process.stdout.write(USAGE);
  if (!values.help) process.exitCode = 64;
} else {
  const directory = resolve(values.dir);
  const rootDirectory = resolve(values['root-dir'] ?? directory);
  try {
    if (!existsSync(join(rootDirectory, KEY_FILES.rootPrivate))) {
      makeRootKey(rootDirectory);
      console.log(`made a root key: ${join(rootDirectory, KEY_FILES.rootPrivate)} (keep it offline)`);
    }
    makeReleaseKey(directory, rootDirectory);
    console.log(`made a release key, signed by the root key: ${join(directory, KEY_FILES.releasePrivate)}`);
  } catch (error) {
    process.stderr.write(`release-keys: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
