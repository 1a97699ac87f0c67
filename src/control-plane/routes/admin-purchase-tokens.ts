// POST /api/v1/admin/purchase-tokens and …/:id/revoke: issues and withdraws purchase tokens (REQUIREMENTS B3).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LIMITS } from '../../protocol/limits.ts';
import { timestamp } from '../../protocol/text.ts';
import { readBody, readPath } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import type { Services } from '../services.ts';

const SERVERS_MAX_COUNT = 10_000;

const mint = z.object({
  stack_id: z.string().min(1).max(LIMITS.stackIdMaxChars),
  user_id: z.uuid().max(36),
  max_servers: z.int().min(1).max(SERVERS_MAX_COUNT).default(1),
  expires_at: timestamp.nullish(),
});
const path = z.object({ id: z.uuid().max(36) });

/** Administrator only. 201 `{purchase_token, id}`; the token is shown once. 404 not_found for an unknown user. */
export function adminPurchaseTokensRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: '/api/v1/admin/purchase-tokens',
    handler: async (request, reply) => {
      services.authenticator.admin(request);
      const body = readBody(mint, request);
      if (!(await services.users.exists(body.user_id)))
        throw problem('not_found', 'no user with that user_id: create one first');
      const { id, purchaseToken } = await services.purchaseTokens.mint({
        userId: body.user_id,
        stackId: body.stack_id,
        maxServers: body.max_servers,
        expiresAt: body.expires_at ?? undefined,
      });
      services.log.info('purchase token issued', { purchase_token_id: id, stack_id: body.stack_id });
      return reply.code(201).send({ purchase_token: purchaseToken, id });
    },
  });
}

/** Administrator only. 200 `{id, revoked: true}`, also when it was revoked before; agents registered with it go on working. */
export function adminPurchaseTokenRevokeRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: '/api/v1/admin/purchase-tokens/:id/revoke',
    handler: async (request) => {
      services.authenticator.admin(request);
      const { id } = readPath(path, request);
      if (!(await services.purchaseTokens.revoke(id)))
        throw problem('not_found', 'no purchase token with that id: check it');
      services.log.info('purchase token revoked', { purchase_token_id: id });
      return { id, revoked: true };
    },
  });
}
