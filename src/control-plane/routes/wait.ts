// GET /api/v1/agent/commands/wait/:deployment_hash: the long poll of an agent (REQUIREMENTS B5, PROTOCOL.md §1.6).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ROUTE } from '../../protocol/routes.ts';
import { deploymentHash } from '../../protocol/text.ts';
import { readPath, readQuery } from '../http/body.ts';
import { clientGone } from '../http/client-gone.ts';
import { wireCommand } from '../queue/command-row.ts';
import { pollWindow } from '../queue/lease.ts';
import type { Services } from '../services.ts';

const path = z.object({ deployment_hash: deploymentHash });
const wholeSeconds = z
  .string()
  .regex(/^\d{1,9}$/u, 'must be a whole number of seconds')
  .transform(Number)
  .optional();
const query = z.object({ timeout: wholeSeconds, interval: wholeSeconds });

/**
 * Agent only, for its own deployment (403 wrong_deployment). `timeout` is clamped to 5…120 s (default 30), `interval` to 1…10 s
 * (default 3) and only echoed. 200 with `item` a command of status `sent`, leased until it is reported, or with `item: null`; the
 * answer comes as soon as a command is there. `meta.superseded` tells that a newer poll of the same agent took over.
 */
export function waitRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.wait,
    handler: async (request, reply) => {
      const { deployment_hash } = readPath(path, request);
      const agent = await services.authenticator.agentOf(request, deployment_hash);
      const { timeout, interval } = readQuery(query, request);
      const window = pollWindow(timeout, interval);
      services.heartbeats.note(agent.agentId);
      const gone = clientGone(reply);
      const outcome = await services.polls.next(agent, window.timeoutSeconds * 1000, gone);
      const meta = { next_poll_secs: window.intervalSeconds };
      if (!gone.aborted) services.heartbeats.note(agent.agentId);
      switch (outcome.kind) {
        case 'command':
          if (gone.aborted) await services.queue.giveBack(outcome.command);
          return { message: 'Command available', item: wireCommand(outcome.command), meta };
        case 'nothing':
          return { message: 'No command available', item: null, meta };
        case 'superseded':
          return { message: 'No command available', item: null, meta: { ...meta, superseded: true } };
      }
    },
  });
}
