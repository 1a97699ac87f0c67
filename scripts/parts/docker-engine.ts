// Starts a private Docker Engine beside any that is there, and removes it without a trace.
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { systemClock } from '../../src/platform/clock.ts';
import { mustUsePrivateParts, privateEnvironment, provideDebianPackages } from './debian-packages.ts';
import {
  type EnginePlace,
  engineMark,
  enginePlace,
  removeLeftovers,
  sweepAbandonedEngines,
  writeOwner,
} from './engine-leftovers.ts';
import { engineAnswers, removeAllContainers } from './engine-request.ts';
import { identifyProcess } from './process-table.ts';
import { removeAtExit } from './remove-at-exit.ts';
import { indented } from './run-program.ts';

const SETPRIV = '/usr/bin/setpriv';
const READY_DEADLINE_MS = 30_000;
const READY_POLL_MS = 25;
const STOP_DEADLINE_MS = 10_000;
const CLEAR_DEADLINE_MS = 5_000;

export interface StartOptions {
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Containers go on running while the engine is away. Docker's own default is that they are ended when it comes back. */
  readonly liveRestore?: boolean;
}

export interface PrivateEngine extends AsyncDisposable {
  readonly socketPath: string;
  /** `unix://` and the socket, as DOCKER_HOST and the agent's configuration have it. */
  readonly dockerHost: string;
  /** Of the engine's own process; a new one after `restart`. */
  readonly pid: number;
  /** Everything of this engine lies under these two. */
  readonly runDirectory: string;
  readonly dataDirectory: string;
  /** The name of the control group its containers live under. */
  readonly name: string;
  /** Ends it and removes all that was its own. Safe to call again. */
  stop(): Promise<void>;
  /** Sends a signal to the engine's process alone and, if it ends by it, waits for that. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again with the same containers and images, after `kill` or while it runs. */
  restart(): Promise<void>;
  /** Stops the engine's process in its tracks: connections are accepted, nothing is ever answered. */
  freeze(): void;
  thaw(): void;
}

/** What was started, and where the programs are. */
interface Programs {
  readonly dockerd: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function startPrivateEngine(options: StartOptions): Promise<PrivateEngine> {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) {
    throw new Error(
      'A private Docker Engine can only be started by root on Linux. Run this as root, or start an engine and name it in DOCKER_HOST.',
    );
  }
  const programs = await provideDockerd(options);
  const swept = sweepAbandonedEngines();
  if (swept > 0) options.say(`Docker Engine: removed ${swept} left behind by an earlier run that was killed`);
  const engine = new OwnEngine(enginePlace(randomBytes(4).toString('hex')), programs, options);
  try {
    await engine.start();
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return engine;
}

async function provideDockerd(options: StartOptions): Promise<Programs> {
  const installed = ['/usr/bin/dockerd', '/usr/sbin/dockerd', '/usr/local/bin/dockerd'].find(existsSync);
  if (installed !== undefined && !mustUsePrivateParts()) {
    return { dockerd: installed, environment: privateEnvironment('/') };
  }
  const { root } = await provideDebianPackages(['docker.io'], options);
  return { dockerd: path.join(root, 'usr/sbin/dockerd'), environment: privateEnvironment(root) };
}

class OwnEngine implements PrivateEngine {
  readonly name: string;
  readonly socketPath: string;
  readonly dockerHost: string;
  readonly runDirectory: string;
  readonly dataDirectory: string;
  readonly #place: EnginePlace;
  readonly #programs: Programs;
  readonly #options: StartOptions;
  readonly #logPath: string;
  readonly #forgetExit: () => void;
  #child: ChildProcess | undefined;
  #storageDriver = 'overlay2';
  #stopped: Promise<void> | undefined;

  constructor(place: EnginePlace, programs: Programs, options: StartOptions) {
    this.#place = place;
    this.#programs = programs;
    this.#options = options;
    this.name = place.name;
    this.runDirectory = place.runDirectory;
    this.dataDirectory = place.dataDirectory;
    this.socketPath = path.join(place.runDirectory, 'docker.sock');
    this.dockerHost = `unix://${this.socketPath}`;
    this.#logPath = path.join(place.runDirectory, 'dockerd.log');
    mkdirSync(place.dataDirectory, { mode: 0o700 });
    writeOwner(place);
    mkdirSync(place.runDirectory, { mode: 0o700 });
    // Its own configuration file, so that the machine's is not read. Docker would write this key into /etc/docker.
    writeFileSync(
      path.join(place.runDirectory, 'daemon.json'),
      JSON.stringify({ 'deprecated-key-path': `${place.dataDirectory}/key.json` }),
    );
    this.#forgetExit = removeAtExit(() => removeLeftovers(place));
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('The private Docker Engine has not been started.');
    return this.#child.pid;
  }

