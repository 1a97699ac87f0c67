// POST /api/v1/commands/:deployment_hash/:command_id/cancel: takes back a command, also a delivered one (REQUIREMENTS B5).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ROUTE } from '../../protocol/routes.ts';
import { commandId, deploymentHash } from '../../protocol/text.ts';
import { readPath } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import { wireCommand } from '../queue/command-row.ts';
import type { Services } from '../services.ts';
import { commandIn } from './command-read.ts';

const path = z.object({ deployment_hash: deploymentHash, command_id: commandId });

/**
 * The owner or the administrator. 200 `{message, item: Command}`: a queued command is `cancelled`; a sent one keeps its status, is
 * flagged with `cancel_requested_at` and is not delivered again. Its agent is told, once for each request, and its report tells how the
 * command ended; without one the end of its lease cancels it. 409 command_finished; 404 command_not_found.
 */
export function commandCancelRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: `${ROUTE.command}/cancel`,
    handler: async (request) => {
      const { deployment_hash, command_id } = readPath(path, request);
      await services.authenticator.personOf(request, deployment_hash);
      const known = await commandIn(services, deployment_hash, command_id);
      const row = await services.cancels.request(deployment_hash, command_id);
      if (row === undefined && known.status !== 'cancelled') {
        const { status } = await commandIn(services, deployment_hash, command_id);
        if (status !== 'cancelled')
          throw problem('command_finished', `the command is ${status}: read its outcome instead`);
      }
      const now = row ?? (await commandIn(services, deployment_hash, command_id));
      const message =
        now.status === 'cancelled' ? 'Command cancelled' : 'Cancellation requested: the command was already delivered';
      return { message, item: wireCommand(now) };
    },
  });
}
