// A small file system over a directory, to be filled up, taken away for writing, and given back. Needs root.
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

function run(program: string, ...words: readonly string[]): void {
  const ended = spawnSync(program, words, { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`${program} ${words.join(' ')}: ${ended.stderr || ended.error?.message}`);
}

/** What is in the directory when the disk is mounted over it, and goes onto the disk. */
function filesOf(directory: string): ReadonlyMap<string, Buffer> {
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
}

abstract class MountedDisk implements Disposable {
  readonly directory: string;
  readonly #filler: string;

  constructor(directory: string) {
    this.directory = directory;
    this.#filler = join(directory, 'filler');
  }

  protected mountWith(mount: () => void): void {
    const files = filesOf(this.directory);
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
    mount();
    for (const [name, bytes] of files) writeFileSync(join(this.directory, name), bytes, { mode: 0o600, flush: true });
  }

  /** Writes until there is no room for another byte. */
  fill(): void {
    const { bsize, bavail } = statfsSync(this.directory);
    let left = bsize * bavail;
    const piece = Buffer.alloc(Math.max(left, bsize), 0x66);
    for (let length = piece.length; left > 0 && length > 0; length >>= 1) {
      try {
        writeFileSync(this.#filler, piece.subarray(0, length), { flag: 'a' });
      } catch {
        // Half of it may fit.
      }
      left = bsize * statfsSync(this.directory).bavail;
    }
  }

  makeRoom(): void {
    rmSync(this.#filler, { force: true });
  }

  [Symbol.dispose](): void {
    run('umount', '--lazy', this.directory);
  }
}

export class MemoryDisk extends MountedDisk {
  constructor(directory: string, sizeBytes = 2 * 1024 * 1024) {
    super(directory);
    this.mountWith(() => run('mount', '-t', 'tmpfs', '-o', `size=${sizeBytes},mode=0700`, 'tmpfs', directory));
  }

  /** Only while no file on it is open for writing. */
  readOnly(): void {
    run('mount', '-o', 'remount,ro', this.directory);
  }

  writable(): void {
    run('mount', '-o', 'remount,rw', this.directory);
  }
}

/** A real file system in a file, which can fail as a bad disk makes it fail: under open files. */
export class FailingDisk extends MountedDisk {
  readonly #images = mkdtempSync(join(tmpdir(), 'status-panel-disk-'));
  #image = join(this.#images, 'first.img');

  constructor(directory: string) {
    super(directory);
    writeFileSync(this.#image, Buffer.alloc(8 * 1024 * 1024));
    run('mkfs.ext4', '-q', this.#image);
    this.mountWith(() => run('mount', '-o', 'loop', this.#image, directory));
  }

  /** What the kernel does after an error of the disk: from now on nothing can be written, by nobody. */
  fail(): void {
    run('mount', '-o', 'remount,abort', this.directory);
  }

  /** Checked and mounted again, under programs that still hold files of the failed mount. */
  repair(): void {
    const repaired = join(this.#images, `repaired-${readdirSync(this.#images).length}.img`);
    run('umount', '--lazy', this.directory);
    writeFileSync(repaired, readFileSync(this.#image));
    // Ends with 1 when there was something to repair.
    spawnSync('e2fsck', ['-f', '-y', repaired]);
    run('mount', '-o', 'loop', repaired, this.directory);
    this.#image = repaired;
  }

  override [Symbol.dispose](): void {
    super[Symbol.dispose]();
    rmSync(this.#images, { recursive: true, force: true });
  }
}
