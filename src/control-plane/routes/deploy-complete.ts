// POST /api/v1/marketplace/deploy-complete: a server says that the stack it was bought for is up (REQUIREMENTS B4, PROTOCOL.md §1.5).
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LIMITS } from '../../protocol/limits.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { deploymentHash } from '../../protocol/text.ts';
import { claimsToBeAgent, notYours } from '../http/authenticate.ts';
import { readBody } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import { noteRefusal } from '../http/purchase.ts';
import type { Deployment } from '../registry/deployed.ts';
import type { Services } from '../services.ts';

const body = z.object({
  deployment_hash: deploymentHash,
  stack_id: z.string().min(1).max(LIMITS.stackIdMaxChars),
  server_ip: z.union([z.ipv4().max(45), z.ipv6().max(45)]).nullish(),
  /** Left out by an agent, which signs the request instead: it does not keep the token. */
  purchase_token: z.string().min(1).max(LIMITS.purchaseTokenMaxChars).nullish(),
});
type Body = z.infer<typeof body>;

/**
 * By the deployment's own agent, signed, or by whoever holds the purchase token that the deployment was registered with; production takes a
 * service token instead, which no agent has. 200 `{message, item:{success, template_id, deployment_hash, deploy_count_incremented}}`: true
 * the first time, false when it was said before. Faults wrong_deployment, purchase_token_unknown, purchase_token_stack (403).
 */
export function deployCompleteRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: ROUTE.deployComplete,
    handler: async (request) => {
      const said = readBody(body, request);
      const deployment = await deploymentOf(request, services, said);
      if (deployment.stack_id !== said.stack_id) {
        throw problem(
          'purchase_token_stack',
          'this deployment is of another stack: use the stack_id it was registered with',
        );
      }
      const isFirst = await services.deployed.note(said.deployment_hash, said.server_ip ?? undefined);
      services.log.info(isFirst ? 'stack deployed' : 'stack deployed, said again', {
        deployment_hash: said.deployment_hash,
        stack_id: said.stack_id,
      });
      return {
        message: 'Deploy complete processed',
        item: {
          success: true,
          template_id: said.stack_id,
          deployment_hash: said.deployment_hash,
          deploy_count_incremented: isFirst,
        },
      };
    },
  });
}

async function deploymentOf(request: FastifyRequest, services: Services, said: Body): Promise<Deployment> {
  if (claimsToBeAgent(request)) {
    await services.authenticator.agentOf(request, said.deployment_hash);
    const own = await services.deployed.find(said.deployment_hash);
    if (own === undefined) throw notYours();
    return own;
  }
  const token = await services.purchaseTokens.valid(said.purchase_token ?? '');
  const deployment = await services.deployed.find(said.deployment_hash);
  if (token === undefined) {
    noteRefusal(request, services);
    throw problem(
      'purchase_token_unknown',
      'sign the request as the agent, or send the valid purchase_token of this deployment',
    );
  }
  if (deployment === undefined || deployment.purchase_token_id !== token.id) throw notYours();
  return deployment;
}
