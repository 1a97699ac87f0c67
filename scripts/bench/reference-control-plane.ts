// The reference control plane as its own program with its embedded database, and clients registered with it.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { loadIdentity } from '../../src/agent/identity/identity.ts';
import { AgentProcess, runCli } from '../parts/agent-process.ts';
import { ControlPlaneClient } from '../parts/control-plane-client.ts';
import type { ClientSettings } from './client.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'src', 'bin', 'control-plane.ts');
const START_DEADLINE_MS = 60_000;

const ready = z.object({ url: z.string(), admin_token_file: z.string() });

export class ReferenceControlPlane implements AsyncDisposable {
  readonly client: ControlPlaneClient;
  readonly #url: string;
  readonly #process: AgentProcess;

  private constructor(process: AgentProcess, url: string, adminToken: string) {
    this.#process = process;
    this.#url = url;
    this.client = new ControlPlaneClient({ url, adminToken });
  }

  static async start(home: string): Promise<ReferenceControlPlane> {
    await using stack = new AsyncDisposableStack();
    const words = ['--listen', '127.0.0.1:0', '--data-dir', join(home, 'control-plane')];
    const program = stack.use(AgentProcess.start(words, {}, { program: PROGRAM }));
    const line = await program.line((text) => text.includes('"control plane ready"'), START_DEADLINE_MS);
    const { url, admin_token_file } = ready.parse(JSON.parse(line));
    const adminToken = readFileSync(admin_token_file, 'utf8').trim();
    stack.move();
    return new ReferenceControlPlane(program, url, adminToken);
  }

  /** Registers a host by the command line, as a person would. */
  async register(home: string, name: string): Promise<ClientSettings> {
    const directory = join(home, name);
    mkdirSync(directory, { mode: 0o700 });
    const words = ['register', '--token-stdin', '--stack-id', name, '--server', this.#url];
    const settings = {
      STATUS_PANEL_STATE_DIRECTORY: directory,
      STATUS_PANEL_CONFIG: join(directory, 'config.json'),
    };
    const ended = await runCli(words, settings, await this.client.mintPurchaseToken(name));
    const identity = loadIdentity(directory);
    if (identity === undefined) throw new Error(`registration failed: ${ended.stderr}`);
    const { agent_id: agentId, agent_token: token, deployment_hash: deploymentHash } = identity;
    return { url: this.#url, agentId, token, deploymentHash, directory, transactions: 0 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]();
  }
}
