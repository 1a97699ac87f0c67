// A control plane that behaves as the one in production: pops before it delivers, answers 400 for nearly everything, verifies no signature.
//
// Written from the wire contract (PROTOCOL.md §1, §2, §4): the at-most-once queue, the zombie polls, the text/plain errors and the empty
// 403 are all there, because an agent that is only tested against a polite server has not been tested.
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { assertValidReport } from '../protocol/strict-report.ts';
import { asRecord, bodyOf, clamp, end, newToken, pause } from './production-http.ts';

export interface ProductionCommand {
  readonly id: string;
  readonly command_id: string;
  readonly deployment_hash: string;
  readonly type: string;
  status: string;
  readonly priority: string;
  readonly parameters: unknown;
  result: unknown;
  error: unknown;
  readonly created_by: string;
  readonly created_at: string;
  updated_at: string;
  readonly timeout_seconds: number | null;
  readonly metadata: unknown;
}

interface AgentRow {
  readonly id: string;
  readonly deploymentHash: string;
  capabilities: readonly string[];
}

const BODY_MAX_BYTES = 2_097_152;

export class ProductionServer implements AsyncDisposable {
  /** By command_id, in the order of enqueueing. */
  readonly commands = new Map<string, ProductionCommand>();
  readonly queue: string[] = [];
  /** Every report body, exactly as it came, valid or not. */
  readonly reports: string[] = [];
  readonly polls: { readonly atMs: number; readonly query: string }[] = [];
  /** What Vault holds: deployment hash to agent token. Writing here is a rotation. */
  readonly vault = new Map<string, string>();
  readonly #agents = new Map<string, AgentRow>();
  readonly #server: Server;
  #url = '';
  /** Answers the next requests on a path with something else; consumed one by one. */
  readonly oddAnswers: { readonly path: RegExp; readonly answer: (response: ServerResponse) => void }[] = [];

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        response.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
        response.end(JSON.stringify({ message: String(error) }));
      });
    });
    this.#server.keepAliveTimeout = 5_000;
  }

  static async start(): Promise<ProductionServer> {
    const server = new ProductionServer();
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    const address = server.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    server.#url = `http://127.0.0.1:${address.port}`;
    return server;
  }

  get url(): string {
    return this.#url;
  }

  enqueue(deploymentHash: string, type: string, parameters: unknown, more: Partial<ProductionCommand> = {}): string {
    const now = new Date().toISOString();
    const command: ProductionCommand = {
      id: randomUUID(),
      command_id: `cmd_${randomUUID()}`,
      deployment_hash: deploymentHash,
      type,
      status: 'queued',
      priority: 'normal',
      parameters,
      result: null,
      error: null,
      created_by: 'user-1',
      created_at: now,
      updated_at: now,
      timeout_seconds: 300,
      metadata: null,
      ...more,
    };
    this.commands.set(command.command_id, command);
    this.queue.push(command.command_id);
    return command.command_id;
  }

  /** Waits until the command has a final status. */
  async outcome(commandId: string, deadlineMs = 30_000): Promise<ProductionCommand> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const command = this.commands.get(commandId);
      if (command !== undefined && ['completed', 'failed'].includes(command.status)) return command;
      if (performance.now() > end)
        throw new Error(`${commandId} is ${command?.status ?? 'unknown'} after ${deadlineMs} ms`);
      await pause(20);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    const body = await bodyOf(request);
    const odd = this.oddAnswers.findIndex((one) => one.path.test(url.pathname));
    if (odd !== -1) {
      this.oddAnswers.splice(odd, 1)[0]?.answer(response);
      return;
    }
    const key = `${request.method} ${url.pathname}`;
    if (key === 'POST /api/v1/agent/register') this.#register(request, response, body);
    else if (key === 'POST /api/v1/marketplace/agents/register') this.#marketplace(response);
    else if (url.pathname.startsWith('/api/v1/agent/commands/wait/')) await this.#wait(request, response, url);
    else if (key === 'POST /api/v1/agent/commands/report') this.#report(request, response, body);
    else if (url.pathname.startsWith('/api/v1/agent/deployments/')) this.#snapshot(request, response, url);
    else if (url.pathname.endsWith('/capabilities')) this.#capabilities(request, response);
    else end(response, 403, undefined);
  }

  #register(request: IncomingMessage, response: ServerResponse, body: string): void {
    // A present X-Agent-Id forces the agent's authentication first.
    if (request.headers['x-agent-id'] !== undefined && this.#authenticate(request, response) === undefined) return;
    const { deployment_hash: hash, capabilities } = asRecord(body);
    if (typeof hash !== 'string' || !Array.isArray(capabilities)) {
      end(response, 400, '{"kind":"deserialize","line":1, "column":2, "msg":"missing field `agent_version`"}');
      return;
    }
    const known = [...this.#agents.values()].find((agent) => agent.deploymentHash === hash);
    const agent = known ?? { id: randomUUID(), deploymentHash: hash, capabilities: [] };
    agent.capabilities = capabilities.map(String);
    this.#agents.set(agent.id, agent);
    if (!this.vault.has(hash)) this.vault.set(hash, newToken());
    const item = {
      agent_id: agent.id,
      agent_token: this.vault.get(hash),
      dashboard_version: '2.0.0',
      supported_api_versions: ['1.0'],
    };
    end(response, known === undefined ? 201 : 200, JSON.stringify({ data: { item } }), 'application/json');
  }

  // Hands out an identity that is stored nowhere: the next call with it is refused with "Agent not found".
  #marketplace(response: ServerResponse): void {
    const agentId = randomUUID();
    const answer = {
      agent_id: agentId,
      agent_token: newToken().slice(0, 64),
      deployment_hash: `mkt_${agentId.slice(0, 8)}`,
      dashboard_url: this.#url,
    };
    end(response, 201, JSON.stringify(answer), 'application/json');
  }

  /** Only the bearer is compared; signature, timestamp and request id are not looked at. */
  #authenticate(request: IncomingMessage, response: ServerResponse): AgentRow | undefined {
    const id = String(request.headers['x-agent-id'] ?? '');
    const refuse = (message: string): undefined => {
      end(response, 400, JSON.stringify({ message }));
      return undefined;
    };
    if (!/^[0-9a-f-]{36}$/u.test(id)) return refuse('Invalid agent ID format');
    const bearer = request.headers.authorization;
    if (bearer === undefined) return refuse('Authorization header required for agent');
    if (!bearer.startsWith('Bearer ')) return refuse('Invalid Authorization header format');
    const agent = this.#agents.get(id);
    if (agent === undefined) return refuse('Agent not found');
    const token = this.vault.get(agent.deploymentHash);
    if (token === undefined) return refuse('Token not found in Vault: 404');
    return bearer.slice('Bearer '.length) === token ? agent : refuse('Invalid agent token');
  }

  async #wait(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    this.polls.push({ atMs: performance.now(), query: url.search });
    const agent = this.#authenticate(request, response);
    if (agent === undefined) return;
    const hash = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
    if (hash !== agent.deploymentHash) {
      end(response, 403, JSON.stringify({ message: 'Not authorized for this deployment' }));
      return;
    }
    const timeout = clamp(Number(url.searchParams.get('timeout') ?? 30), 5, 120);
    const interval = clamp(Number(url.searchParams.get('interval') ?? 3), 1, 10);
    const checks = Math.max(Math.floor(timeout / interval), 1);
    for (let check = 1; check <= checks; check += 1) {
      // No look at the socket: a poll whose client is gone goes on, and takes what comes. This is the zombie.
      const command = this.#pop(hash);
      if (command !== undefined) {
        const answer = { message: 'Command available', item: command, meta: { next_poll_secs: interval } };
        end(response, 200, JSON.stringify(answer), 'application/json');
        return;
      }
      if (check < checks && this.#server.listening) await pause(interval * 1000);
    }
    const answer = { message: 'No command available', item: null, meta: { next_poll_secs: interval } };
    end(response, 200, JSON.stringify(answer), 'application/json');
  }

  /** Marked as sent and taken from the queue before a byte of the answer is written. */
  #pop(hash: string): ProductionCommand | undefined {
    const at = this.queue.findIndex((id) => this.commands.get(id)?.deployment_hash === hash);
    if (at === -1) return undefined;
    const command = this.commands.get(this.queue.splice(at, 1)[0] ?? '');
    if (command !== undefined) command.status = 'sent';
    return command;
  }

  #report(request: IncomingMessage, response: ServerResponse, body: string): void {
    const agent = this.#authenticate(request, response);
    if (agent === undefined) return;
    if (Buffer.byteLength(body) > BODY_MAX_BYTES) {
      end(response, 400, '{"kind":"other","msg":"payload is too large"}');
      return;
    }
    this.reports.push(body);
    const report = asRecord(body);
    const command = this.commands.get(String(report['command_id']));
    if (report['deployment_hash'] !== agent.deploymentHash) {
      end(response, 403, JSON.stringify({ message: 'Not authorized for this deployment' }));
    } else if (command === undefined) {
      end(response, 404, JSON.stringify({ message: 'Command not found' }));
    } else {
      try {
        assertValidReport(body, command.type);
      } catch (error) {
        end(response, 400, JSON.stringify({ message: String(error) }));
        return;
      }
      // The last writer wins, whatever the state was before.
      command.status = String(report['command_status']);
      command.result = report['result'];
      command.error = report['errors'] === undefined ? report['error'] : { errors: report['errors'] };
      command.updated_at = new Date().toISOString();
      const item = { accepted: true, message: `Command result accepted, status: ${command.status}` };
      end(response, 200, JSON.stringify({ message: 'Result accepted', item }), 'application/json');
    }
  }

  #snapshot(request: IncomingMessage, response: ServerResponse, url: URL): void {
    if (this.#authenticate(request, response) === undefined) return;
    const hash = decodeURIComponent(url.pathname.split('/').at(-1) ?? '');
    const limit = Number(url.searchParams.get('command_limit') ?? 50);
    const commands = [...this.commands.values()].filter((command) => command.deployment_hash === hash).toReversed();
    const item = { agent: null, commands: commands.slice(0, limit), containers: [], apps: [] };
    end(response, 200, JSON.stringify({ message: 'OK', item }), 'application/json');
  }

  #capabilities(request: IncomingMessage, response: ServerResponse): void {
    const agent = this.#authenticate(request, response);
    if (agent === undefined) return;
    const item = { deployment_hash: agent.deploymentHash, agent_id: agent.id, capabilities: agent.capabilities };
    end(response, 200, JSON.stringify({ message: 'OK', item }), 'application/json');
  }
}
