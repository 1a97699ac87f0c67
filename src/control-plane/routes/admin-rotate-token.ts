// POST /api/v1/admin/agents/:agent_id/rotate-token: gives an agent a new token through Vault (REQUIREMENTS B9).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { agentId } from '../../protocol/text.ts';
import { readPath } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import { rotateToken } from '../registry/rotate-token.ts';
import type { Services } from '../services.ts';

const path = z.object({ agent_id: agentId });

/**
 * Administrator only. 200 `{agent_id, deployment_hash, vault_path}`: the new token is in Vault and nowhere else, and the old one has
 * stopped working. 503 vault_unavailable, and then the old one goes on working.
 */
export function adminRotateTokenRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: '/api/v1/admin/agents/:agent_id/rotate-token',
    handler: async (request) => {
      services.authenticator.admin(request);
      const { agent_id } = readPath(path, request);
      const deploymentHash = await services.agents.deploymentOf(agent_id.toLowerCase());
      if (deploymentHash === undefined) throw problem('not_found', 'no agent with that id: check it');
      await rotateToken(services, deploymentHash);
      services.log.info('agent token rotated', { agent_id, deployment_hash: deploymentHash });
      return { agent_id, deployment_hash: deploymentHash, vault_path: services.vault.pathOf(deploymentHash) };
    },
  });
}
