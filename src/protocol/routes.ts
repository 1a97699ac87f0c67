// Paths of the control plane as both sides use them (PROTOCOL.md §1). `:name` is a path parameter.

export const ROUTE = {
  marketplaceRegister: '/api/v1/marketplace/agents/register',
  install: '/api/v1/marketplace/install/:purchase_token',
  stackDownload: '/api/v1/marketplace/download/:purchase_token',
  deployComplete: '/api/v1/marketplace/deploy-complete',
  releaseFile: '/releases/:file',
  agentRegister: '/api/v1/agent/register',
  wait: '/api/v1/agent/commands/wait/:deployment_hash',
  report: '/api/v1/agent/commands/report',
  enqueue: '/api/v1/agent/commands/enqueue',
  commands: '/api/v1/commands/:deployment_hash',
  command: '/api/v1/commands/:deployment_hash/:command_id',
  capabilities: '/api/v1/deployments/:deployment_hash/capabilities',
  snapshot: '/api/v1/agent/deployments/:deployment_hash',
  health: '/health',
} as const;

/** Fills the `:name` parameters of a route, percent-encoded. A missing one is a bug of the caller. */
export function pathOf(route: string, parameters: Readonly<Record<string, string>>): string {
  return route.replaceAll(/:(\w+)/gu, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined) throw new Error(`route ${route} needs ${name}`);
    return encodeURIComponent(value);
  });
}