  async start(): Promise<void> {
    try {
      await this.#startOnce();
    } catch (error) {
      // A machine whose disk is itself an overlay (a container) cannot stack another; copying works everywhere.
      if (this.#storageDriver === 'vfs' || !/error initializing graphdriver|driver not supported/u.test(this.#log()))
        throw error;
      this.#storageDriver = 'vfs';
      await this.#startOnce();
    }
  }

  async #startOnce(): Promise<void> {
    await this.#forgetDeadContainerd();
    const mark = engineMark(this.#place);
    const log = openSync(this.#logPath, 'w', 0o600);
    // setpriv becomes dockerd, keeping its number. If this program is killed, the kernel tells dockerd to end.
    const child = spawn(SETPRIV, ['--pdeathsig', 'TERM', this.#programs.dockerd, ...this.#arguments()], {
      // A session of its own: Ctrl-C in the terminal reaches this program first, which then ends the engine in order.
      detached: true,
      stdio: ['ignore', log, log],
      cwd: '/',
      env: { ...environmentOfDockerd(), ...this.#programs.environment, [mark.name]: mark.value },
    });
    closeSync(log);
    this.#child = child;
    child.unref();
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    const givenUpAt = systemClock.monotonicMs() + READY_DEADLINE_MS;
    while (!(await engineAnswers(this))) {
      this.#options.signal?.throwIfAborted();
      const ended =
        failure?.message ?? (hasEnded(child) ? `ended with ${child.signalCode ?? child.exitCode}` : undefined);
      if (ended !== undefined) throw this.#startError(ended);
      if (systemClock.monotonicMs() > givenUpAt)
        throw this.#startError(`does not answer after ${READY_DEADLINE_MS / 1000} s`);
      await systemClock.sleep(READY_POLL_MS, this.#options.signal);
    }
  }

  /**
   * dockerd takes the containerd of a killed predecessor for alive as long as its remains have not been waited for, and on
   * a machine whose first process is no init (most containers) that is for ever. So the note of its number is taken away.
   */
  async #forgetDeadContainerd(): Promise<void> {
    const note = path.join(this.runDirectory, 'exec/containerd/containerd.pid');
    const givenUpAt = systemClock.monotonicMs() + STOP_DEADLINE_MS;
    while (existsSync(note) && systemClock.monotonicMs() < givenUpAt) {
      if (identifyProcess(Number(readFileSync(note, 'utf8'))) === undefined) rmSync(note);
      else await systemClock.sleep(READY_POLL_MS);
    }
  }

  #arguments(): string[] {
    const { runDirectory, dataDirectory, name } = this.#place;
    const flags = [
      `--host=${this.dockerHost}`,
      `--config-file=${runDirectory}/daemon.json`,
      `--data-root=${dataDirectory}/docker`,
      `--exec-root=${runDirectory}/exec`,
      `--pidfile=${runDirectory}/docker.pid`,
      `--storage-driver=${this.#storageDriver}`,
      '--log-driver=json-file',
      // No network of its own: it must not change the machine's addresses, packet filter or routes.
      '--bridge=none',
      '--iptables=false',
      '--ip6tables=false',
      '--ip-forward=false',
      '--ip-masq=false',
      '--userland-proxy=false',
      // Without systemd, which a container or a small machine lacks; and in a group that can be removed afterwards.
      '--exec-opt=native.cgroupdriver=cgroupfs',
      `--cgroup-parent=/${name}`,
    ];
    if (this.#options.liveRestore === true) flags.push('--live-restore');
    return flags;
  }

  #startError(what: string): Error {
    return new Error(
      `The private Docker Engine ${what}. It needs root with all capabilities and mounted control groups (/sys/fs/cgroup); ` +
        `in a container, run that container privileged. Or start an engine and name it in DOCKER_HOST. Its last words${indented(this.#log())}`,
    );
  }

  #log(): string {
    return existsSync(this.#logPath) ? readFileSync(this.#logPath, 'utf8') : '';
  }

  freeze(): void {
    process.kill(this.pid, 'SIGSTOP');
  }

  thaw(): void {
    if (this.#child !== undefined && !hasEnded(this.#child)) process.kill(this.pid, 'SIGCONT');
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || hasEnded(child)) return;
    child.kill(signal);
    if (signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT') await ended(child, STOP_DEADLINE_MS);
  }

  async restart(): Promise<void> {
    this.thaw();
    await this.kill('SIGTERM');
    await this.kill('SIGKILL');
    await this.#startOnce();
  }

  async stop(): Promise<void> {
    this.#stopped ??= this.#stopAndRemove();
    await this.#stopped;
  }

  async #stopAndRemove(): Promise<void> {
    this.thaw();
    // The engine takes its containers down in good order if it can; then it has nothing left worth a second of waiting.
    await removeAllContainers(this, CLEAR_DEADLINE_MS);
    removeLeftovers(this.#place);
    await this.kill('SIGKILL');
    this.#forgetExit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** This program's environment without what would lead the engine elsewhere. */
function environmentOfDockerd(): NodeJS.ProcessEnv {
  const environment = { ...process.env };
  for (const name of ['DOCKER_HOST', 'NOTIFY_SOCKET', 'LISTEN_FDS', 'LISTEN_PID', 'DOCKER_TMPDIR'])
    delete environment[name];
  return environment;
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function ended(child: ChildProcess, deadlineMs: number): Promise<void> {
  if (hasEnded(child)) return;
  using deadline = systemClock.deadline(deadlineMs);
  const { promise, resolve } = Promise.withResolvers<void>();
  child.once('exit', () => resolve());
  deadline.signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}
