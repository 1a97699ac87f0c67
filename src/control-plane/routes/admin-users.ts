// POST /api/v1/admin/users: makes a user, whom deployments and purchase tokens belong to.
import type { FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';

/** Administrator only. 201 `{user_id, user_token}`; the token is shown once. */
export function adminUsersRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: '/api/v1/admin/users',
    handler: async (request, reply) => {
      services.authenticator.admin(request);
      const { userId, userToken } = await services.users.create();
      return reply.code(201).send({ user_id: userId, user_token: userToken });
    },
  });
}
