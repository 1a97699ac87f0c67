// POST /api/v1/agent/commands/enqueue: a person asks an agent to do something (REQUIREMENTS B5, PROTOCOL.md §1.8).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LIMITS } from '../../protocol/limits.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { commandType, deploymentHash } from '../../protocol/text.ts';
import { readBody } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import { normaliseParameters } from '../queue/command-parameters.ts';
import { wireCommand } from '../queue/command-row.ts';
import { priority } from '../queue/lease.ts';
import type { Services } from '../services.ts';

const TIMEOUT_SECONDS = 300;

const request = z.object({
  deployment_hash: deploymentHash,
  command_type: commandType.refine((type) => type.trim() !== '', 'must not be blank'),
  parameters: z.unknown().optional(),
  priority: priority.nullish(),
  timeout_seconds: z.int().min(1).max(LIMITS.timeoutMaxSeconds).nullish(),
});

/**
 * The owner or the administrator. 202 `{message, item: Command}` with status `queued`; 404 deployment_not_found for a deployment that
 * is not the caller's; 400 invalid_request for parameters of health, logs or restart that do not fit, other
 * types pass as they are; 429 queue_full when too many of the deployment's commands have not ended.
 */
export function enqueueRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: ROUTE.enqueue,
    handler: async (incoming, reply) => {
      const body = readBody(request, incoming);
      const caller = await services.authenticator.personOf(incoming, body.deployment_hash);
      const command = await services.queue.enqueue({
        deploymentHash: body.deployment_hash,
        type: body.command_type,
        parameters: normaliseParameters(body.command_type, body.parameters),
        priority: body.priority ?? 'normal',
        timeoutSeconds: body.timeout_seconds ?? TIMEOUT_SECONDS,
        createdBy: caller.kind === 'user' ? caller.userId : 'admin',
      });
      if (command === undefined) {
        throw problem('queue_full', 'too many commands of this deployment have not ended: is its agent online?');
      }
      services.log.info('command queued', {
        command_id: command.command_id,
        deployment_hash: command.deployment_hash,
        type: command.type,
        created_by: command.created_by,
      });
      return reply.code(202).send({ message: 'Command enqueued', item: wireCommand(command) });
    },
  });
}
