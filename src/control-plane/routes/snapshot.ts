// GET /api/v1/agent/deployments/:deployment_hash: agent, recent commands and container states in one read (PROTOCOL.md §1.11).
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { LIMITS } from '../../protocol/limits.ts';
import { deploymentHash } from '../../protocol/text.ts';
import { readPath, readQuery } from '../http/body.ts';
import { flagQuery, snapshotLimitQuery } from '../http/query.ts';
import { type CommandRow, wireCommand } from '../queue/command-row.ts';
import type { AgentRow } from '../registry/agents.ts';
import type { Services } from '../services.ts';

const ROUTE_SNAPSHOT = '/api/v1/agent/deployments/:deployment_hash';
const HEALTH_RESULTS_COUNT = 10;

const path = z.object({ deployment_hash: deploymentHash });
const query = z.object({ command_limit: snapshotLimitQuery, include_command_results: flagQuery });

/**
 * The deployment's own agent, its owner or the administrator. 200 `{message, item:{agent, commands, containers, apps}}`: commands
 * newest first, with parameters, without outcomes unless asked; containers from the latest health results. An agent finds here what
 * was `sent` and never reached it.
 */
export function snapshotRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE_SNAPSHOT,
    handler: async (request) => {
      const { deployment_hash } = readPath(path, request);
      await services.authenticator.readerOf(request, deployment_hash);
      const { command_limit, include_command_results } = readQuery(query, request);
      await services.heartbeats.flush();
      const [agent, commands, healths] = await Promise.all([
        services.agents.byDeployment(deployment_hash),
        services.queue.list({ deploymentHash: deployment_hash, limit: command_limit }),
        services.queue.completed(deployment_hash, 'health', HEALTH_RESULTS_COUNT),
      ]);
      return {
        message: 'OK',
        item: {
          agent: agent === undefined ? null : wireAgent(agent, services.agents.isOnline(agent)),
          commands: commands.map((row) => wireCommand(row, include_command_results)),
          containers: containersOf(healths),
          apps: [],
        },
      };
    },
  });
}

function wireAgent(agent: AgentRow, online: boolean): Readonly<Record<string, unknown>> {
  return {
    id: agent.id,
    version: agent.version,
    capabilities: agent.capabilities,
    system_info: agent.system_info,
    status: online ? 'online' : 'offline',
    last_heartbeat: agent.last_heartbeat?.toISOString() ?? null,
    deployment_hash: agent.deployment_hash,
  };
}

const appState = z.object({
  app_code: z.string().max(LIMITS.appCodeMaxChars),
  container_state: z.string().max(50),
});
const allStates = z.object({ metrics: z.object({ containers: z.array(z.unknown()).max(10_000) }) });

// Newest first, so the first word on an app is the latest. A result for "all" speaks for each of its containers.
function containersOf(healths: readonly CommandRow[]): readonly unknown[] {
  const states = new Map<string, string>();
  for (const { result } of healths) {
    const all = allStates.safeParse(result);
    for (const entry of all.success ? all.data.metrics.containers : [result]) {
      const state = appState.safeParse(entry);
      if (state.success && !states.has(state.data.app_code))
        states.set(state.data.app_code, state.data.container_state);
    }
  }
  return [...states].map(([app, state]) => ({ id: null, app, state, image: null, name: null }));
}
