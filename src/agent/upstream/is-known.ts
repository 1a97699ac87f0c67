// Asks a control plane once whether it knows this agent.
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { HEADER } from '../../protocol/headers.ts';
import { pathOf, ROUTE } from '../../protocol/routes.ts';
import { signBody } from '../../protocol/signature.ts';
import { errorMessage } from '../../protocol/wait.ts';
import type { HttpClient } from './http-client.ts';

const DEADLINE_MS = 15_000;

/** False only when the server says that there is no such agent; any other answer, or none, leaves the identity as it is. */
export async function isKnown(
  client: HttpClient,
  identity: { readonly agent_id: string; readonly agent_token: string; readonly deployment_hash: string },
  clock: Clock,
  random: Random,
  signal: AbortSignal,
): Promise<boolean> {
  const headers = {
    [HEADER.authorization]: `Bearer ${identity.agent_token}`,
    [HEADER.agentId]: identity.agent_id,
    [HEADER.timestamp]: String(Math.floor(clock.now() / 1000)),
    [HEADER.requestId]: random.uuid(),
    [HEADER.signature]: signBody(identity.agent_token),
  };
  const path = pathOf(ROUTE.capabilities, { deployment_hash: identity.deployment_hash });
  const answer = await client.request({ method: 'GET', path, headers, deadlineMs: DEADLINE_MS }, signal);
  return !(answer.status === 400 && /^agent not found/iu.test(errorMessage(answer.body)));
}
