// A host to install on that is this machine's own file system with everything written to it kept apart, and gone at the end.
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { once } from 'node:events';
import { privateEnvironment, provideDebianPackages } from '../../scripts/parts/debian-packages.ts';
import { SANDBOX_NODE } from './sample-release.ts';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** A minute unless told. */
  readonly deadlineMs?: number;
}

const SYSTEMCTL = readFileSync(join(import.meta.dirname, 'systemctl.sh'), 'utf8');

// Its own mounts and process numbers: what is mounted goes, and what runs ends, with the process that holds them.
const SETUP = `set -e
mount --make-rprivate /
mount -t overlay overlay -o lowerdir=/,upperdir="$1/upper",workdir="$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=755 tmpfs "$1/root/run"
mount -t tmpfs -o mode=1777,\${2:-rw} tmpfs "$1/root/tmp"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/var/tmp"
mkdir -p "$1/root/run/systemd/system" "$(dirname "$1/root${SANDBOX_NODE}")"
: >"$1/root${SANDBOX_NODE}"
mount --bind "$3" "$1/root${SANDBOX_NODE}"
echo ready
exec sleep infinity
`;

export interface SandboxOptions {
  /** Mount options of /tmp, such as noexec. */
  readonly tmp?: string;
  readonly docker?: boolean;
}

export class Sandbox implements AsyncDisposable {
  /** What was written since the sandbox was opened lies here, by its path. */
  readonly #folder: string;
  readonly #holder: ChildProcess;
  readonly #engine: Server | undefined;

  private constructor(folder: string, holder: ChildProcess, engine: Server | undefined) {
    this.#folder = folder;
    this.#holder = holder;
    this.#engine = engine;
  }

