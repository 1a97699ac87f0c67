// A release is the same bit for bit wherever it is built, holds what it says, and nothing else.
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { NEVER_INSIDE, standInFor } from '../../scripts/release/stand-ins.ts';
import { fingerprintOf, verifyPapers } from '../../src/agent/update/signature.ts';
import { VERSION } from '../../src/version.ts';
import { Publisher, ROOT } from './versions.ts';

const publisher = new Publisher();
const ARCHIVES = ['arm64', 'x64'].map((architecture) => `status-panel-${VERSION}-linux-${architecture}.tar.gz`);
let first = '';

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

function unpacked(architecture: string): string {
  const into = join(publisher.home, `unpacked-${architecture}`);
  mkdirSync(into, { recursive: true });
  execFileSync('tar', ['-xzf', join(first, `status-panel-${VERSION}-linux-${architecture}.tar.gz`), '-C', into]);
  return join(into, `status-panel-${VERSION}-linux-${architecture}`);
}

beforeAll(async () => {
  await publisher.makeKeys();
  first = await publisher.release(VERSION, { all: true });
}, 200_000);

afterAll(() => publisher[Symbol.dispose]());

describe('a release', () => {
  test('built in another folder is the same, byte for byte', async () => {
    const out = join(publisher.home, 'second');
    const source = publisher.copyOfTree('elsewhere/with a longer name', []);
    await publisher.build(['--keys', publisher.keys(), '--out', out, '--source', source]);
    expect(readdirSync(out).sort()).toEqual(readdirSync(first).sort());
    for (const name of readdirSync(first)) {
      expect(sha256(join(out, name)), name).toBe(sha256(join(first, name)));
    }
  }, 120_000);

  test('is vouched for by the root key, without whose private part it was built', () => {
    const sums = verifyPapers(read(first, 'root-key.pem'), {
      releaseKeyPem: read(first, 'release-key.pem'),
      releaseKeySignature: read(first, 'release-key.pem.sig'),
      sums: read(first, 'SHA256SUMS'),
      sumsSignature: read(first, 'SHA256SUMS.sig'),
    });
    expect([...sums.keys()]).toEqual(ARCHIVES);
    for (const name of ARCHIVES) expect(sums.get(name)).toBe(sha256(join(first, name)));
    expect(readdirSync(publisher.keys())).not.toContain('root.key');
    expect(execFileSync('sha256sum', ['--check', 'SHA256SUMS'], { cwd: first, encoding: 'utf8' })).toContain(': OK');
  });

  test.each(ARCHIVES)('%s has at most 45 MiB', (name) => {
    expect(statSync(join(first, name)).size).toBeLessThanOrEqual(45 * 1024 * 1024);
  });

  test('holds files that root owns, under one folder, and no links', () => {
    for (const name of ARCHIVES) {
      const listing = execFileSync('tar', ['--numeric-owner', '-tvzf', join(first, name)], { encoding: 'utf8' });
      const lines = listing.trimEnd().split('\n');
      const folder = name.replace('.tar.gz', '/');
      for (const line of lines) {
        expect(line).toMatch(/^(?:drwxr-xr-x|-rw-r--r--|-rwxr-xr-x) 0\/0 /u);
        expect(line).toContain(` ${folder}`);
      }
      const programs = lines.filter((line) => line.startsWith('-rwx')).map((line) => line.split(folder)[1]);
      expect(programs).toEqual(['bin/node', 'bin/status-panel', 'install.sh']);
    }
  });

  test('runs, and says which root key it trusts', () => {
    const program = join(unpacked(process.arch), 'bin', 'status-panel');
    const fingerprint = fingerprintOf(read(first, 'root-key.pem'));
    expect(execFileSync(program, ['version'], { encoding: 'utf8' })).toBe(
      `status-panel ${VERSION}\nroot key sha256:${fingerprint}\n`,
    );
    expect(createPublicKey(read(first, 'root-key.pem')).asymmetricKeyType).toBe('ed25519');
  });

  test.each([
    ['x64', 0x3e, '/lib64/ld-linux-x86-64.so.2'],
    ['arm64', 0xb7, '/lib/ld-linux-aarch64.so.1'],
  ])('has Node as its publisher built it for %s', (architecture, machine, loader) => {
    const folder = unpacked(architecture);
    const node = readFileSync(join(folder, 'bin', 'node'));
    expect(node.readUInt16LE(18)).toBe(machine);
    expect(read(folder, 'bin/status-panel')).toContain(loader);
    const [, sum] =
      new RegExp(`^(\\w+)  .*-${architecture}/bin/node$`, 'mu').exec(read(first, 'node-sha256.txt')) ?? [];
    expect(sum).toBe(createHash('sha256').update(node).digest('hex'));
  });

  test('lists what is in it, each with its licence and hash, and nothing it was to leave out', () => {
    const folder = unpacked('arm64');
    const component = z.object({
      name: z.string(),
      version: z.string(),
      licenses: z.array(z.object({ license: z.object({ id: z.string() }) })).length(1),
      hashes: z.array(z.object({ alg: z.literal('SHA-512'), content: z.string().length(128) })).length(1),
    });
    const bom = z.object({
      bomFormat: z.literal('CycloneDX'),
      specVersion: z.literal('1.6'),
      components: z.array(component),
    });
    const { components } = bom.parse(JSON.parse(read(folder, 'sbom.cdx.json')));
    const names = components.map((one) => one.name);
    expect(names).toEqual(expect.arrayContaining(['node', 'undici', 'dockerode', 'pino', 'zod', 'node-cron']));
    expect(names.filter((name) => NEVER_INSIDE.includes(name))).toEqual([]);
    const licences = readdirSync(join(folder, 'licenses'));
    for (const one of components) {
      expect(licences).toContain(`${one.name.replace('/', '_')}-${one.version}.txt`);
    }
    const program = read(folder, 'lib/status-panel.mjs');
    expect(program).toContain('ssh.js is not part of this program');
    expect(program).not.toContain('ssh-connection');
    // One character outside Latin-1 makes V8 keep the whole source in two bytes a character.
    expect(/[\u0080-\u{10FFFF}]/u.exec(program)).toBeNull();
  });

  test('takes from undici all that the agent uses, and leaves its fetch', () => {
    const source = readFileSync(join(ROOT, 'src/agent/upstream/http-client.ts'), 'utf8');
    const names = /^import \{ (.*) \} from 'undici';$/mu.exec(source)?.[1]?.split(', ') ?? [];
    const used = names.filter((name) => !name.startsWith('type '));
    expect(used.length).toBeGreaterThan(0);
    for (const name of used) expect(standInFor('/node_modules/undici/index.js')).toContain(name);
    expect(read(unpacked('x64'), 'lib/status-panel.mjs')).not.toContain('function fetching');
  });

  test('has one version, in package.json and in the program', () => {
    expect(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))).toMatchObject({ version: VERSION });
  });
});
