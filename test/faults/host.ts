// A host that is registered with a control plane without a person and a command line: an identity and an empty journal in a folder.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { request } from 'undici';
import { z } from 'zod';
import { AgentProcess, runCli } from '../../scripts/parts/agent-process.ts';
import { loadIdentity, storeIdentity } from '../../src/agent/identity/identity.ts';
import { SqliteJournal } from '../../src/agent/journal/sqlite-journal.ts';
import { COMMANDS } from '../../src/commands/registry.ts';

const AGENT = join(import.meta.dirname, 'crash', 'agent-under-test.ts');
const registered = z.object({
  data: z.object({ item: z.object({ agent_id: z.string(), agent_token: z.string() }) }),
});

export interface HostOptions {
  readonly serverUrl: string;
  readonly dockerSocket: string;
  /** Its folders are made in here. */
  readonly home: string;
  readonly name: string;
  readonly settings?: Readonly<Record<string, string>>;
}

export class Host {
  readonly stateDirectory: string;
  readonly settings: Readonly<Record<string, string>>;

  #deploymentHash: string;

  private constructor(options: HostOptions) {
    this.#deploymentHash = options.name;
    this.stateDirectory = join(options.home, options.name);
    mkdirSync(this.stateDirectory, { mode: 0o700 });
    // One for each host: another one's agent may be reading its own at this moment.
    const config = join(options.home, `${options.name}.json`);
    writeFileSync(config, '{}');
    this.settings = {
      STATUS_PANEL_STATE_DIRECTORY: this.stateDirectory,
      STATUS_PANEL_CONFIG: config,
      STATUS_PANEL_DOCKER_SOCKET: options.dockerSocket,
      STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5',
      // These tests start the same program hundreds of times.
      NODE_COMPILE_CACHE: join(options.home, 'compile-cache'),
      ...options.settings,
    };
  }

  /** Registers by deployment hash. The journal is begun here, so that a command enqueued next is younger than it. */
  static async register(options: HostOptions): Promise<Host> {
    const host = new Host(options);
    const answer = await request(`${options.serverUrl}/api/v1/agent/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        deployment_hash: options.name,
        capabilities: COMMANDS.map((command) => command.type),
        system_info: {},
        agent_version: '0.0.0',
      }),
    });
    const { agent_id, agent_token } = registered.parse(await answer.body.json()).data.item;
    storeIdentity(host.stateDirectory, {
      version: 1,
      server_url: options.serverUrl,
      agent_id,
      agent_token,
      deployment_hash: options.name,
      registered_with: 'deployment_hash',
      registered_at: new Date().toISOString(),
    });
    new SqliteJournal(host.#journalPath, Date.now())[Symbol.dispose]();
    return host;
  }

  /** Registers with a purchase token through the command line, as a person does. */
  static async registerByCommandLine(options: HostOptions, purchaseToken: string): Promise<Host> {
    const host = new Host(options);
    const words = ['register', '--token-stdin', '--stack-id', options.name, '--server', options.serverUrl];
    const ended = await runCli(words, host.settings, purchaseToken);
    const identity = loadIdentity(host.stateDirectory);
    if (identity === undefined) throw new Error(`registration failed: ${ended.stderr}`);
    host.#deploymentHash = identity.deployment_hash;
    return host;
  }

  get deploymentHash(): string {
    return this.#deploymentHash;
  }

  get #journalPath(): string {
    return join(this.stateDirectory, 'journal.db');
  }

  /** Starts the test build of the agent. The caller ends it. */
  start(more: Readonly<Record<string, string>> = {}, nodeFlags: readonly string[] = []): AgentProcess {
    return AgentProcess.start([], { ...this.settings, ...more }, { program: AGENT, nodeFlags, endWith: 'SIGKILL' });
  }

  /** The state of a command in the journal; undefined when it is not there. */
  stateOf(commandId: string): string | undefined {
    using journal = this.#open();
    const row = journal.db.prepare('SELECT state FROM command WHERE command_id = ?').get(commandId);
    return row === undefined ? undefined : String(row['state']);
  }

  /** How often a command was begun. */
  startsOf(commandId: string): number {
    using journal = this.#open();
    return Number(
      journal.db.prepare('SELECT starts FROM command WHERE command_id = ?').get(commandId)?.['starts'] ?? 0,
    );
  }

  /** How many commands are in which state. */
  states(): Readonly<Record<string, number>> {
    using journal = this.#open();
    const rows = journal.db.prepare('SELECT state, count(*) AS count FROM command GROUP BY state').all();
    return Object.fromEntries(rows.map((row) => [String(row['state']), Number(row['count'])]));
  }

  /** Ids of the commands in the order in which the agent took them. */
  received(): readonly string[] {
    using journal = this.#open();
    return journal.db
      .prepare('SELECT command_id FROM command ORDER BY rowid')
      .all()
      .map((row) => String(row['command_id']));
  }

  #open(): { readonly db: DatabaseSync } & Disposable {
    const db = new DatabaseSync(this.#journalPath, { readOnly: true });
    db.exec('PRAGMA busy_timeout = 2000');
    return { db, [Symbol.dispose]: () => db.close() };
  }
}
