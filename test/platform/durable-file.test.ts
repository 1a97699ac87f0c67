// A small file is private, is replaced as a whole, and an old one survives a failed write.
import {
  chmodSync,
  existsSync,
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
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readIfPresent, writeDurably } from '../../src/platform/durable-file.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'durable-file-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('writeDurably', () => {
  it('makes the directory 0700 and the file 0600', () => {
    const path = join(home, 'state', 'identity.json');
    writeDurably(path, 'secret\n');
    expect(readFileSync(path, 'utf8')).toBe('secret\n');
    expect(modeOf(path)).toBe(0o600);
    expect(modeOf(join(home, 'state'))).toBe(0o700);
  });

  it('replaces the whole file and leaves nothing beside it', () => {
    const path = join(home, 'identity.json');
    writeDurably(path, 'a long text that was there before');
    writeDurably(path, 'short');
    expect(readFileSync(path, 'utf8')).toBe('short');
    expect(readdirSync(home)).toEqual(['identity.json']);
  });

  it('makes a file private that was not', () => {
    const path = join(home, 'identity.json');
    writeFileSync(path, 'old');
    chmodSync(path, 0o644);
    writeDurably(path, 'new');
    expect(modeOf(path)).toBe(0o600);
  });

  it('leaves the old content and no rest when it fails', () => {
    const path = join(home, 'identity.json');
    mkdirSync(path);
    expect(() => writeDurably(path, 'new')).toThrow(/EISDIR|ENOTEMPTY|EEXIST/u);
    expect(readdirSync(home)).toEqual(['identity.json']);
  });

  it('writes over what an earlier crash left', () => {
    const path = join(home, 'identity.json');
    writeFileSync(join(home, '.identity.json.new'), 'half a li');
    writeDurably(path, 'whole');
    expect(readFileSync(path, 'utf8')).toBe('whole');
    expect(existsSync(join(home, '.identity.json.new'))).toBe(false);
  });
});

describe('readIfPresent', () => {
  it('gives undefined when there is no file, and throws on any other trouble', () => {
    expect(readIfPresent(join(home, 'none'))).toBeUndefined();
    expect(() => readIfPresent(home)).toThrow(/EISDIR/u);
  });
});
