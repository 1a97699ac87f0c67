// Further releases for a control plane to publish: the one that was built, with another version and with changed files.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { gunzipSync, gzipSync } from 'node:zlib';
import { tarArchive, type TarEntry } from '../../scripts/parts/tar-archive.ts';
import { bundleProgram } from '../../scripts/release/bundle.ts';
import { readSigningKeys, signatureLine } from '../../scripts/release/keys.ts';
import { filesOfTar } from '../../scripts/release/read-tar.ts';
import { VERSION } from '../../src/version.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = 'lib/status-panel.mjs';
const SERVICE_UNIT = 'systemd/status-panel.service';

export interface Changes {
  readonly version: string;
  /** Of the program's text. */
  readonly program?: (code: string) => string;
  /** Of the service's unit. */
  readonly unit?: (text: string) => string;
}

/** A program that can say its version and register, but does not run. */
export function dyingWhenRun(code: string): string {
  return code.replace(/^(?<shebang>#!.*\n)?/u, "$<shebang>if (process.argv[2] === 'run') process.exit(70);\n");
}

/** What npm run release made is in `built`; the release with the changes takes the place of `published`, in one step. */
export async function publish(
  built: string,
  keysDirectory: string,
  published: string,
  changes: Changes,
): Promise<void> {
  const { version, program = (code) => code, unit = (text) => text } = changes;
  const keys = readSigningKeys(keysDirectory);
  const nameOf = (which: string): string => `status-panel-${which}-linux-${process.arch}`;
  const { code } = await bundleProgram(ROOT, { version, rootKeyPem: keys.rootPem });
  const texts = new Map([
    ['VERSION', `${version}\n`],
    [PROGRAM, program(code)],
  ]);
  const files = filesOfTar(gunzipSync(readFileSync(join(built, `${nameOf(VERSION)}.tar.gz`)))).map((file) => {
    const path = file.path.slice(nameOf(VERSION).length + 1);
    const text = path === SERVICE_UNIT ? unit(file.bytes.toString('utf8')) : texts.get(path);
    return { path, bytes: text === undefined ? file.bytes : Buffer.from(text) };
  });
  const folders = new Set(
    files.flatMap(({ path }) =>
      path
        .split('/')
        .slice(0, -1)
        .map((_, at, parts) => parts.slice(0, at + 1).join('/')),
    ),
  );
  const entries: readonly TarEntry[] = [
    ...['', ...[...folders].toSorted()].map((path) => ({
      kind: 'directory' as const,
      path: `${nameOf(version)}/${path}${path === '' ? '' : '/'}`,
      mode: 0o755,
    })),
    ...files.map(({ path, bytes }) => ({
      kind: 'file' as const,
      path: `${nameOf(version)}/${path}`,
      mode: /^bin\/|\.sh$/u.test(path) ? 0o755 : 0o644,
      bytes,
    })),
  ];
  // Quickly: nobody keeps these.
  const archive = gzipSync(tarArchive(entries), { level: 1 });
  const fresh = `${published}.new`;
  mkdirSync(fresh, { recursive: true });
  const write = (name: string, content: string | Buffer): void => writeFileSync(join(fresh, name), content);
  const list = Buffer.from(`${createHash('sha256').update(archive).digest('hex')}  ${nameOf(version)}.tar.gz\n`);
  write(`${nameOf(version)}.tar.gz`, archive);
  write('SHA256SUMS', list);
  write('SHA256SUMS.sig', signatureLine(list, keys.releaseKey));
  write(
    'node-sha256.txt',
    readFileSync(join(built, 'node-sha256.txt'), 'utf8').replaceAll(`-${VERSION}-linux-`, `-${version}-linux-`),
  );
  for (const name of ['release-key.pem', 'release-key.pem.sig', 'root-key.pem'])
    write(name, readFileSync(join(built, name)));
  rmSync(published, { recursive: true, force: true });
  renameSync(fresh, published);
}
