// GET /api/v1/commands/:deployment_hash/:command_id: one command with its outcome; waits for it if asked (PROTOCOL.md §1.8).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ROUTE } from '../../protocol/routes.ts';
import { commandId, deploymentHash } from '../../protocol/text.ts';
import { readPath, readQuery } from '../http/body.ts';
import { clientGone } from '../http/client-gone.ts';
import { problem } from '../http/problem.ts';
import { waitQuery } from '../http/query.ts';
import { type CommandRow, wireCommand } from '../queue/command-row.ts';
import { lookUntil } from '../queue/look-until.ts';
import type { Services } from '../services.ts';

const path = z.object({ deployment_hash: deploymentHash, command_id: commandId });
const query = z.object({ wait_ms: waitQuery });

/**
 * The owner or the administrator. 200 `{message, item: Command}`; 404 command_not_found. With `wait_ms` (at most 30 000) a command
 * that has not ended is answered when it ends or the time is up.
 */
export function commandReadRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.command,
    handler: async (request, reply) => {
      const { deployment_hash, command_id } = readPath(path, request);
      await services.authenticator.personOf(request, deployment_hash);
      const { wait_ms } = readQuery(query, request);
      const look = async (): Promise<CommandRow | undefined> => {
        const row = await commandIn(services, deployment_hash, command_id);
        return row.status === 'queued' || row.status === 'sent' ? undefined : row;
      };
      const wanted = {
        ...services,
        topic: 'outcome' as const,
        deploymentHash: deployment_hash,
        timeoutMs: wait_ms,
        look,
      };
      const finished = await lookUntil(wanted, clientGone(reply, services.stopping));
      return { message: 'OK', item: wireCommand(finished ?? (await commandIn(services, deployment_hash, command_id))) };
    },
  });
}

/** The command, if the deployment has it. Fault command_not_found. */
export async function commandIn(services: Services, deploymentHash: string, commandId: string): Promise<CommandRow> {
  const row = await services.queue.byCommandId(commandId);
  if (row === undefined || row.deployment_hash !== deploymentHash) {
    throw problem('command_not_found', 'Command not found: use its command_id, not its id');
  }
  return row;
}