  /** Needs root. */
  static async open(options: SandboxOptions = {}): Promise<Sandbox> {
    // Not on the file system that it covers: an overlay refuses to be written into what it is made of.
    const folder = mkdtempSync('/dev/shm/status-panel-sandbox-');
    for (const name of ['upper', 'work', 'root']) mkdirSync(join(folder, name), { mode: 0o755 });
    const holder = spawn(
      'unshare',
      [
        '--mount',
        '--pid',
        '--fork',
        '--kill-child',
        'sh',
        '-c',
        SETUP,
        'sh',
        folder,
        options.tmp ?? '',
        process.execPath,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'] } },
    );
    await ready(holder);
    const engine = options.docker === false ? undefined : await dockerStandIn(join(folder, 'docker.sock'));
    const sandbox = new Sandbox(folder, holder, engine);
    await sandbox.#furnish(options);
    return sandbox;
  }

  /** Ends when the command does; one that goes on beyond its deadline is killed. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const { pid } = this.#holder;
    const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const environment = Object.entries({ PATH: path, ...options.env }).map(([name, value]) => `${name}=${value}`);
    const enter = [`--mount=/proc/${pid}/ns/mnt`, `--pid=/proc/${pid}/ns/pid_for_children`, 'chroot', this.#root];
    const child = spawn('nsenter', [...enter, '/usr/bin/env', '-i', ...environment, ...command], {
      // Without the terminal of whoever runs the tests: nobody is there to be asked.
      detached: true,
      timeout: options.deadlineMs ?? 60_000,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    // Not "close": a service that was started may keep the output open.
    const [exitCode] = await once(child, 'exit');
    await new Promise((resolve) => setImmediate(resolve));
    return {
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      stdout: Buffer.concat(out).toString(),
      stderr: Buffer.concat(err).toString(),
    };
  }

  async sh(script: string): Promise<string> {
    const ended = await this.run(['sh', '-c', script]);
    return ended.stdout + ended.stderr;
  }

  /** Puts a file on the host before anything is looked at; below /run, /tmp and /proc it would not be seen. */
  async write(path: string, content: string, mode = 0o644): Promise<void> {
    await this.run(
      ['sh', '-c', 'mkdir -p "$(dirname "$1")" && cat >"$1" && chmod "$2" "$1"', 'sh', path, mode.toString(8)],
      { stdin: content },
    );
  }

  /**
   * What Debian packages hold, in a folder that has the same path outside and inside: where they were unpacked may lie below /tmp, which is
   * another one inside.
   */
  async bring(packages: readonly string[]): Promise<string> {
    const { root } = await provideDebianPackages(packages, { say: (line) => console.error(line) });
    const brought = join(this.#folder, `packages-${packages.join('-')}`);
    cpSync(root, brought, { recursive: true, verbatimSymlinks: true });
    return brought;
  }

  /** Every path that differs from the machine's own, with what it is: nothing of /run, /tmp, /dev and /proc. */
  changes(): Readonly<Record<string, string>> {
    const upper = join(this.#folder, 'upper');
    const names = readdirSync(upper, { recursive: true, encoding: 'utf8' }).toSorted();
    return Object.fromEntries(names.flatMap((name) => this.#change(upper, name)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const gone = once(this.#holder, 'exit');
    this.#holder.kill('SIGKILL');
    await gone;
    this.#engine?.close();
    this.#engine?.closeAllConnections();
    // The mounts go a moment after the process that held them.
    for (let tries = 0; existsSync(this.#folder); tries += 1) {
      try {
        rmSync(this.#folder, { recursive: true, force: true });
      } catch (error) {
        if (tries > 50) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }

  get #root(): string {
    return join(this.#folder, 'root');
  }

  #change(upper: string, name: string): readonly [string, string][] {
    const path = join(upper, name);
    const stats = lstatSync(path);
    // A folder is copied up when something in it is written; what is in it stands for itself.
    if (stats.isDirectory() && existsSync(join('/', name))) return [];
    if (stats.isDirectory()) return [[name, 'folder']];
    if (stats.isSymbolicLink()) return [[name, `-> ${readlinkSync(path)}`]];
    // Overlayfs writes a deletion as a character device 0, 0.
    if (stats.isCharacterDevice()) return [[name, 'deleted']];
    const mode = (stats.mode & 0o7777).toString(8);
    if (isSameFile(path, join('/', name))) return [];
    return [[name, `${mode} ${readFileSync(path, 'utf8').slice(0, 4_000)}`]];
  }

  async #provideTools(): Promise<void> {
    const missing = TOOLS.filter((name) => !existsSync(`/usr/bin/${name}`));
    if (missing.length === 0) return;
    const root = await this.bring(missing);
    const libraries = privateEnvironment(root)['LD_LIBRARY_PATH'] ?? '';
    for (const name of missing) {
      const script = `#!/bin/sh\nLD_LIBRARY_PATH=${libraries} exec ${root}/usr/bin/${name} "$@"\n`;
      await this.write(`/usr/bin/${name}`, script, 0o755);
    }
  }

  async #furnish(options: SandboxOptions): Promise<void> {
    await this.write('/usr/bin/systemctl', SYSTEMCTL, 0o755);
    await this.write('/usr/bin/journalctl', '#!/bin/sh\ntail -n 8 /run/stand-in/journal 2>/dev/null\n', 0o755);
    await this.sh(
      'grep -q ^docker: /etc/group || groupadd --system docker; rm -f /usr/local/bin/docker /usr/bin/docker',
    );
    await this.sh('for user in status-panel; do ! id $user >/dev/null 2>&1 || userdel $user; done');
    await this.#provideTools();
    if (options.docker === false) return;
    const docker = '#!/bin/sh\ncase "$*" in *version*) [ ! -e /run/stand-in/docker-down ] ;; esac\n';
    await this.write('/usr/bin/docker', docker, 0o755);
    const socket = join(this.#folder, 'docker.sock');
    await this.sh(': >/run/docker.sock');
    const { pid } = this.#holder;
    const bind = [
      '--mount=/proc/' + pid + '/ns/mnt',
      'sh',
      '-c',
      'mount --bind "$1" "$2/run/docker.sock" && chroot "$2" chown root:docker /run/docker.sock',
      'sh',
      socket,
      this.#root,
    ];
    await once(spawn('nsenter', bind, { stdio: 'ignore' }), 'exit');
    chmodSync(socket, 0o660);
  }
}

/** What a small Debian may lack and every test expects; a test that is about its absence takes it away. */
const TOOLS = ['curl', 'wget', 'openssl'];

async function ready(holder: ChildProcess): Promise<void> {
  let said = '';
  holder.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    holder.stdout?.once('data', () => resolve());
    holder.once('exit', () => reject(new Error(`the sandbox could not be made (it needs root): ${said}`)));
  });
}

/** Copied up, because it was opened for writing, and then left as it was. */
function isSameFile(path: string, original: string): boolean {
  if (!existsSync(original)) return false;
  return lstatSync(path).mode === lstatSync(original).mode && readFileSync(path).equals(readFileSync(original));
}

/** Something that answers on the engine's socket; the installer asks no more of it. */
async function dockerStandIn(path: string): Promise<Server> {
  mkdirSync(dirname(path), { recursive: true });
  const server = createServer((_request, answer) => answer.setHeader('Api-Version', '1.47').end('OK'));
  server.listen(path);
  await once(server, 'listening');
  return server;
}

/** For a bundle, or anything else that several sandboxes read: this machine's /tmp is not seen in them. */
export function sharedFolder(): string {
  const folder = mkdtempSync('/var/lib/status-panel-test-');
  chmodSync(folder, 0o755);
  return folder;
}
