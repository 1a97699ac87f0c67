// POST /api/v1/agent/register: the first agent of a known deployment, and an agent that announces what it can do (PROTOCOL.md §1.1).
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type AgentRegisterRequest, agentRegisterRequest } from '../../protocol/registration.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { claimsToBeAgent } from '../http/authenticate.ts';
import { readBody } from '../http/body.ts';
import { problem } from '../http/problem.ts';
import type { AgentRow, Announcement } from '../registry/agents.ts';
import { serverIdentity } from '../registry/purchase-tokens.ts';
import { rotateToken } from '../registry/rotate-token.ts';
import type { Services } from '../services.ts';

const BODY_MAX_BYTES = 65_536;
const DASHBOARD_VERSION = '2.0.0';
const API_VERSIONS: readonly string[] = ['1.0'];

type Register = Omit<AgentRegisterRequest, 'system_info'> & { readonly system_info: Readonly<Record<string, unknown>> };
const request: z.ZodType<Register> = agentRegisterRequest.extend({
  system_info: z.record(z.string().max(100), z.unknown()),
});

/**
 * 201 `{data:{item:{agent_id, agent_token, dashboard_version, supported_api_versions}}}` for the first agent of a deployment that an
 * administrator created: no authentication, the hash cannot be guessed. 200 for an agent that signs the request: its capabilities,
 * version and system_info are replaced. In production the hash alone yields the current token; here that is 409 already_registered,
 * except for the very server whose first registration was never followed by a poll: its answer may have been lost.
 */
export function agentRegisterRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'POST',
    url: ROUTE.agentRegister,
    bodyLimit: BODY_MAX_BYTES,
    handler: async (incoming, reply) => {
      const body = readBody(request, incoming);
      const announced = { capabilities: body.capabilities, systemInfo: body.system_info, version: body.agent_version };
      if (claimsToBeAgent(incoming)) return announce(services, incoming, reply, body.deployment_hash, announced);
      if ((await services.agents.ownerOf(body.deployment_hash)) === undefined) {
        throw problem(
          'deployment_not_found',
          'no deployment with that hash: check it, or register with a purchase token',
        );
      }
      const agentId = await services.agents.create(body.deployment_hash, announced);
      if (agentId !== undefined) return first(services, reply, 201, agentId, body.deployment_hash);
      return again(services, reply, body.deployment_hash, announced);
    },
  });
}

async function announce(
  services: Services,
  incoming: FastifyRequest,
  reply: FastifyReply,
  deploymentHash: string,
  announced: Announcement,
): Promise<FastifyReply> {
  const agent = await services.authenticator.agentOf(incoming, deploymentHash);
  await services.agents.announce(agent.agentId, announced);
  services.heartbeats.note(agent.agentId);
  return send(reply, 200, agent.agentId, agent.token);
}

async function again(
  services: Services,
  reply: FastifyReply,
  deploymentHash: string,
  announced: Announcement,
): Promise<FastifyReply> {
  await services.heartbeats.flush();
  const agent = await services.agents.byDeployment(deploymentHash);
  if (agent === undefined || agent.last_heartbeat !== null || !sameServer(agent, announced)) {
    const message =
      'this deployment has an agent: sign the request as that agent, or have an administrator rotate its token and read it from Vault';
    throw problem('already_registered', message);
  }
  await services.agents.announce(agent.id, announced);
  return first(services, reply, 200, agent.id, deploymentHash);
}

function sameServer(agent: AgentRow, announced: Announcement): boolean {
  return serverIdentity(agent.system_info) === serverIdentity(announced.systemInfo);
}

async function first(
  services: Services,
  reply: FastifyReply,
  status: number,
  agentId: string,
  deploymentHash: string,
): Promise<FastifyReply> {
  const agentToken = await rotateToken(services, deploymentHash);
  services.log.info('agent registered', { agent_id: agentId, deployment_hash: deploymentHash });
  return send(reply, status, agentId, agentToken);
}

async function send(reply: FastifyReply, status: number, agentId: string, agentToken: string): Promise<FastifyReply> {
  const item = {
    agent_id: agentId,
    agent_token: agentToken,
    dashboard_version: DASHBOARD_VERSION,
    supported_api_versions: API_VERSIONS,
  };
  return reply.code(status).send({ data: { item } });
}
