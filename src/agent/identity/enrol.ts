// Registration with the control plane: by purchase token or by a known deployment hash (REQUIREMENTS A1, PROTOCOL.md §1.1, §1.2).
import { describeError, Fault } from '../../platform/fault.ts';
import { agentRegisterAnswer, marketplaceRegisterAnswer, type ServerFingerprint } from '../../protocol/registration.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { errorMessage } from '../../protocol/wait.ts';
import type { HttpClient } from '../upstream/http-client.ts';
import type { Identity } from './identity.ts';

export type Enrolment =
  | { readonly way: 'purchase_token'; readonly purchaseToken: string; readonly stackId: string }
  | { readonly way: 'deployment_hash'; readonly deploymentHash: string; readonly capabilities: readonly string[] };

export interface EnrolmentFacts {
  readonly serverUrl: string;
  readonly fingerprint: ServerFingerprint;
  readonly agentVersion: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

const DEADLINE_MS = 30_000;

/**
 * Asks once; safe to repeat. Throws Fault `registration_refused` when another try with the same input cannot help,
 * `registration_failed` when it may.
 */
export async function enrol(
  client: HttpClient,
  enrolment: Enrolment,
  facts: EnrolmentFacts,
  signal: AbortSignal,
): Promise<Identity> {
  return enrolment.way === 'purchase_token'
    ? await byPurchaseToken(client, enrolment, facts, signal)
    : await byDeploymentHash(client, enrolment, facts, signal);
}

async function byPurchaseToken(
  client: HttpClient,
  enrolment: Extract<Enrolment, { way: 'purchase_token' }>,
  facts: EnrolmentFacts,
  signal: AbortSignal,
): Promise<Identity> {
  const body = {
    purchase_token: enrolment.purchaseToken,
    server_fingerprint: facts.fingerprint,
    stack_id: enrolment.stackId,
  };
  const answer = marketplaceRegisterAnswer.safeParse(await post(client, ROUTE.marketplaceRegister, body, signal));
  if (!answer.success) throw notUnderstood(answer.error);
  const { agent_id, agent_token, deployment_hash, dashboard_url } = answer.data;
  return {
    ...common(facts, 'purchase_token'),
    agent_id,
    agent_token,
    deployment_hash,
    ...(typeof dashboard_url === 'string' ? { dashboard_url } : {}),
  };
}

async function byDeploymentHash(
  client: HttpClient,
  enrolment: Extract<Enrolment, { way: 'deployment_hash' }>,
  facts: EnrolmentFacts,
  signal: AbortSignal,
): Promise<Identity> {
  const body = {
    deployment_hash: enrolment.deploymentHash,
    capabilities: enrolment.capabilities,
    system_info: facts.fingerprint,
    agent_version: facts.agentVersion,
  };
  const answer = agentRegisterAnswer.safeParse(await post(client, ROUTE.agentRegister, body, signal));
  if (!answer.success) throw notUnderstood(answer.error);
  const { agent_id, agent_token } = answer.data.data.item;
  return { ...common(facts, 'deployment_hash'), agent_id, agent_token, deployment_hash: enrolment.deploymentHash };
}

function common(
  facts: EnrolmentFacts,
  way: Identity['registered_with'],
): Pick<Identity, 'version' | 'server_url' | 'registered_with' | 'registered_at'> {
  return {
    version: 1,
    server_url: facts.serverUrl,
    registered_with: way,
    registered_at: new Date(facts.nowMs).toISOString(),
  };
}

// No X-Agent-Id and no Authorization: the production server takes either for an attempt to log in, and refuses it (PROTOCOL.md §1.1).
async function post(client: HttpClient, path: string, body: object, signal: AbortSignal): Promise<unknown> {
  const request = {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/json', accept: 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
    deadlineMs: DEADLINE_MS,
  } as const;
  const answer = await client.request(request, signal);
  if (answer.status >= 200 && answer.status < 300) return parseJson(answer.body);
  const said = errorMessage(answer.body) || 'no reason given';
  const refused = answer.status >= 400 && answer.status < 500 && answer.status !== 429 && answer.status !== 408;
  const code = refused ? 'registration_refused' : 'registration_failed';
  throw new Fault(code, `the control plane answered HTTP ${answer.status}: ${said}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault(
      'registration_failed',
      `the control plane's answer is not JSON (${describeError(error)}); check the server URL`,
    );
  }
}

function notUnderstood(error: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): Fault {
  const issue = error.issues[0];
  const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
  return new Fault('registration_failed', `the control plane's answer is not that of a registration${where}`);
}
