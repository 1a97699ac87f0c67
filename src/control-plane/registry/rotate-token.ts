// Gives a deployment's agent a new token and tells every process that the old one is over.
import { CHANNEL } from '../queue/doorbell.ts';
import type { Services } from '../services.ts';

/** The new token, which stands in Vault before this returns. Fault vault_unavailable, and then the old one goes on working. */
export async function rotateToken(
  services: Pick<Services, 'agentTokens' | 'database' | 'doorbell'>,
  deploymentHash: string,
): Promise<string> {
  const token = await services.agentTokens.rotate(deploymentHash);
  await services.database.execute(`SELECT pg_notify('${CHANNEL}', $1)`, [
    services.doorbell.tokenPayload(deploymentHash),
  ]);
  return token;
}
