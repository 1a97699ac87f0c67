// The list of every endpoint: one line for each file in this folder.
import type { FastifyInstance } from 'fastify';
import type { Services } from '../services.ts';
import { adminDeploymentsRoute } from './admin-deployments.ts';
import { adminPurchaseTokenRevokeRoute, adminPurchaseTokensRoute } from './admin-purchase-tokens.ts';
import { adminRotateTokenRoute } from './admin-rotate-token.ts';
import { adminUsersRoute } from './admin-users.ts';
import { agentRegisterRoute } from './agent-register.ts';
import { capabilitiesRoute } from './capabilities.ts';
import { commandCancelRoute } from './command-cancel.ts';
import { commandReadRoute } from './command-read.ts';
import { commandsListRoute } from './commands-list.ts';
import { deployCompleteRoute } from './deploy-complete.ts';
import { enqueueRoute } from './enqueue.ts';
import { healthRoute } from './health.ts';
import { installRoute } from './install.ts';
import { marketplaceRegisterRoute } from './marketplace-register.ts';
import { releasesRoute } from './releases.ts';
import { reportRoute } from './report.ts';
import { snapshotRoute } from './snapshot.ts';
import { stackDownloadRoute } from './stack-download.ts';
import { waitRoute } from './wait.ts';

const ROUTES: readonly ((server: FastifyInstance, services: Services) => void)[] = [
  healthRoute,
  installRoute,
  stackDownloadRoute,
  releasesRoute,
  marketplaceRegisterRoute,
  deployCompleteRoute,
  agentRegisterRoute,
  waitRoute,
  reportRoute,
  snapshotRoute,
  enqueueRoute,
  commandsListRoute,
  commandReadRoute,
  commandCancelRoute,
  capabilitiesRoute,
  adminUsersRoute,
  adminPurchaseTokensRoute,
  adminPurchaseTokenRevokeRoute,
  adminDeploymentsRoute,
  adminRotateTokenRoute,
];

export function registerRoutes(server: FastifyInstance, services: Services): void {
  for (const route of ROUTES) route(server, services);
}
