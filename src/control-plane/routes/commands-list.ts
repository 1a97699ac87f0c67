// GET /api/v1/commands/:deployment_hash: the commands of a deployment, newest first; waits for an outcome if asked (PROTOCOL.md §1.8).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ROUTE } from '../../protocol/routes.ts';
import { deploymentHash, timestamp } from '../../protocol/text.ts';
import { readPath, readQuery } from '../http/body.ts';
import { clientGone } from '../http/client-gone.ts';
import { flagQuery, limitQuery, waitQuery } from '../http/query.ts';
import { wireCommand } from '../queue/command-row.ts';
import { lookUntil } from '../queue/look-until.ts';
import type { Services } from '../services.ts';

const path = z.object({ deployment_hash: deploymentHash });
const query = z.object({
  /** Only commands that changed later. */
  since: timestamp.optional(),
  limit: limitQuery,
  wait_ms: waitQuery,
  include_results: flagQuery,
});

/**
 * The owner or the administrator. 200 `{message, list: Command[], meta}`; result and error are null unless `include_results=true`.
 * With `wait_ms` (at most 30 000) an empty list is answered only when a command ends or the time is up.
 */
export function commandsListRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.commands,
    handler: async (request, reply) => {
      const { deployment_hash } = readPath(path, request);
      await services.authenticator.personOf(request, deployment_hash);
      const { since, limit, wait_ms, include_results } = readQuery(query, request);
      const look = async (): Promise<readonly unknown[] | undefined> => {
        const rows = await services.queue.list({ deploymentHash: deployment_hash, limit, since });
        return rows.length === 0 ? undefined : rows.map((row) => wireCommand(row, include_results));
      };
      const wanted = {
        ...services,
        topic: 'outcome' as const,
        deploymentHash: deployment_hash,
        timeoutMs: wait_ms,
        look,
      };
      const list = (await lookUntil(wanted, clientGone(reply, services.stopping))) ?? [];
      return { message: 'OK', list, meta: { server_time: new Date(services.clock.now()).toISOString() } };
    },
  });
}
