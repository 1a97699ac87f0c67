// Unpacking: what honest programs write comes out as it went in, and nothing hostile gets a byte outside or stays behind.
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ArchiveLimits, unpackTarGz } from '../../../src/platform/archive/unpack.ts';
import { longName, member, pax, tar, tarGz, type Written } from './written-tar.ts';

const LIMITS: ArchiveLimits = { archiveMaxBytes: 1_000_000, unpackedMaxBytes: 2_000_000, membersMaxCount: 100 };
const never = new AbortController().signal;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'status-panel-unpack-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function unpack(bytes: Buffer, limits = LIMITS, signal = never): Promise<{ files: number; sizeBytes: number }> {
  writeFileSync(join(folder, 'archive'), bytes);
  return await unpackTarGz(join(folder, 'archive'), join(folder, 'into'), limits, signal);
}

/** Path, kind, mode and content of everything below. */
function listing(root: string): Readonly<Record<string, string>> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted();
  return Object.fromEntries(
    names.map((name) => {
      const stats = lstatSync(join(root, name));
      const mode = (stats.mode & 0o7777).toString(8);
      return [name, stats.isDirectory() ? `folder ${mode}` : `${mode} ${readFileSync(join(root, name), 'utf8')}`];
    }),
  );
}

describe('an honest archive', () => {
  it.each(['ustar', 'pax', 'gnu', 'v7'])('written by tar in the format %s comes out whole', async (format) => {
    const source = join(folder, 'source');
    // v7 has no room for longer names.
    const deep = format === 'v7' ? 'deep' : join('d'.repeat(60), 'e'.repeat(60), 'f'.repeat(20));
    mkdirSync(join(source, deep), { recursive: true });
    writeFileSync(join(source, 'docker-compose.yml'), 'services: {}\n');
    writeFileSync(join(source, deep, 'größe.txt'), 'x'.repeat(5_000));
    writeFileSync(join(source, 'empty'), '');
    writeFileSync(join(source, 'start.sh'), '#!/bin/sh\n');
    chmodSync(join(source, 'start.sh'), 0o750);
    chmodSync(join(source, 'empty'), 0o600);
    const bytes = execFileSync('tar', [`--format=${format}`, '-C', source, '-czf', '-', '.']);
    expect(await unpack(bytes)).toEqual({ files: 4, sizeBytes: 5_000 + 13 + 10 });
    const out = listing(join(folder, 'into'));
    expect(out['docker-compose.yml']).toBe('644 services: {}\n');
    expect(out['start.sh']).toBe('755 #!/bin/sh\n');
    expect(out['empty']).toBe('644 ');
    expect(out[join(deep, 'größe.txt')]).toBe(`644 ${'x'.repeat(5_000)}`);
    expect(out[deep]).toBe('folder 755');
    expect(execFileSync('diff', ['-r', source, join(folder, 'into')]).toString()).toBe('');
  });

  it.each([
    ['a PAX name', pax({ path: `${'p'.repeat(200)}/file`, mtime: '1.5' }), `${'p'.repeat(200)}/file`],
    ['a GNU long name', longName(`${'q'.repeat(200)}/file`), `${'q'.repeat(200)}/file`],
    ['a global header', pax({ comment: 'a commit' }, 'g'), 'short'],
  ])('with %s', async (_, before, path) => {
    await unpack(tarGz(before, { path: 'short', bytes: 'x' }));
    expect(listing(join(folder, 'into'))[path]).toBe('644 x');
  });

  it('with a ustar prefix, a size in binary, and folders named late or twice', async () => {
    const size = Buffer.alloc(12);
    size[0] = 0x80;
    size[11] = 3;
    await unpack(
      tarGz(
        { path: 'inner', prefix: 'outer', bytes: 'abc', size },
        { path: 'outer/', flag: '5', mode: 0o700 },
        { path: 'outer', flag: '5' },
      ),
    );
    expect(listing(join(folder, 'into'))).toEqual({ outer: 'folder 755', 'outer/inner': '644 abc' });
  });

  it('comes out the same however the bytes are cut', async () => {
    const bytes = tar({ path: 'a', bytes: 'x'.repeat(700) }, pax({ path: 'long/b' }), { path: 'b', bytes: 'yy' });
    // Members of gzip, one after another: each is a piece of its own when it is read.
    for (const sizeBytes of [1, 7, 511, 513]) {
      const pieces: Buffer[] = [];
      for (let at = 0; at < bytes.length; at += sizeBytes) pieces.push(gzipSync(bytes.subarray(at, at + sizeBytes)));
      await unpack(Buffer.concat(pieces));
      expect(listing(join(folder, 'into'))).toEqual({
        a: `644 ${'x'.repeat(700)}`,
        long: 'folder 755',
        'long/b': '644 yy',
      });
      rmSync(join(folder, 'into'), { recursive: true });
    }
  });
});

