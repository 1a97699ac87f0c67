// The edge to Vault: reads, writes and removes agent tokens in a real Vault, in OpenBao or in the development Vault.
import { type Dispatcher, Agent as HttpAgent } from 'undici';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/fault.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { problem } from '../http/problem.ts';

export interface VaultOptions {
  /** `http://host:port` or `https://…`. */
  readonly address: string;
  readonly token: string;
  /** Where secrets lie: a KV v1 mount, or a KV v2 mount with its `/data/` segment (PROTOCOL.md §3.1). Default `agent`. */
  readonly prefix?: string | undefined;
  /** First segment of every path. Default `v1`. */
  readonly apiPrefix?: string | undefined;
  readonly namespace?: string | undefined;
}

const CALL_DEADLINE_MS = 5_000;
const CONNECTIONS_MAX_COUNT = 8;
const ANSWER_MAX_BYTES = 65_536;

const secret = z.object({
  data: z.object({ data: z.object({ token: z.string().min(16).max(LIMITS.agentTokenMaxChars) }) }),
});

export class VaultClient implements AsyncDisposable {
  readonly #options: VaultOptions;
  readonly #clock: Clock;
  readonly #http = new HttpAgent({ connections: CONNECTIONS_MAX_COUNT, connect: { timeout: CALL_DEADLINE_MS } });

  constructor(options: VaultOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  /** The current token, or undefined when Vault has none for this deployment. Fault vault_unavailable. */
  async read(deploymentHash: string): Promise<string | undefined> {
    const { status, text } = await this.#call('GET', deploymentHash);
    if (status === 404) return undefined;
    if (status !== 200) throw refused('read', status);
    const parsed = secret.safeParse(jsonOf(text));
    if (!parsed.success)
      throw problem('vault_unavailable', 'Vault answered with something that holds no token at data.data.token');
    return parsed.data.data.data.token;
  }

  /** Fault vault_unavailable, and then nothing is known to have changed. */
  async write(deploymentHash: string, token: string): Promise<void> {
    // The same body fits both KV versions: v1 stores a key named "data", v2 takes the values out of it.
    const body = JSON.stringify({ data: { token, deployment_hash: deploymentHash } });
    const { status } = await this.#call('POST', deploymentHash, body);
    if (status !== 200 && status !== 204) throw refused('write', status);
  }

  async remove(deploymentHash: string): Promise<void> {
    const { status } = await this.#call('DELETE', deploymentHash);
    if (status !== 200 && status !== 204 && status !== 404) throw refused('delete', status);
  }

  /** For people: where a deployment's token lies, without the address. */
  pathOf(deploymentHash: string): string {
    const { apiPrefix = 'v1', prefix = 'agent' } = this.#options;
    const segments = [...apiPrefix.split('/'), ...prefix.split('/'), deploymentHash, 'token'];
    return `/${segments
      .filter((segment) => segment !== '')
      .map(encodeURIComponent)
      .join('/')}`;
  }

  async #call(
    method: 'GET' | 'POST' | 'DELETE',
    hash: string,
    body?: string,
  ): Promise<{ status: number; text: string }> {
    using deadline = this.#clock.deadline(CALL_DEADLINE_MS);
    const { address, token, namespace } = this.#options;
    try {
      const answer = await this.#http.request({
        origin: address,
        path: this.pathOf(hash),
        method,
        headers: {
          'x-vault-token': token,
          'x-vault-request': 'true',
          ...(namespace === undefined ? {} : { 'x-vault-namespace': namespace }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body ?? null,
        signal: deadline.signal,
      });
      return { status: answer.statusCode, text: await limitedText(answer.body) };
    } catch (error) {
      throw problem('vault_unavailable', `Vault does not answer (${describeError(error)}): try again shortly`, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#http.destroy();
  }
}

function refused(what: string, status: number): Error {
  const hint = status === 403 ? 'the Vault token of the control plane may not do that' : `Vault answered ${status}`;
  return problem('vault_unavailable', `cannot ${what} the agent token in Vault: ${hint}`);
}

async function limitedText(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.length;
    if (sizeBytes > ANSWER_MAX_BYTES) throw new Error(`the answer is longer than ${ANSWER_MAX_BYTES} bytes`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
