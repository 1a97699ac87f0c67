// GET /api/v1/agent/commands/wait/:deployment_hash: the long poll of an agent (REQUIREMENTS B5, PROTOCOL.md §1.6).
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { describeError } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import { INSTANCE_HEADER, WORKING_HEADER } from '../../protocol/headers.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { deploymentHash } from '../../protocol/text.ts';
import { readPath, readQuery } from '../http/body.ts';
import { clientGone } from '../http/client-gone.ts';
import { written } from '../http/written.ts';
import { wireCommand } from '../queue/command-row.ts';
import { pollWindow } from '../queue/lease.ts';
import type { Delivery } from '../queue/polls.ts';
import { instanceOf, workingOf } from '../queue/working.ts';
import type { Identity } from '../registry/agents.ts';
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
 * answer comes as soon as a command is there. The leases of the commands named in the header x-agent-working are prolonged.
 * `meta.cancel` names commands that are not wanted any more; `meta.superseded` tells that a newer poll of the same agent took over.
 */
export function waitRoute(server: FastifyInstance, services: Services): void {
  const { authenticator, heartbeats, polls, log } = services;
  const handOutAgain = (agent: Identity, cancel: readonly string[]): Promise<void> =>
    polls.giveBack(agent, { command: undefined, cancel }).catch((error: unknown) => {
      const { agentId: agent_id } = agent;
      log.warn('cancels that nobody received are not handed out again', { agent_id, reason: describeError(error) });
    });
  server.route({
    method: 'GET',
    url: ROUTE.wait,
    handler: async (request, reply) => {
      const arrival = polls.arrive();
      const { deployment_hash } = readPath(path, request);
      const agent = await authenticator.agentOf(request, deployment_hash);
      const { timeout, interval } = readQuery(query, request);
      const window = pollWindow(timeout, interval);
      heartbeats.note(agent.agentId);
      const gone = clientGone(reply);
      const working = workingIn(request, agent, log);
      // Who names nothing readable must not have everything called lost.
      const instance = working === undefined ? undefined : instanceOf(request.headers[INSTANCE_HEADER]);
      const timeoutMs = window.timeoutSeconds * 1000;
      const outcome = await polls.next({ agent, timeoutMs, working: working ?? [], instance, arrival }, gone);
      if (!gone.aborted) heartbeats.note(agent.agentId);
      const meta = { next_poll_secs: window.intervalSeconds };
      if (outcome.kind === 'superseded') return { ...NO_COMMAND, meta: { ...meta, superseded: true } };
      if (gone.aborted) await polls.giveBack(agent, outcome);
      if (gone.aborted || outcome.cancel.length === 0) return answer(outcome, meta);
      const { cancel } = outcome;
      log.debug('cancels handed out', { deployment_hash, command_ids: cancel.join(' ') });
      // A command whose answer broke off comes again when its lease ends; a cancel has no lease.
      if (!(await written(reply, answer(outcome, { ...meta, cancel })))) await handOutAgain(agent, cancel);
      return reply;
    },
  });
}

const NO_COMMAND = { message: 'No command available', item: null };

function answer({ command }: Delivery, meta: object): object {
  return command === undefined
    ? { ...NO_COMMAND, meta }
    : { message: 'Command available', item: wireCommand(command), meta };
}

function workingIn(request: FastifyRequest, agent: Identity, log: Log): readonly string[] | undefined {
  const working = workingOf(request.headers[WORKING_HEADER]);
  if (working === undefined)
    log.debug('header ignored because it is malformed', { header: WORKING_HEADER, agent_id: agent.agentId });
  return working;
}
