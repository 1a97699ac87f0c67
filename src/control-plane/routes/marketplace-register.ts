// POST /api/v1/marketplace/agents/register: a server with a purchase token becomes an agent (REQUIREMENTS B4, PROTOCOL.md §1.2).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Fault } from '../../platform/fault.ts';
import { marketplaceRegisterRequest } from '../../protocol/registration.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { readBody } from '../http/body.ts';
import { noteRefusal } from '../http/purchase.ts';
import { rotateToken } from '../registry/rotate-token.ts';
import type { Services } from '../services.ts';

const BODY_MAX_BYTES = 65_536;

// Other agents describe their servers in other words (PROTOCOL.md §1.2): any object will do, the body's limit bounds it.
const request = marketplaceRegisterRequest.extend({ server_fingerprint: z.record(z.string().max(100), z.unknown()) });

/**
 * No authentication but the token. 201 flat `{agent_id, agent_token, deployment_hash, dashboard_url}`; 200 for a server that has
 * registered before with the same token: the same identity with a fresh agent token, and the old one stops working. Faults
 * purchase_token_… (403), vault_unavailable (503): repeating it is safe.
 */
export function marketplaceRegisterRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: ROUTE.marketplaceRegister,
    bodyLimit: BODY_MAX_BYTES,
    handler: async (incoming, reply) => {
      const body = readBody(request, incoming);
      const identity = await services.database
        .transaction(async (sql) => {
          const token = await services.purchaseTokens.claim(sql, body.purchase_token, body.stack_id);
          return services.agents.admit(sql, token, body.server_fingerprint);
        })
        .catch((error: unknown) => {
          if (error instanceof Fault && error.code.startsWith('purchase_token_')) noteRefusal(incoming, services);
          throw error;
        });
      // After the commit: a Vault that fails here leaves an identity without a token, which the next attempt completes.
      const agentToken = await rotateToken(services, identity.deploymentHash);
      services.log.info(identity.created ? 'agent registered' : 'agent registered again', {
        agent_id: identity.agentId,
        deployment_hash: identity.deploymentHash,
        stack_id: body.stack_id,
      });
      return reply.code(identity.created ? 201 : 200).send({
        agent_id: identity.agentId,
        agent_token: agentToken,
        deployment_hash: identity.deploymentHash,
        dashboard_url: services.dashboardUrl(),
      });
    },
  });
}
