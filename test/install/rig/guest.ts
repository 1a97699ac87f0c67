// A Debian machine of its own for a test: real systemd, real journal, real Docker Engine, booted in a systemd-nspawn container.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { makeControlGroups } from '../../../scripts/parts/control-groups.ts';
import { removeAtExit } from '../../../scripts/parts/remove-at-exit.ts';
import { indented, runProgram } from '../../../scripts/parts/run-program.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { leavePlace, markOf, type Place, sweepAbandonedGuests, takePlace } from './place.ts';
import { IN_TOOLS, provideRootFileSystem, provideTools, type Suite } from './root-file-system.ts';

const LAUNCH = path.join(import.meta.dirname, 'launch-guest.sh');
const BOOT_DEADLINE_MS = 90_000;
const HALT_DEADLINE_MS = 15_000;
const LOOK_AGAIN_MS = 50;
const RUN_DEADLINE_MS = 120_000;
/** What nobody's network uses: set aside for measurements between two machines (RFC 2544). Four addresses for each guest. */
const NETWORKS_COUNT = 32_768;

export interface GuestOptions {
  readonly suite: Suite;
  readonly say: (line: string) => void;
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Guest extends AsyncDisposable {
  readonly suite: Suite;
  /** An address of this machine that the guest can reach, as `rig-host` too: bind the server under test to it. */
  readonly hostAddress: string;
  /** Milliseconds from the start of the container to the end of the boot, of the latest boot. */
  readonly bootMs: number;
  /** The guest's files as they are seen from outside; another path after a reboot. */
  readonly root: string;
  /** Runs a tool in the guest, outside any unit. */
  run(words: readonly string[], stdin?: string): Promise<Ran>;
  /** Like `run`, with a shell; throws with what was printed when it does not end with 0. Returns standard output. */
  sh(script: string, stdin?: string): Promise<string>;
  /** Runs a shell script as somebody who has logged in would: a unit of its own, without a terminal. It stands in no command line. */
  login(script: string): Promise<Ran>;
  reboot(): Promise<void>;
}

/** Boots until systemd says "running". Everything is removed when it is disposed of, and when this program ends. */
export async function startGuest(options: GuestOptions): Promise<Guest> {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) {
    throw new Error('The tests of the installation boot a machine of their own, which only root on Linux can do.');
  }
  const lower = await provideRootFileSystem(options.suite, options);
  const tools = await provideTools(options);
  const swept = sweepAbandonedGuests();
  if (swept > 0) options.say(`Test guest: removed ${swept} left behind by an earlier run that was killed`);
  const guest = new NspawnGuest(takePlace(randomBytes(3).toString('hex')), options);
  try {
    await guest.start(lower, tools);
  } catch (error) {
    await guest[Symbol.asyncDispose]();
    throw error;
  }
  return guest;
}

class NspawnGuest implements Guest {
  readonly suite: Suite;
  readonly hostAddress: string;
  readonly #place: Place;
  readonly #guestAddress: string;
  readonly #forgetExit: () => void;
  #launcher: ChildProcess | undefined;
  #leader = 0;
  bootMs = 0;

  constructor(place: Place, options: GuestOptions) {
    this.suite = options.suite;
    this.#place = place;
    const base = randomInt(NETWORKS_COUNT) * 4;
    const address = (host: number): string => `198.${18 + (base >> 16)}.${(base >> 8) & 255}.${(base & 255) + host}`;
    this.hostAddress = address(1);
    this.#guestAddress = address(2);
    this.#forgetExit = removeAtExit(() => leavePlace(place));
  }

  get root(): string {
    return `/proc/${this.#leader}/root`;
  }

