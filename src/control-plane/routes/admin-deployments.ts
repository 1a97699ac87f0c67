// POST /api/v1/admin/deployments: makes a deployment that an agent can register for by its hash (PROTOCOL.md §1.1).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LIMITS } from '../../protocol/limits.ts';
import { readBody } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import type { Services } from '../services.ts';

const create = z.object({
  user_id: z.uuid().max(36),
  stack_id: z.string().min(1).max(LIMITS.stackIdMaxChars).nullish(),
});

/** Administrator only. 201 `{deployment_hash}`: whoever knows the hash can register the deployment's first agent, so keep it private. */
export function adminDeploymentsRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: '/api/v1/admin/deployments',
    handler: async (request, reply) => {
      services.authenticator.admin(request);
      const body = readBody(create, request);
      if (!(await services.users.exists(body.user_id)))
        throw problem('not_found', 'no user with that user_id: create one first');
      const hash = await services.agents.createDeployment(body.user_id, body.stack_id ?? undefined);
      return reply.code(201).send({ deployment_hash: hash });
    },
  });
}
