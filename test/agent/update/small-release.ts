// A signed release of a few bytes, an installation that it can be put into, and what the updater needs besides.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { tarArchive } from '../../../scripts/parts/tar-archive.ts';
import { Installation } from '../../../src/agent/update/installation.ts';
import { Ledger } from '../../../src/agent/update/ledger.ts';
import { folderSource } from '../../../src/agent/update/source.ts';
import type { UpdaterOptions, Wish } from '../../../src/agent/update/updater.ts';
import type { Verdict } from '../../../src/agent/update/verdict.ts';
import { FakeClock } from '../../platform/fake-clock.ts';

const root = generateKeyPairSync('ed25519');
const release = generateKeyPairSync('ed25519');
const UNIT = 'status-panel.service';

export const WISH: Wish = { version: undefined, allowDowngrade: false, retryFailed: false, requestId: 'request-1' };

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function signed(bytes: string, key: KeyObject): string {
  return `${sign(null, Buffer.from(bytes), key).toString('base64')}\n`;
}

/** A host on which 1.0.0 is installed, in a temporary folder. */
export class SmallHost implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'status-panel-update-'));
  readonly installation = new Installation(join(this.home, 'opt'));
  readonly ledger = new Ledger(this.installation.updateDirectory);
  readonly unitDirectory = join(this.home, 'units');
  readonly said: string[] = [];
  readonly restarts: (string | undefined)[] = [];
  verdict: Verdict = { kind: 'good' };

  constructor() {
    for (const version of ['0.8.0', '0.9.0', '1.0.0']) this.#putVersion(version);
    symlinkSync(join('versions', '1.0.0'), join(this.installation.directory, 'current'));
    mkdirSync(this.unitDirectory);
    writeFileSync(join(this.unitDirectory, UNIT), 'unit of 1.0.0\n');
  }

  #putVersion(version: string): void {
    const folder = this.installation.versionDirectory(version);
    mkdirSync(join(folder, 'systemd'), { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, 'VERSION'), `${version}\n`);
    writeFileSync(join(folder, 'systemd', UNIT), `unit of ${version}\n`);
  }

  /** Publishes `version` in a folder; `tamper` changes the archive after its hash was signed. */
  publish(version: string, more: { readonly says?: string; readonly tamper?: boolean } = {}): string {
    const folder = join(this.home, 'published');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    const top = `status-panel-${version}-linux-x64`;
    const file = (path: string, text: string, mode = 0o644) =>
      ({ kind: 'file', path: `${top}/${path}`, mode, bytes: Buffer.from(text) }) as const;
    const archive = gzipSync(
      tarArchive([
        { kind: 'directory', path: `${top}/`, mode: 0o755 },
        { kind: 'directory', path: `${top}/systemd/`, mode: 0o755 },
        file('VERSION', `${more.says ?? version}\n`),
        file(`systemd/${UNIT}`, `unit of ${version}\n`),
      ]),
    );
    const sums = `${createHash('sha256').update(archive).digest('hex')}  ${top}.tar.gz\n`;
    const releaseKey = pemOf(release.publicKey);
    if (more.tamper === true) archive[20] = (archive[20] ?? 0) ^ 1;
    writeFileSync(join(folder, `${top}.tar.gz`), archive);
    writeFileSync(join(folder, 'SHA256SUMS'), sums);
    writeFileSync(join(folder, 'SHA256SUMS.sig'), signed(sums, release.privateKey));
    writeFileSync(join(folder, 'release-key.pem'), releaseKey);
    writeFileSync(join(folder, 'release-key.pem.sig'), signed(releaseKey, root.privateKey));
    return folder;
  }

  get options(): UpdaterOptions {
    return {
      installation: this.installation,
      ledger: this.ledger,
      source: folderSource(join(this.home, 'published')),
      rootKeyPem: pemOf(root.publicKey),
      architecture: 'x64',
      unitDirectory: this.unitDirectory,
      services: {
        reload: async () => undefined,
        restart: async () => {
          this.restarts.push(this.installation.linked('current'));
        },
      },
      tryOut: async () => undefined,
      watch: () => async () => this.verdict,
      clock: new FakeClock(),
      say: (line) => this.said.push(line),
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
