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

export interface SampleRelease {
  /** What a control plane gets as its release directory. */
  readonly directory: string;
  readonly version: string;
}

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
  readonly version: string;
  /** Beside or instead of what a release has. */
  readonly more?: Readonly<Record<string, string>>;
}

export async function makeRelease(options: SampleOptions): Promise<SampleRelease> {
  const { directory, version } = options;
  const keys = readSigningKeys(options.keys);
  const { code } = await bundleProgram(ROOT, { version, rootKeyPem: keys.rootPem });
  const node = `#!/bin/sh\nexec ${SANDBOX_NODE} "$@"\n`;
  const nodeSha256 = { x64: sha256(node), arm64: sha256(node) };
  const template = readFileSync(join(ROOT, 'install.sh.tpl'), 'utf8');
  const texts: Readonly<Record<string, string>> = {
    VERSION: `${version}\n`,
    'bin/node': node,
    'bin/status-panel': readFileSync(join(ROOT, 'scripts', 'release', 'launcher.sh'), 'utf8'),
    'lib/status-panel.mjs': code,
    'install.sh': `${renderInstaller(template, { version, rootKeyPem: keys.rootPem, nodeSha256 }, undefined)}\n`,
    'systemd/status-panel.service': UNIT,
    'systemd/status-panel.service.d/10-v253.conf': '[Service]\nNotifyAccess=main\n',
    'systemd/status-panel.service.d/10-v254.conf': '[Service]\nRestartSteps=8\n',
    ...options.more,
  };
  const files: readonly ReleaseFile[] = Object.entries(texts).map(([path, text]) => ({
    path,
    mode: path.startsWith('bin/') ? 0o755 : 0o644,
    bytes: Buffer.from(text),
  }));
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const sums: string[] = [];
  const nodeSums: string[] = [];
  for (const architecture of ['arm64', 'x64']) {
    const name = `status-panel-${version}-linux-${architecture}`;
    const archive = archiveOf(name, files, 1_767_916_800);
    writeFileSync(join(directory, `${name}.tar.gz`), archive);
    sums.push(`${sha256(archive)}  ${name}.tar.gz\n`);
    nodeSums.push(`${sha256(node)}  ${name}/bin/node\n`);
  }
  const list = Buffer.from(sums.join(''));
  writeFileSync(join(directory, 'SHA256SUMS'), list);
  writeFileSync(join(directory, 'SHA256SUMS.sig'), signatureLine(list, keys.releaseKey));
  writeFileSync(join(directory, 'release-key.pem'), keys.releasePem);
  writeFileSync(join(directory, 'release-key.pem.sig'), keys.releasePemSignature);
  writeFileSync(join(directory, 'root-key.pem'), keys.rootPem);
  writeFileSync(join(directory, 'node-sha256.txt'), nodeSums.join(''));
  return { directory, version };
}
