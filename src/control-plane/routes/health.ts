// GET /health: whether this process can do its work, for a load balancer or a supervisor.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ROUTE } from '../../protocol/routes.ts';
import type { Services } from '../services.ts';

const one = z.object({ one: z.int() });

/** 200 `{"status":"ok"}`, or 503 when the database does not answer. No authentication. */
export function healthRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.health,
    handler: async () => {
      await services.database.query(one, 'SELECT 1 AS one');
      return { status: 'ok', database: services.database.kind, time: new Date(services.clock.now()).toISOString() };
    },
  });
}
