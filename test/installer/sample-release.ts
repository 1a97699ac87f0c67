// Releases as "npm run release" makes them, but small: the real program in one file, and for Node a script that starts this one.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { archiveOf, type ReleaseFile } from '../../scripts/release/archive.ts';
import { bundleProgram } from '../../scripts/release/bundle.ts';
import { makeReleaseKey, makeRootKey, readSigningKeys, signatureLine } from '../../scripts/release/keys.ts';
import { renderInstaller } from '../../src/control-plane/install/render-installer.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** Where a sandbox has the Node that runs the tests. */
export const SANDBOX_NODE = '/usr/local/libexec/status-panel-test-node';

/** As far as a test needs it: the real one asks Node for limits that a script has not. */
const LAUNCHER = `#!/bin/sh
home=$(cd "$(dirname "$(readlink -f "$0")")/.." && pwd -P)
if [ "\${1-}" = uninstall ]; then
  shift
  exec /bin/sh "$home/install.sh" --uninstall "$@"
fi
exec "$home/bin/node" "$home/lib/status-panel.mjs" "$@"
`;

const UNIT = `[Unit]
Description=status-panel
[Service]
ExecStart=/opt/status-panel/current/bin/status-panel run
User=status-panel
SupplementaryGroups=docker
StateDirectory=status-panel
EnvironmentFile=-/etc/status-panel/environment
[Install]
WantedBy=multi-user.target
`;

function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Keys for all releases of a test; made once. */
export function makeKeys(directory: string): void {
  makeRootKey(directory);
  makeReleaseKey(directory, directory);
}

export interface SampleOptions {
  readonly keys: string;
  readonly directory: string;
  /** The last one is the newest. */
  readonly versions: readonly string[];
  /** Beside or instead of what a release has. */
  readonly more?: Readonly<Record<string, string>>;
}

const NODE = `#!/bin/sh\nexec ${SANDBOX_NODE} "$@"\n`;
const ARCHITECTURES = ['arm64', 'x64'];

/** What a control plane gets as its release directory. */
export async function makeRelease({ directory, versions, more, keys: keyFolder }: SampleOptions): Promise<void> {
  const keys = readSigningKeys(keyFolder);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const sums: string[] = [];
  const nodeSums: string[] = [];
  for (const version of versions) {
    const files = await filesOf(version, keys.rootPem, more ?? {});
    for (const architecture of ARCHITECTURES) {
      const name = `status-panel-${version}-linux-${architecture}`;
      const archive = archiveOf(name, files, 1_767_916_800);
      writeFileSync(join(directory, `${name}.tar.gz`), archive);
      sums.push(`${sha256(archive)}  ${name}.tar.gz\n`);
      nodeSums.push(`${sha256(NODE)}  ${name}/bin/node\n`);
    }
  }
  const list = Buffer.from(sums.join(''));
  writeFileSync(join(directory, 'SHA256SUMS'), list);
  writeFileSync(join(directory, 'SHA256SUMS.sig'), signatureLine(list, keys.releaseKey));
  writeFileSync(join(directory, 'release-key.pem'), keys.releasePem);
  writeFileSync(join(directory, 'release-key.pem.sig'), keys.releasePemSignature);
  writeFileSync(join(directory, 'root-key.pem'), keys.rootPem);
  writeFileSync(join(directory, 'node-sha256.txt'), nodeSums.join(''));
}

/** What stands in the program for what differs between releases, so that it is put together once for all of a test file. */
const MARKS = { version: '98765.4.3', rootKeyPem: 'the root key of a sample' };
let program: Promise<string> | undefined;

async function bundled(): Promise<string> {
  program ??= bundleProgram(ROOT, MARKS).then(({ code }) => code);
  return await program;
}

async function filesOf(
  version: string,
  rootKeyPem: string,
  more: Readonly<Record<string, string>>,
): Promise<readonly ReleaseFile[]> {
  const code = (await bundled())
    .replaceAll(MARKS.version, version)
    .replaceAll(MARKS.rootKeyPem, JSON.stringify(rootKeyPem).slice(1, -1));
  const nodeSha256 = { x64: sha256(NODE), arm64: sha256(NODE) };
  const template = readFileSync(join(ROOT, 'install.sh.tpl'), 'utf8');
  const texts: Readonly<Record<string, string>> = {
    VERSION: `${version}\n`,
    'bin/node': NODE,
    'bin/status-panel': LAUNCHER,
    'lib/status-panel.mjs': code,
    'install.sh': `${renderInstaller(template, { version, rootKeyPem, nodeSha256 }, undefined)}\n`,
    'systemd/status-panel.service': UNIT,
    'systemd/status-panel.service.d/10-v253.conf': '[Service]\nNotifyAccess=main\n',
    'systemd/status-panel.service.d/10-v254.conf': '[Service]\nRestartSteps=8\n',
    'systemd/egress-proxy/status-panel-egress.socket':
      '[Socket]\nListenStream=/run/x\n[Install]\nWantedBy=sockets.target\n',
    'systemd/egress-proxy/status-panel-egress.service': '[Service]\nEnvironmentFile=/etc/status-panel/egress-proxy\n',
    'systemd/egress-proxy/status-panel.service.d/60-egress-proxy.conf': '[Service]\nPrivateNetwork=yes\n',
    ...more,
  };
  return Object.entries(texts).map(([path, text]) => ({
    path,
    mode: path.startsWith('bin/') ? 0o755 : 0o644,
    bytes: Buffer.from(text),
  }));
}
