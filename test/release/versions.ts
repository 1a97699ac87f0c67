// Releases to test with, made by the release script itself from copies of this tree: one as it is, and others changed on purpose.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { runProgram } from '../../scripts/parts/run-program.ts';

export const ROOT = join(import.meta.dirname, '..', '..');
const BUILD_DEADLINE_MS = 240_000;

/** What a build reads. */
const PARTS = [
  'src',
  'scripts',
  'systemd',
  'LICENSE',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'install.sh.tpl',
];

export interface Change {
  /** Below the tree. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** A folder with keys and releases, removed with everything in it. */
export class Publisher implements Disposable {
  readonly home = mkdtempSync(join(tmpdir(), 'status-panel-release-'));

  /** Builds the release of `version` for this machine, or for all when `all`. Returns its folder. */
  async release(
    version: string,
    options: { readonly changes?: readonly Change[]; readonly all?: boolean } = {},
  ): Promise<string> {
    const out = join(this.home, version);
    const source = this.copyOfTree(`source-${version}`, options.changes ?? []);
    const words = ['--keys', this.keys(), '--out', out, '--version', version, '--source', source];
    await this.build(words.concat(options.all === true ? [] : ['--arch', process.arch]));
    return out;
  }

  async build(words: readonly string[]): Promise<void> {
    await runProgram(process.execPath, [join(ROOT, 'scripts', 'release.ts'), ...words], {
      deadlineMs: BUILD_DEADLINE_MS,
      env: { SOURCE_DATE_EPOCH: '1700000000' },
    });
  }

  async makeKeys(): Promise<void> {
    const words = [
      join(ROOT, 'scripts', 'release-keys.ts'),
      '--dir',
      this.keys(),
      '--root-dir',
      join(this.home, 'offline'),
    ];
    await runProgram(process.execPath, words, { deadlineMs: BUILD_DEADLINE_MS });
  }

  keys(): string {
    return join(this.home, 'keys');
  }

  /** A copy of this tree under another path, with its packages linked. */
  copyOfTree(name: string, changes: readonly Change[]): string {
    const copy = join(this.home, name);
    mkdirSync(join(copy, '.cache'), { recursive: true });
    for (const part of PARTS) cpSync(join(ROOT, part), join(copy, part), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    mkdirSync(join(ROOT, '.cache', 'node-runtime'), { recursive: true });
    symlinkSync(join(ROOT, '.cache', 'node-runtime'), join(copy, '.cache', 'node-runtime'));
    for (const { file, from, to } of changes) {
      const text = readFileSync(join(copy, file), 'utf8');
      if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)}`);
      writeFileSync(join(copy, file), text.replace(from, to));
    }
    return copy;
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true });
  }
}
