// Stands in for systemd where there is none: an installation in a folder, its service kept running, and a systemctl that restarts it.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { unpackRelease } from '../../scripts/release/unpacked.ts';
import { runCli, type Ended } from '../../scripts/parts/agent-process.ts';
import { describeError } from '../../src/platform/fault.ts';

const RESTART_AFTER_MS = 1_000;
const LOOK_EVERY_MS = 50;
const START_DEADLINE_MS = 30_000;
const JOURNAL_LINES = 60;

/** systemctl leaves its words in a file; what it is told to restart is restarted by {@link SupervisedHost}. */
const SYSTEMCTL = `#!/bin/sh
echo "$*" >> "$(dirname "$0")/../systemctl.log"
case $1 in restart) touch "$(dirname "$0")/../restart" ;; esac
`;

/** Its own view of systemd's folder, as the agent looks there for the updater's unit. */
const IN_NAMESPACE = 'mount --bind "$1" /etc/systemd/system && exec "$0" run';

export class SupervisedHost implements AsyncDisposable {
  readonly home: string;
  readonly installation: string;
  readonly settings: Record<string, string>;
  #child: ChildProcess | undefined;
  #stopped = false;
  /** What the service and the updater say, in one file, as the journal would have it. */
  readonly #output: number;
  readonly #loop: Promise<void>;

  private constructor(home: string, settings: Readonly<Record<string, string>>) {
    this.home = home;
    this.installation = join(home, 'opt');
    this.settings = { ...settings, PATH: `${join(home, 'bin')}:${process.env['PATH'] ?? ''}` };
    this.#output = openSync(join(home, 'journal'), 'a');
    this.#loop = this.#keepRunning();
  }

  /** A host with the release in `releaseDirectory` installed as an installer does it. */
  static async install(releaseDirectory: string, settings: Readonly<Record<string, string>>): Promise<SupervisedHost> {
    const home = mkdtempSync(join(tmpdir(), 'status-panel-host-'));
    const installation = join(home, 'opt');
    const unpacked = await unpackRelease(releaseDirectory, join(home, 'unpacked'));
    const version = readFileSync(join(unpacked, 'VERSION'), 'utf8').trim();
    mkdirSync(join(installation, 'versions'), { recursive: true });
    await runCli([unpacked, join(installation, 'versions', version)], {}, '', '/bin/mv');
    symlinkSync(join('versions', version), join(installation, 'current'));
    mkdirSync(join(home, 'bin'));
    mkdirSync(join(home, 'units'));
    writeFileSync(join(home, 'units', 'status-panel-update.path'), '');
    writeFileSync(join(home, 'bin', 'systemctl'), SYSTEMCTL);
    chmodSync(join(home, 'bin', 'systemctl'), 0o755);
    const host = new SupervisedHost(home, settings);
    await host.until(() => host.activity()?.['docker'] === 'ok' && host.activity()?.['ready_at'] !== undefined);
    return host;
  }

  /** The version that the service is to run. */
  get current(): string {
    return readFileSync(join(this.installation, 'current', 'VERSION'), 'utf8').trim();
  }

  has(version: string): boolean {
    return existsSync(join(this.installation, 'versions', version, 'VERSION'));
  }

  activity(): Readonly<Record<string, unknown>> | undefined {
    try {
      const file = join(this.settings['STATUS_PANEL_STATE_DIRECTORY'] ?? '', 'activity.json');
      const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
      return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : undefined;
    } catch {
      return undefined;
    }
  }

  /** Runs the installed program as root would. */
  async run(...words: readonly string[]): Promise<Ended> {
    return await runCli(words, this.settings, '', join(this.installation, 'current', 'bin', 'status-panel'));
  }

  /** What systemd runs when status-panel-update.path sees a request or an attempt. */
  async updater(): Promise<number | null> {
    const lastGood = join(this.installation, 'last-good');
    const program = join(existsSync(lastGood) ? lastGood : join(this.installation, 'current'), 'bin', 'status-panel');
    const ended = await runCli(['update', '--requested'], this.settings, '', program);
    writeSync(this.#output, `${ended.stdout}${ended.stderr}the updater ended with ${ended.exitCode}\n`);
    return ended.exitCode;
  }

  /** What fails in `work` tells the last lines of service and updater along with it. */
  async explaining<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      const lines = readFileSync(join(this.home, 'journal'), 'utf8').split('\n').slice(-JOURNAL_LINES);
      throw new Error(`${describeError(error)}\n${lines.join('\n')}`, { cause: error });
    }
  }

  async until(isSo: () => boolean, deadlineMs = START_DEADLINE_MS): Promise<void> {
    const end = performance.now() + deadlineMs;
    while (!isSo()) {
      if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${String(isSo)}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#child?.kill('SIGKILL');
    await this.#loop;
    closeSync(this.#output);
    rmSync(this.home, { recursive: true, force: true });
  }

  async #keepRunning(): Promise<void> {
    while (!this.#stopped) {
      const program = join(this.installation, 'current', 'bin', 'status-panel');
      const child = spawn('unshare', ['-m', 'sh', '-c', IN_NAMESPACE, program, join(this.home, 'units')], {
        env: this.settings,
        stdio: ['ignore', this.#output, this.#output],
      });
      this.#child = child;
      const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
      const watching = setInterval(() => this.#obey(child), LOOK_EVERY_MS);
      await ended;
      clearInterval(watching);
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, RESTART_AFTER_MS));
    }
  }

  #obey(child: ChildProcess): void {
    try {
      unlinkSync(join(this.home, 'restart'));
    } catch {
      return;
    }
    child.kill('SIGTERM');
  }
}