  async start(lower: string, tools: string): Promise<void> {
    const launcher = this.#launch(lower, tools);
    this.#launcher = launcher;
    await firstLine(launcher, () => this.#console());
    await this.#plugIn(launcher.pid ?? 0);
    launcher.stdin?.end(`${this.#guestAddress} ${this.hostAddress}\n`);
    await this.#booted(0);
  }

  async run(words: readonly string[], stdin = ''): Promise<Ran> {
    const target = ['--target', String(this.#leader)];
    const namespaces = ['--mount', '--uts', '--ipc', '--net', '--pid', '--cgroup', '--root', '--wd'];
    const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const environment = ['env', '-i', path, 'HOME=/root', 'LANG=C.UTF-8', 'SYSTEMD_PAGER=cat', 'SYSTEMD_COLORS=0'];
    return await captured('/usr/bin/nsenter', [...target, ...namespaces, '--', ...environment, ...words], stdin);
  }

  async sh(script: string, stdin = ''): Promise<string> {
    const ran = await this.run(['sh', '-c', script], stdin);
    if (ran.exitCode === 0) return ran.stdout;
    throw new Error(`in the guest, ${script}\nended with ${ran.exitCode}${indented(ran.stdout + ran.stderr)}`);
  }

  async login(script: string): Promise<Ran> {
    const unit = ['systemd-run', '--quiet', '--pipe', '--wait', '--collect', '--service-type=exec'];
    const settings = [
      '--description=test',
      '-p',
      'Environment=HOME=/root LANG=C.UTF-8',
      '-p',
      'KillMode=control-group',
    ];
    return await this.run([...unit, ...settings, '--', 'sh', '-s'], script);
  }

  async reboot(): Promise<void> {
    const before = this.#leader;
    // The guest may be gone before it answers.
    await this.run(['systemctl', '--no-block', 'reboot']);
    await this.#booted(before);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const nspawn = this.#nspawn();
    if (nspawn !== undefined) {
      // nspawn passes it on as the request to halt in order.
      process.kill(nspawn, 'SIGTERM');
      const givenUpAt = systemClock.monotonicMs() + HALT_DEADLINE_MS;
      while (this.#nspawn() !== undefined && systemClock.monotonicMs() < givenUpAt)
        await systemClock.sleep(LOOK_AGAIN_MS);
    }
    leavePlace(this.#place);
    this.#forgetExit();
  }

  #launch(lower: string, tools: string): ChildProcess {
    const groups = makeControlGroups(this.#place.name);
    const log = openSync(path.join(this.#place.directory, 'console'), 'w', 0o600);
    // If this program is killed the kernel kills the launcher, that kills nspawn, and that the guest's first process, and so all of it.
    const words = ['--pdeathsig', 'KILL', '/usr/bin/unshare', '--mount', '--net', '--propagation', 'private'];
    const launcher = spawn('/usr/bin/setpriv', [...words, IN_TOOLS, '/bin/bash', LAUNCH], {
      detached: true,
      stdio: ['pipe', 'pipe', log],
      env: {
        PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
        ...markOf(this.#place),
        RIG_TOOLS: tools,
        RIG_LOWER: lower,
        RIG_NAME: this.#place.name,
        RIG_DIRECTORY: this.#place.directory,
        RIG_GROUPS: groups.join(' '),
      },
    });
    closeSync(log);
    launcher.unref();
    return launcher;
  }

  /** A network card whose other end is on this machine. It goes with the guest's network namespace. */
  async #plugIn(pid: number): Promise<void> {
    const card = `spg-${this.#place.name.slice(-6)}`;
    const ip = (...words: readonly string[]): Promise<string> => runProgram('ip', words, { deadlineMs: 10_000 });
    await ip('link', 'add', card, 'type', 'veth', 'peer', 'name', 'host0', 'netns', String(pid));
    await ip('address', 'add', `${this.hostAddress}/30`, 'dev', card);
    await ip('link', 'set', card, 'up');
  }

  async #booted(leaderBefore: number): Promise<void> {
    const beganMs = systemClock.monotonicMs();
    let state = 'no first process yet';
    while (systemClock.monotonicMs() - beganMs < BOOT_DEADLINE_MS) {
      if (this.#launcher?.exitCode !== null) break;
      const leader = this.#findLeader();
      if (leader !== undefined && leader !== leaderBefore) {
        this.#leader = leader;
        state = (await this.run(['systemctl', 'is-system-running'])).stdout.trim();
        if (state === 'running' || state === 'degraded') break;
      }
      await systemClock.sleep(LOOK_AGAIN_MS);
    }
    this.bootMs = Math.round(systemClock.monotonicMs() - beganMs);
    if (state === 'running') return;
    const failed =
      state === 'degraded' ? await this.run(['systemctl', '--failed', '--plain', '--no-legend']) : undefined;
    throw new Error(`The guest (${this.suite}) did not boot: ${state}${indented(failed?.stdout ?? this.#console())}`);
  }

  // nspawn's first child is a helper that ends soon: the guest's first process is the one that is number 1 in a namespace below.
  #findLeader(): number | undefined {
    const nspawn = this.#nspawn();
    if (nspawn === undefined) return undefined;
    const children = readOrEmpty(`/proc/${nspawn}/task/${nspawn}/children`).split(' ').filter(Boolean);
    const first = children.find((pid) => /^NSpid:\s+\d+\s+1$/mu.test(readOrEmpty(`/proc/${pid}/status`)));
    return first === undefined ? undefined : Number(first);
  }

  #nspawn(): number | undefined {
    const noted = readOrEmpty(path.join(this.#place.directory, 'nspawn')).trim();
    return noted === '' ? undefined : Number(noted);
  }

  #console(): string {
    return readOrEmpty(path.join(this.#place.directory, 'console'));
  }
}

function readOrEmpty(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

async function firstLine(child: ChildProcess, said: () => string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', () => resolve());
  child.on('error', reject);
  child.on('exit', (code) => reject(new Error(`The guest could not be prepared (status ${code})${indented(said())}`)));
  await promise;
}

async function captured(command: string, words: readonly string[], stdin: string): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  using deadline = systemClock.deadline(RUN_DEADLINE_MS);
  const child = spawn(command, words, {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: deadline.signal,
    killSignal: 'SIGKILL',
  });
  const chunks: { readonly out: Buffer[]; readonly err: Buffer[] } = { out: [], err: [] };
  child.stdout.on('data', (chunk: Buffer) => chunks.out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.err.push(chunk));
  child.on('error', reject);
  child.on('close', (code) => {
    const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString('utf8');
    resolve({ exitCode: code ?? 255, stdout: text(chunks.out), stderr: text(chunks.err) });
  });
  // A program that does not read its input is none of our business.
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  return await promise;
}