const HOSTILE: readonly (readonly [string, readonly (Written | Buffer)[], RegExp])[] = [
  ['a name that climbs', [{ path: '../evil' }], /leads out/u],
  ['a name that climbs in the middle', [{ path: 'a/../../evil' }], /leads out/u],
  ['a name that climbs and comes back', [{ path: 'a/../b' }], /leads out/u],
  ['an absolute name', [{ path: '/tmp/evil' }], /absolute/u],
  ['an absolute PAX name', [pax({ path: '/tmp/evil' }), { path: 'good' }], /absolute/u],
  ['a climbing PAX name', [pax({ path: 'x/../../evil' }), { path: 'good' }], /leads out/u],
  ['a climbing GNU name', [longName('../evil'), { path: 'good' }], /leads out/u],
  ['a climbing prefix', [{ path: 'evil', prefix: '..' }], /leads out/u],
  ['a backslash', [{ path: '..\\evil' }], /backslash/u],
  ['a line feed in a name', [{ path: 'a\nb' }], /control/u],
  ['an escape in a PAX name', [pax({ path: 'a\u001b[2J' }), {}], /control/u],
  ['a NUL in a PAX name', [pax({ path: 'good\u0000/../evil' }), {}], /NUL/u],
  ['no name', [{ path: '' }], /no name/u],
  ['a file named like the top', [{ path: './', flag: '0', magic: '' }, { path: '.' }], /no name/u],
  ['a symbolic link out', [{ path: 'link', flag: '2', link: '/etc' }, { path: 'link/passwd' }], /link/u],
  ['a symbolic link inside', [{ path: 'a' }, { path: 'b', flag: '2', link: 'a' }], /link/u],
  ['a hard link', [{ path: 'a' }, { path: 'b', flag: '1', link: '/etc/passwd' }], /link/u],
  ['a character device', [{ path: 'null', flag: '3' }], /neither a file/u],
  ['a block device', [{ path: 'sda', flag: '4' }], /neither a file/u],
  ['a fifo', [{ path: 'pipe', flag: '6' }], /neither a file/u],
  ['a GNU sparse file', [{ path: 'sparse', flag: 'S' }], /neither a file/u],
  ['a PAX sparse file', [pax({ 'GNU.sparse.major': '1' }), { path: 'sparse' }], /neither a file/u],
  ['an unknown type', [{ path: 'odd', flag: 'Z' }], /neither a file/u],
  ['set-user-id', [{ path: 'su', mode: 0o4755 }], /rights of its owner/u],
  ['set-group-id on a folder', [{ path: 'sg', flag: '5', mode: 0o2755 }], /rights of its owner/u],
  ['the same file twice', [{ path: 'a' }, { path: './a' }], /twice/u],
  ['the same file in another case', [{ path: 'README' }, { path: 'readme' }], /only in spelling/u],
  ['the same name composed otherwise', [{ path: 'caf\u00e9' }, { path: 'cafe\u0301' }], /only in spelling/u],
  ['the same folder in another case', [{ path: 'A/x' }, { path: 'a/y' }], /only in spelling/u],
  ['a file where a folder is', [{ path: 'a/b' }, { path: 'a' }], /a file and a folder/u],
  ['a folder where a file is', [{ path: 'a' }, { path: 'a/b' }], /a file and a folder/u],
  ['a name of 256 bytes', [pax({ path: 'n'.repeat(256) }), {}], /longer than 255/u],
  ['a path of 1025 bytes', [pax({ path: 'n/'.repeat(512) + 'n' }), {}], /longer than 1024|folders deep/u],
  ['33 folders', [{ path: 'd/'.repeat(33) + 'x' }], /folders deep/u],
];

