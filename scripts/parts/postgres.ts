// Starts a private PostgreSQL for one test run, reachable only through a socket in its own folder, and removes it.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chownSync,
  closeSync,
  constants,
  existsSync,
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { systemClock } from '../../src/platform/clock.ts';
import { mustUsePrivateParts, privateEnvironment, provideDebianPackages } from './debian-packages.ts';
import { findAbandoned, noteOwner } from './directory-owner.ts';
import { identifyProcess, sleepBlocking } from './process-table.ts';
import { removeAtExit } from './remove-at-exit.ts';
import { indented, runProgram } from './run-program.ts';

const SETPRIV = '/usr/bin/setpriv';
const INITDB_DEADLINE_MS = 60_000;
const READY_DEADLINE_MS = 30_000;
const READY_POLL_MS = 20;
const STOP_ROUNDS = 250;
const STOP_ROUND_MS = 20;
const USER = 'postgres';
// "nobody", who owns nothing: the server refuses to run as root.
const UNPRIVILEGED_ID = 65_534;
// Short enough for a socket, and every user may pass through it.
const PARENT = '/var/tmp';
const NAME_PREFIX = 'status-panel-postgres-';
const STATUS_LINE = 7;

export interface PostgresOptions {
  readonly say: (line: string) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface PrivatePostgres extends AsyncDisposable {
  /** For the `pg` package: the folder of the socket is in its `host` parameter. The user may create databases. */
  readonly url: string;
  readonly pid: number;
  /** Everything of this server lies here; gone after `stop`. */
  readonly directory: string;
  /** Safe to call again. */
  stop(): Promise<void>;
}

interface Programs {
  readonly binDirectory: string;
  /** The folder the packages were unpacked into; undefined for an installed server. */
  readonly root: string | undefined;
}

type Account = { readonly uid: number; readonly gid: number } | undefined;

export async function startPrivatePostgres(options: PostgresOptions): Promise<PrivatePostgres> {
  const programs = await providePrograms(options);
  for (const name of findAbandoned(PARENT, NAME_PREFIX)) {
    rmSync(path.join(PARENT, name), { recursive: true, force: true });
  }
  const server = new OwnPostgres(mkdtempSync(path.join(PARENT, NAME_PREFIX)), options);
  try {
    await server.start(programs);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

async function providePrograms(options: PostgresOptions): Promise<Programs> {
  const installed = newestBinDirectory('/');
  if (installed !== undefined && !mustUsePrivateParts()) return { binDirectory: installed, root: undefined };
  const { root } = await provideDebianPackages(['postgresql'], options);
  const binDirectory = newestBinDirectory(root);
  if (binDirectory === undefined)
    throw new Error(`There is no PostgreSQL in ${root}: remove that folder and try again.`);
  return { binDirectory, root };
}

function newestBinDirectory(root: string): string | undefined {
  return globSync('usr/lib/postgresql/*/bin', { cwd: root })
    .filter((dir) => ['postgres', 'initdb'].every((program) => existsSync(path.join(root, dir, program))))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((dir) => path.join(root, dir))
    .at(-1);
}

class OwnPostgres implements PrivatePostgres {
  readonly directory: string;
  readonly url: string;
  readonly #options: PostgresOptions;
  readonly #account: Account;
  readonly #logPath: string;
  readonly #forgetExit: () => void;
  #child: ChildProcess | undefined;

  constructor(directory: string, options: PostgresOptions) {
    this.directory = directory;
    this.url = `postgres://${USER}@localhost/${USER}?host=${encodeURIComponent(directory)}`;
    this.#options = options;
    this.#account = process.geteuid?.() === 0 ? { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } : undefined;
    this.#logPath = path.join(directory, 'postgres.log');
    this.#forgetExit = removeAtExit(() => this.#remove());
    noteOwner(directory);
    if (this.#account !== undefined) chownSync(directory, this.#account.uid, this.#account.gid);
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error('The private PostgreSQL has not been started.');
    return this.#child.pid;
  }

  async start(found: Programs): Promise<void> {
    const { binDirectory, root } = await this.#withinReach(found);
    const env = root === undefined ? {} : privateEnvironment(root);
    const data = path.join(this.directory, 'data');
    const flags = ['--username', USER, '--auth', 'trust', '--encoding', 'UTF8', '--locale', 'C.UTF-8', '--no-sync'];
    await this.#run(path.join(binDirectory, 'initdb'), ['--pgdata', data, ...flags], env);

    const log = openSync(this.#logPath, 'w', 0o600);
    const account = this.#account;
    const identity =
      account === undefined ? [] : [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
    // setpriv becomes the server, keeping its number. If this program is killed, the kernel tells the server to end.
    this.#child = spawn(
      SETPRIV,
      [...identity, '--pdeathsig', 'INT', path.join(binDirectory, 'postgres'), '-D', data, ...this.#settings()],
      { detached: true, stdio: ['ignore', log, log], cwd: '/', env: { ...process.env, ...env } },
    );
    closeSync(log);
    this.#child.unref();
    await this.#untilReady(this.#child, path.join(data, 'postmaster.pid'));
  }

  #settings(): string[] {
    const settings = {
      unix_socket_directories: this.directory,
      listen_addresses: '',
      // Nothing here outlives the test run, so nothing needs to survive a power failure.
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      jit: 'off',
      timezone: 'UTC',
      // Files in its own folder instead of objects of the whole machine.
      dynamic_shared_memory_type: 'mmap',
    };
    return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  }

  async #untilReady(child: ChildProcess, pidFile: string): Promise<void> {
    let failure: Error | undefined;
    child.on('error', (error) => {
      failure = error;
    });
    const givenUpAt = systemClock.monotonicMs() + READY_DEADLINE_MS;
    while (!(existsSync(pidFile) && readFileSync(pidFile, 'utf8').split('\n')[STATUS_LINE]?.trim() === 'ready')) {
      this.#options.signal?.throwIfAborted();
      const over = failure !== undefined || child.exitCode !== null || child.signalCode !== null;
      if (over || systemClock.monotonicMs() > givenUpAt) {
        const log = existsSync(this.#logPath) ? readFileSync(this.#logPath, 'utf8') : '';
        throw new Error(`The private PostgreSQL did not start. Its last words${indented(log)}`, { cause: failure });
      }
      await systemClock.sleep(READY_POLL_MS, this.#options.signal);
    }
  }

  /** The programs where the server's user can read them: a checkout in /root is closed to all others, so there they are copied. */
  async #withinReach(found: Programs): Promise<Programs> {
    const { root } = found;
    if (root === undefined || this.#account === undefined) return found;
    try {
      await this.#run(path.join(found.binDirectory, 'postgres'), ['--version'], privateEnvironment(root));
      return found;
    } catch {
      const copy = path.join(this.directory, 'programs');
      for (const part of ['lib', 'usr/lib', 'usr/share/postgresql'].filter((dir) => existsSync(path.join(root, dir)))) {
        await cp(path.join(root, part), path.join(copy, part), {
          recursive: true,
          verbatimSymlinks: true,
          mode: constants.COPYFILE_FICLONE,
          // The compiler for queries is most of the size, and switched off.
          filter: (source) => !/libLLVM|llvmjit|\/bitcode|perl/u.test(source.slice(root.length)),
        });
      }
      return { binDirectory: path.join(copy, path.relative(root, found.binDirectory)), root: copy };
    }
  }

  async #run(program: string, arguments_: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
    await runProgram(program, arguments_, {
      deadlineMs: INITDB_DEADLINE_MS,
      signal: this.#options.signal,
      cwd: '/',
      env,
      ...this.#account,
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      // "Immediate": it takes its connections and shared memory with it and writes nothing more.
      child.kill('SIGQUIT');
      using deadline = systemClock.deadline(STOP_ROUNDS * STOP_ROUND_MS);
      const { promise, resolve } = Promise.withResolvers<void>();
      child.once('exit', () => resolve());
      deadline.signal.addEventListener('abort', () => resolve(), { once: true });
      await promise;
    }
    this.#remove();
    this.#forgetExit();
  }

  /** Synchronous, because it is also what runs when this program is ended by a signal. */
  #remove(): void {
    const pid = this.#child?.pid;
    if (pid !== undefined && this.#child?.exitCode === null && this.#child.signalCode === null) endBlocking(pid);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 3 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

function endBlocking(pid: number): void {
  for (let round = 0; round < STOP_ROUNDS && identifyProcess(pid) !== undefined; round += 1) {
    if (round === 0) process.kill(pid, 'SIGQUIT');
    sleepBlocking(STOP_ROUND_MS);
  }
  if (identifyProcess(pid) !== undefined) process.kill(pid, 'SIGKILL');
}
