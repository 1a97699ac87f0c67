// A person's side of the control plane's API: mint, enqueue, wait for the outcome. For demo, tests and benchmarks.
import { request } from 'undici';
import { z } from 'zod';

export interface ControlPlaneAddress {
  readonly url: string;
  readonly adminToken: string;
}

const command = z.object({
  command_id: z.string(),
  type: z.string(),
  status: z.string(),
  result: z.unknown(),
  error: z.unknown(),
  created_at: z.string(),
  updated_at: z.string(),
});
export type FinishedCommand = z.infer<typeof command>;

const ENDED = ['completed', 'failed', 'cancelled'];
const WAIT_MS = 20_000;

export class ControlPlaneClient {
  readonly #server: ControlPlaneAddress;

  constructor(server: ControlPlaneAddress) {
    this.#server = server;
  }

  /** A purchase token for a stack, owned by a new user. */
  async mintPurchaseToken(stackId: string, maxServers = 1): Promise<string> {
    const { user_id } = z.object({ user_id: z.string() }).parse(await this.call('POST', '/api/v1/admin/users', {}));
    const body = { stack_id: stackId, user_id, max_servers: maxServers };
    const answer = await this.call('POST', '/api/v1/admin/purchase-tokens', body);
    return z.object({ purchase_token: z.string() }).parse(answer).purchase_token;
  }

  /** Queues a command; returns its id. */
  async enqueue(
    deploymentHash: string,
    type: string,
    parameters: unknown,
    more: { readonly timeoutSeconds?: number; readonly priority?: string } = {},
  ): Promise<string> {
    const answer = await this.call('POST', '/api/v1/agent/commands/enqueue', {
      deployment_hash: deploymentHash,
      command_type: type,
      parameters,
      ...(more.timeoutSeconds === undefined ? {} : { timeout_seconds: more.timeoutSeconds }),
      ...(more.priority === undefined ? {} : { priority: more.priority }),
    });
    return z.object({ item: command }).parse(answer).item.command_id;
  }

  async read(deploymentHash: string, commandId: string, waitMs = 0): Promise<FinishedCommand> {
    const answer = await this.call('GET', `/api/v1/commands/${deploymentHash}/${commandId}?wait_ms=${waitMs}`);
    return z.object({ item: command }).parse(answer).item;
  }

  /** Waits until the command has ended. Throws after `deadlineMs`. */
  async outcome(deploymentHash: string, commandId: string, deadlineMs = 60_000): Promise<FinishedCommand> {
    const end = performance.now() + deadlineMs;
    for (;;) {
      const read = await this.read(deploymentHash, commandId, Math.min(WAIT_MS, deadlineMs));
      if (ENDED.includes(read.status)) return read;
      if (performance.now() > end)
        throw new Error(`command ${commandId} is still ${read.status} after ${deadlineMs} ms`);
    }
  }

  /** Queues a command and waits until it has ended. */
  async ask(deploymentHash: string, type: string, parameters: unknown, deadlineMs?: number): Promise<FinishedCommand> {
    return await this.outcome(deploymentHash, await this.enqueue(deploymentHash, type, parameters), deadlineMs);
  }

  /** One call as the administrator; the answer's JSON. Throws with the server's sentence when it refuses. */
  async call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<unknown> {
    const answer = await request(this.#server.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#server.adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await answer.body.text();
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: HTTP ${answer.statusCode}: ${text}`);
    return JSON.parse(text);
  }
}
