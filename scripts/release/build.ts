// Builds a release: the archives of all architectures, the list of their hashes, and the signatures that vouch for it.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { renderInstaller } from '../../src/control-plane/install/render-installer.ts';
import { archiveOf, type ReleaseFile } from './archive.ts';
import { bundleProgram } from './bundle.ts';
import { type SigningKeys, signatureLine } from './keys.ts';
import { type Architecture, type NodeRuntime, nodeRuntime } from './node-runtime.ts';
import { type InsidePackage, insidePackages } from './packages.ts';
import { sbomOf } from './sbom.ts';
import { RUN_ENVIRONMENT, RUN_FLAGS } from './run-flags.ts';
import { NEVER_INSIDE } from './stand-ins.ts';

export interface ReleasePlan {
  /** The source tree. */
  readonly root: string;
  readonly out: string;
  readonly version: string;
  readonly keys: SigningKeys;
  /** Time of every file in the archives: the commit's, in seconds since the epoch. */
  readonly modifiedSeconds: number;
  readonly architectures: readonly Architecture[];
  readonly nodeVersion: string;
  readonly nodeParts: Readonly<Record<string, string>>;
  readonly say: (line: string) => void;
}

/** What an upload may be: slow lines are common where servers are rented. */
const ARCHIVE_MAX_BYTES = 45 * 1024 * 1024;
const VERSION = /^\d{1,5}\.\d{1,5}\.\d{1,5}(?:-[0-9A-Za-z.-]{1,40})?$/u;

const manifestSchema = z.object({ license: z.string() });

export async function buildRelease(plan: ReleasePlan): Promise<void> {
  const { root, out, version, keys, say } = plan;
  if (!VERSION.test(version)) throw new Error(`${version} is no version: it must look like 1.2.3 or 1.2.3-rc.1`);
  const bundle = await bundleProgram(root, { version, rootKeyPem: keys.rootPem });
  const unwanted = bundle.packages.filter((name) => NEVER_INSIDE.includes(name));
  if (unwanted.length > 0) throw new Error(`the program must not contain ${unwanted.join(', ')}`);
  const packages = insidePackages(root, bundle.packages);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const sums: string[] = [];
  const nodeSums: string[] = [];
  const runtimes = { x64: await nodeRuntime(root, 'x64'), arm64: await nodeRuntime(root, 'arm64') };
  const installer = installerWithoutPurchase(plan, runtimes);
  for (const architecture of plan.architectures) {
    const runtime = runtimes[architecture];
    if (`v${runtime.version}` !== plan.nodeVersion)
      throw new Error(`this is Node ${plan.nodeVersion}, but ${runtime.version} is packed`);
    const directory = `status-panel-${version}-linux-${architecture}`;
    const files = [
      ...programFiles(plan, bundle.code, packages, runtime),
      sbomFile(plan, architecture, packages, runtime),
      { path: 'install.sh', mode: 0o755 as const, bytes: Buffer.from(installer) },
    ];
    const archive = archiveOf(directory, files, plan.modifiedSeconds);
    if (archive.length > ARCHIVE_MAX_BYTES)
      throw new Error(`${directory}.tar.gz has ${archive.length} bytes, more than ${ARCHIVE_MAX_BYTES}`);
    writeFileSync(join(out, `${directory}.tar.gz`), archive);
    sums.push(`${sha256(archive)}  ${directory}.tar.gz\n`);
    nodeSums.push(`${sha256(runtime.binary)}  ${directory}/bin/node\n`);
    say(`${directory}.tar.gz: ${(archive.length / 1024 / 1024).toFixed(1)} MiB`);
  }
  writeOut(plan, sums.sort(byName), nodeSums.sort(byName));
}

function writeOut({ out, keys }: ReleasePlan, sums: readonly string[], nodeSums: readonly string[]): void {
  const list = Buffer.from(sums.join(''));
  const write = (name: string, content: string | Buffer): void => writeFileSync(join(out, name), content);
  write('SHA256SUMS', list);
  write('SHA256SUMS.sig', signatureLine(list, keys.releaseKey));
  write('release-key.pem', keys.releasePem);
  write('release-key.pem.sig', keys.releasePemSignature);
  write('root-key.pem', keys.rootPem);
  write('node-sha256.txt', nodeSums.join(''));
}

/** Lies in every archive, to remove, repair and upgrade by: it knows the keys, and no server and no purchase. */
function installerWithoutPurchase(
  { root, version, keys }: ReleasePlan,
  runtimes: Readonly<Record<Architecture, NodeRuntime>>,
): string {
  const nodeSha256 = { x64: sha256(runtimes.x64.binary), arm64: sha256(runtimes.arm64.binary) };
  const template = readFileSync(join(root, 'install.sh.tpl'), 'utf8');
  return `${renderInstaller(template, { version, rootKeyPem: keys.rootPem, nodeSha256 }, undefined)}\n`;
}

function programFiles(
  { root, version }: ReleasePlan,
  code: string,
  packages: readonly InsidePackage[],
  runtime: NodeRuntime,
): readonly ReleaseFile[] {
  const file = (path: string, bytes: Buffer | string, mode: 0o644 | 0o755 = 0o644): ReleaseFile => ({
    path,
    mode,
    bytes: Buffer.from(bytes),
  });
  return [
    file('VERSION', `${version}\n`),
    file('bin/node', runtime.binary, 0o755),
    file('bin/status-panel', launcherOf(root, runtime), 0o755),
    file('lib/status-panel.mjs', code),
    file('licenses/status-panel.txt', readFileSync(join(root, 'LICENSE'))),
    file(`licenses/node-${runtime.version}.txt`, runtime.licence),
    ...packages.map((one) => file(`licenses/${one.name.replace('/', '_')}-${one.version}.txt`, one.licenceText)),
    ...systemdFiles(root).map((path) => file(path, readFileSync(join(root, path)))),
  ];
}

function launcherOf(root: string, { loader }: NodeRuntime): string {
  const text = readFileSync(join(root, 'scripts', 'release', 'launcher.sh'), 'utf8');
  const environment = Object.entries(RUN_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  return text
    .replaceAll('@LOADER@', loader)
    .replaceAll('@FLAGS@', RUN_FLAGS.join(' '))
    .replaceAll('@ENVIRONMENT@', environment.join(' '));
}

function systemdFiles(root: string): readonly string[] {
  const folder = join(root, 'systemd');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

function sbomFile(
  plan: ReleasePlan,
  architecture: string,
  packages: readonly InsidePackage[],
  runtime: NodeRuntime,
): ReleaseFile {
  const { license } = manifestSchema.parse(JSON.parse(readFileSync(join(plan.root, 'package.json'), 'utf8')));
  const { version, modifiedSeconds, nodeParts } = plan;
  const text = sbomOf({
    version,
    architecture,
    licence: license,
    modifiedSeconds,
    packages,
    runtime,
    runtimeParts: nodeParts,
  });
  return { path: 'sbom.cdx.json', mode: 0o644, bytes: Buffer.from(text) };
}

/** Of lines as sha256sum writes them. */
function byName(a: string, b: string): number {
  return a.slice(66) < b.slice(66) ? -1 : 1;
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