describe('a hostile archive', () => {
  it.each(HOSTILE)('with %s is refused, and nothing of it stays', async (_, pieces, reason) => {
    const before = readdirSync(folder);
    await expect(unpack(tarGz({ path: 'first', bytes: 'x' }, ...pieces))).rejects.toMatchObject({
      code: 'archive_unsafe',
      message: expect.stringMatching(reason),
    });
    expect(readdirSync(folder)).toEqual([...before, 'archive']);
    expect(existsSync(join(folder, '..', 'evil'))).toBe(false);
    expect(existsSync('/tmp/evil')).toBe(false);
  });

  it('with a name that is not UTF-8 is refused', async () => {
    const block = member({ path: 'axb' });
    block[1] = 0xff;
    block.write(' '.repeat(8), 148);
    const sum = block.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    await expect(unpack(tarGz(block))).rejects.toMatchObject({ code: 'archive_unsafe' });
  });

  it('that grows a thousandfold is given up at the limit', async () => {
    const bomb = gzipSync(tar({ path: 'zeros', bytes: Buffer.alloc(64 * 1024 * 1024) }));
    expect(bomb.length).toBeLessThan(LIMITS.archiveMaxBytes);
    await expect(unpack(bomb)).rejects.toMatchObject({ code: 'archive_too_large' });
    expect(readdirSync(folder)).toEqual(['archive']);
  });

  it('that is large itself or has too many members is refused', async () => {
    const many = Array.from({ length: 101 }, (_, at) => ({ path: `f${at}` }));
    await expect(unpack(tarGz(...many))).rejects.toMatchObject({ code: 'archive_too_large' });
    const limits = { ...LIMITS, archiveMaxBytes: 50 };
    await expect(unpack(tarGz({ bytes: 'x' }), limits)).rejects.toMatchObject({
      code: 'archive_too_large',
    });
  });
});

describe('a damaged archive', () => {
  const good = tar({ path: 'a', bytes: 'x'.repeat(600) }, { path: 'b/c', bytes: 'y' });

  it.each([
    ['in the middle of a header', good.subarray(0, 300)],
    ['in the middle of data', good.subarray(0, 700)],
    ['between members', good.subarray(0, 1_536)],
    ['without its end', good.subarray(0, good.length - 1_024)],
    ['to nothing', Buffer.alloc(0)],
    ['and followed by something', Buffer.concat([good.subarray(0, -512), member({ path: 'late' })])],
  ])('cut %s is refused', async (_, bytes) => {
    await expect(unpack(gzipSync(bytes))).rejects.toMatchObject({ code: 'archive_damaged' });
    expect(readdirSync(folder)).toEqual(['archive']);
  });

  it.each<[string, Buffer]>([
    ['a wrong checksum', tarGz({ sumError: 1 })],
    ['a size that is none', tarGz({ size: '9z' })],
    ['a negative size', tarGz({ size: Buffer.from('ffffffffffffffffffffffff', 'hex') })],
    ['a size beyond all bounds', tarGz({ size: Buffer.from('80ffffffffffffffffffffff', 'hex') })],
    ['a PAX size that is none', tarGz(pax({ size: '-5' }), {})],
    ['a PAX record that lies about its length', tarGz(member({ flag: 'x', bytes: '99 path=x\n' }), {})],
    ['a name of a megabyte', tarGz(member({ flag: 'L', bytes: 'n'.repeat(1_000_000) }), {})],
    ['no gzip at all', Buffer.from('<html>not found</html>')],
    ['a gzip cut short', tarGz({ bytes: 'x' }).subarray(0, -20)],
    ['a gzip with a flipped bit', flipped(tarGz({ bytes: String(Math.PI).repeat(50) }))],
  ])('with %s is refused', async (_, bytes) => {
    await expect(unpack(bytes)).rejects.toMatchObject({ code: 'archive_damaged' });
    expect(readdirSync(folder)).toEqual(['archive']);
  });
});

function flipped(bytes: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  const at = copy.length - 6;
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

describe('the folder', () => {
  it('must be new, and what is there stays', async () => {
    mkdirSync(join(folder, 'into'));
    writeFileSync(join(folder, 'into', 'mine'), 'kept');
    await expect(unpack(tarGz({}))).rejects.toMatchObject({ code: 'cannot_write' });
    expect(readFileSync(join(folder, 'into', 'mine'), 'utf8')).toBe('kept');
  });

  it('has its modes whatever the umask is', async () => {
    await unpack(tarGz({ path: 'd/f', mode: 0o600 }));
    expect(statSync(join(folder, 'into')).mode & 0o777).toBe(0o755);
  });

  it('is gone when somebody gave up', async () => {
    const stop = new AbortController();
    stop.abort(new Error('stopped'));
    await expect(unpack(tarGz({}), LIMITS, stop.signal)).rejects.toThrow('stopped');
    expect(readdirSync(folder)).toEqual(['archive']);
  });
});
