// Reads the agent token from Vault, at the path and in the shapes in which the control plane writes it (REQUIREMENTS A2, PROTOCOL.md §3).
import { z } from 'zod';
import { describeError, Fault } from '../../platform/fault.ts';
import { readIfPresent } from '../../platform/durable-file.ts';
import { agentToken } from '../../protocol/text.ts';
import type { HttpClient } from '../upstream/http-client.ts';

export interface VaultSettings {
  /** First segment, `v1` on every Vault; empty leaves it out. */
  readonly apiPrefix: string;
  /** `agent` for a KV version 1 mount, `secret/data/agent` for version 2. */
  readonly pathPrefix: string;
  readonly namespace: string | undefined;
  /** Holds the Vault token. Read anew each time, so that it can be replaced under a running agent. */
  readonly tokenFile: string;
  /** Told the Vault token before it is used, so that whatever is said about it can be masked. */
  readonly onToken?: (token: string) => void;
}

const DEADLINE_MS = 10_000;

// Both KV versions end in data.data.token, because the server wraps its value once more; plain version 1 secrets do not.
const wrapped = z.object({ data: z.object({ data: z.object({ token: agentToken }) }) });
const plain = z.object({ data: z.object({ token: agentToken }) });
const refusal = z.object({ errors: z.array(z.string().max(1_000)).max(20) });

/** The token the control plane wrote for this deployment. Throws Fault vault_unavailable or vault_refused with what Vault said and what to look at. */
export async function readAgentToken(
  client: HttpClient,
  settings: VaultSettings,
  deploymentHash: string,
  signal: AbortSignal,
): Promise<string> {
  const segments = [settings.apiPrefix, ...settings.pathPrefix.split('/'), deploymentHash, 'token'];
  const path = segments
    .filter((segment) => segment !== '')
    .map((segment) => `/${encodeURIComponent(segment)}`)
    .join('');
  const token = vaultToken(settings.tokenFile);
  settings.onToken?.(token);
  const headers = {
    'x-vault-token': token,
    'x-vault-request': 'true',
    ...(settings.namespace === undefined ? {} : { 'x-vault-namespace': settings.namespace }),
  };
  const answer = await ask(client, path, headers, signal);
  if (answer.status !== 200) throw refused(answer.status, answer.body, path);
  return tokenIn(answer.body, path);
}

async function ask(
  client: HttpClient,
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  try {
    return await client.request({ method: 'GET', path, headers, deadlineMs: DEADLINE_MS }, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Fault('vault_unavailable', `Vault does not answer: ${describeError(error)}`, { cause: error });
  }
}

function tokenIn(body: string, path: string): string {
  try {
    const json: unknown = JSON.parse(body);
    const asWritten = wrapped.safeParse(json);
    if (asWritten.success) return asWritten.data.data.data.token;
    return plain.parse(json).data.token;
  } catch {
    // The text of the error could quote the secret.
    throw new Fault('vault_refused', `the secret at ${path} holds no agent token at data.data.token`);
  }
}

function vaultToken(tokenFile: string): string {
  const token = readTokenFile(tokenFile);
  if (token !== undefined && token !== '') return token;
  throw new Fault('vault_refused', `${tokenFile} holds no Vault token: put one there, or change vault_token_file`);
}

function readTokenFile(tokenFile: string): string | undefined {
  try {
    return readIfPresent(tokenFile)?.trim();
  } catch (error) {
    throw new Fault('vault_refused', `${tokenFile} cannot be read: ${describeError(error)}`, { cause: error });
  }
}

function refused(status: number, body: string, path: string): Fault {
  const said = saidBy(body);
  if (status >= 500 || status === 429) {
    const sealed = status === 503 ? ' (it is sealed or starting)' : '';
    return new Fault('vault_unavailable', `Vault answered HTTP ${status}${sealed}${said}`);
  }
  const hint =
    status === 403
      ? `the Vault token may not read ${path}, or has expired`
      : status === 404
        ? `there is nothing at ${path}: check vault_path_prefix, and that this deployment is registered`
        : `reading ${path} was refused`;
  return new Fault('vault_refused', `Vault answered HTTP ${status}: ${hint}${said}`);
}

function saidBy(body: string): string {
  try {
    const { errors } = refusal.parse(JSON.parse(body));
    return errors.length === 0 ? '' : ` (${errors.join('; ').slice(0, 300)})`;
  } catch {
    return '';
  }
}
