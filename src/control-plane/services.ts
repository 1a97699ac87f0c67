// What the routes work with: one value, built by the composition and handed to each of them.
import type { Clock } from '../platform/clock.ts';
import type { Log } from '../platform/log.ts';
import type { Authenticator } from './http/authenticate.ts';
import type { RefusedAttempts } from './install/refused-attempts.ts';
import type { ReleaseFolder } from './install/release-folder.ts';
import type { StackFolder } from './install/stack-folder.ts';
import type { Cancels } from './queue/cancels.ts';
import type { Doorbell } from './queue/doorbell.ts';
import type { Polls } from './queue/polls.ts';
import type { Queue } from './queue/queue.ts';
import type { Agents } from './registry/agents.ts';
import type { Deployed } from './registry/deployed.ts';
import type { Heartbeats } from './registry/heartbeats.ts';
import type { PurchaseTokens } from './registry/purchase-tokens.ts';
import type { Users } from './registry/users.ts';
import type { Database } from './store/sql.ts';
import type { AgentTokens } from './vault/agent-tokens.ts';
import type { VaultClient } from './vault/vault-client.ts';

export interface Services {
  readonly clock: Clock;
  readonly log: Log;
  readonly database: Database;
  readonly authenticator: Authenticator;
  readonly agents: Agents;
  readonly users: Users;
  readonly purchaseTokens: PurchaseTokens;
  readonly refusedAttempts: RefusedAttempts;
  readonly deployed: Deployed;
  /** install.sh.tpl */
  readonly installerTemplate: string;
  /** Undefined when nothing is offered for installation. */
  readonly releases: ReleaseFolder | undefined;
  readonly stacks: StackFolder | undefined;
  readonly agentTokens: AgentTokens;
  readonly vault: VaultClient;
  readonly heartbeats: Heartbeats;
  readonly queue: Queue;
  readonly cancels: Cancels;
  readonly doorbell: Doorbell;
  readonly polls: Polls;
  /** Aborts when the process is asked to stop: who waits for an outcome is answered with what there is. */
  readonly stopping: AbortSignal;
  /** Address of the dashboard as agents and people reach it; known once the server listens. */
  readonly dashboardUrl: () => string;
}
