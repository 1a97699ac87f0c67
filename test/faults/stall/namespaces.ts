// Two network namespaces of the tests' own with a cable between: what is cut there is cut for nobody else.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

const AGENT_ADDRESS = '10.201.77.1';
export const SERVER_ADDRESS = '10.201.77.2';
/** Addresses that take every packet and never answer one. */
export const SILENT_ADDRESS = '10.201.77.8';
export const SILENT_RESOLVER = '10.201.77.9';
const NOBODY = '02:00:00:00:00:99';

function ip(...words: readonly string[]): void {
  run('ip', ...words);
}

function run(program: string, ...words: readonly string[]): void {
  const ended = spawnSync(program, words, { encoding: 'utf8' });
  if (ended.status !== 0) throw new Error(`${program} ${words.join(' ')}: ${ended.stderr || ended.error?.message}`);
}

export class Namespaces implements Disposable {
  readonly #agent: string;
  readonly #server: string;

  /** Needs root, and ip and tc of iproute2. */
  constructor() {
    const id = randomBytes(3).toString('hex');
    this.#agent = `spa-${id}`;
    this.#server = `sps-${id}`;
    ip('netns', 'add', this.#agent);
    ip('netns', 'add', this.#server);
    ip('link', 'add', 'cable', 'netns', this.#agent, 'type', 'veth', 'peer', 'name', 'cable', 'netns', this.#server);
    for (const [name, address] of [
      [this.#agent, AGENT_ADDRESS],
      [this.#server, SERVER_ADDRESS],
    ] as const) {
      ip('-n', name, 'link', 'set', 'lo', 'up');
      ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'cable');
      ip('-n', name, 'link', 'set', 'cable', 'up');
    }
    for (const silent of [SILENT_ADDRESS, SILENT_RESOLVER]) {
      ip('-n', this.#agent, 'neigh', 'add', silent, 'lladdr', NOBODY, 'dev', 'cable');
    }
  }

  /** The words in front of a command that runs on the server's side. */
  get onServer(): readonly string[] {
    return ['ip', 'netns', 'exec', this.#server];
  }

  /** On the agent's side, with a resolver of its own in `resolvConf`. */
  onAgent(resolvConf: string): readonly string[] {
    const script = 'mount --bind "$0" /etc/resolv.conf && exec "$@"';
    return ['ip', 'netns', 'exec', this.#agent, 'unshare', '--mount', 'sh', '-c', script, resolvConf];
  }

  /** From now on nothing that the server sends arrives; connections stay as they are. */
  cut(): void {
    run('tc', '-n', this.#server, 'qdisc', 'replace', 'dev', 'cable', 'root', 'blackhole');
  }

  mend(): void {
    run('tc', '-n', this.#server, 'qdisc', 'del', 'dev', 'cable', 'root');
  }

  [Symbol.dispose](): void {
    for (const name of [this.#agent, this.#server]) spawnSync('ip', ['netns', 'del', name]);
  }
}
