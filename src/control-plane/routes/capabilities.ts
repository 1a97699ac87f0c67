// GET /api/v1/deployments/:deployment_hash/capabilities: what can be asked of this deployment now (REQUIREMENTS B6, PROTOCOL.md §1.9).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { CAPABILITY_MAP } from '../../protocol/capability.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { deploymentHash } from '../../protocol/text.ts';
import { readPath } from '../http/body.ts';
import type { AgentRow } from '../registry/agents.ts';
import type { Services } from '../services.ts';

const path = z.object({ deployment_hash: deploymentHash });

/** Why a dashboard must use something else than the agent for compose. */
type FallbackReason = 'no_agent' | 'agent_offline' | 'compose_not_supported';

/**
 * The deployment's own agent, its owner or the administrator. 200 `{message, item}` with the commands whose requirement the agent
 * has, `status` online or offline (no heartbeat for 300 s), `compose_agent` and, if that is false, `fallback_reason`.
 */
export function capabilitiesRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.capabilities,
    handler: async (request) => {
      const { deployment_hash } = readPath(path, request);
      await services.authenticator.readerOf(request, deployment_hash);
      await services.heartbeats.flush();
      const agent = await services.agents.byDeployment(deployment_hash);
      const online = agent !== undefined && services.agents.isOnline(agent);
      const capabilities = agent?.capabilities ?? [];
      const fallback = fallbackReason(agent, online);
      return {
        message: 'OK',
        item: {
          deployment_hash,
          agent_id: agent?.id ?? null,
          status: online ? 'online' : 'offline',
          last_heartbeat: agent?.last_heartbeat?.toISOString() ?? null,
          version: agent?.version ?? null,
          system_info: agent?.system_info ?? null,
          capabilities,
          commands: CAPABILITY_MAP.filter((command) => capabilities.includes(command.requires)),
          features: { compose: capabilities.includes('compose'), backup: capabilities.includes('backup') },
          compose_agent: fallback === null,
          fallback_reason: fallback,
        },
      };
    },
  });
}

function fallbackReason(agent: AgentRow | undefined, online: boolean): FallbackReason | null {
  if (agent === undefined) return 'no_agent';
  if (!online) return 'agent_offline';
  return agent.capabilities.includes('compose') ? null : 'compose_not_supported';
}
