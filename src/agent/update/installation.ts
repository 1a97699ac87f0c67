// Where versions lie on the host and which of them is in use: /opt/status-panel, two links, and steps that a crash cannot halve.
//
//   versions/1.2.3/     one version, complete or not there: it is unpacked elsewhere and moved in
//   current             link to the version that the service runs
//   last-good           link to the newest version that has worked here; the updater runs from it, and it is never deleted
//   update/             what the updater remembers (ledger.ts), and downloads under way; root's alone to write
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { chmodSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describeError, Fault } from '../../platform/fault.ts';
import { isVersion } from './version.ts';

type Link = 'current' | 'last-good';

export class Installation {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The installation that a program belongs to, by the folder its code lies in; undefined for one that is not installed. */
  static around(programDirectory: string): Installation | undefined {
    // DIRECTORY/versions/V/lib
    const version = dirname(programDirectory);
    const versions = dirname(version);
    const isInstalled = basename(programDirectory) === 'lib' && basename(versions) === 'versions';
    return isInstalled && isVersion(basename(version)) ? new Installation(dirname(versions)) : undefined;
  }

  get updateDirectory(): string {
    return join(this.directory, 'update');
  }

  versionDirectory(version: string): string {
    return join(this.directory, 'versions', version);
  }

  /** The version a link leads to; undefined when there is none. */
  linked(link: Link): string | undefined {
    try {
      const version = basename(readlinkSync(join(this.directory, link)));
      return isVersion(version) ? version : undefined;
    } catch {
      return undefined;
    }
  }

  /** Whether `version` is there. A version is moved in whole, so its folder is proof enough. */
  has(version: string): boolean {
    try {
      return readFileSync(join(this.versionDirectory(version), 'VERSION'), 'utf8') === `${version}\n`;
    } catch {
      return false;
    }
  }

  /** Leads `link` to `version` in one step. Throws Fault cannot_write. */
  lead(link: Link, version: string): void {
    this.#orCannotWrite(() => {
      const temporary = join(this.directory, `.${link}.new`);
      rmSync(temporary, { force: true });
      symlinkSync(join('versions', version), temporary);
      renameSync(temporary, join(this.directory, link));
      sync(this.directory);
    });
  }

  /** Makes the updater's own folder, which the agent may read. */
  prepare(): void {
    this.#orCannotWrite(() => {
      mkdirSync(this.updateDirectory, { recursive: true });
      chmodSync(this.updateDirectory, 0o755);
    });
  }

  /** An empty place for a download, root's alone. */
  prepareDownload(): string {
    return this.#orCannotWrite(() => {
      const place = join(this.updateDirectory, 'download');
      rmSync(place, { recursive: true, force: true });
      mkdirSync(place, { recursive: true, mode: 0o700 });
      return place;
    });
  }

  clearDownload(): void {
    rmSync(join(this.updateDirectory, 'download'), { recursive: true, force: true });
  }

  /** Moves an unpacked version into its place. What lay there under that name is replaced. */
  moveIn(unpacked: string, version: string): void {
    this.#orCannotWrite(() => {
      const place = this.versionDirectory(version);
      mkdirSync(dirname(place), { recursive: true, mode: 0o755 });
      rmSync(place, { recursive: true, force: true });
      renameSync(unpacked, place);
      sync(dirname(place));
    });
  }

  /** Deletes every version but the ones to keep and the two that are linked. Returns what was deleted. */
  prune(keep: readonly string[]): readonly string[] {
    const kept = new Set([...keep, this.linked('current'), this.linked('last-good')]);
    const versions = join(this.directory, 'versions');
    const old = readdirSync(versions).filter((version) => isVersion(version) && !kept.has(version));
    for (const version of old) rmSync(join(versions, version), { recursive: true, force: true });
    return old;
  }

  /** Throws Fault cannot_write when this is no installation, or one that others than root may write to. */
  check(): void {
    for (const path of [this.directory, join(this.directory, 'versions')]) {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) throw new Fault('cannot_write', `${path} is not there: this is no installation`);
      if ((found.mode & 0o022) !== 0) {
        throw new Fault('cannot_write', `${path} can be written by others than its owner: chmod go-w ${path}`);
      }
    }
  }

  #orCannotWrite<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new Fault('cannot_write', `${this.directory}: ${describeError(error)}`, { cause: error });
    }
  }
}

// A rename is only on disk when its directory is.
function sync(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
