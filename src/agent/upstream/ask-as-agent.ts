// Asks the control plane one harmless question under this host's identity, for the updater: whether it would accept this host at all.
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import { systemRandom } from '../../platform/random.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Config } from '../config.ts';
import { Credentials } from '../credentials/credentials.ts';
import type { Identity } from '../identity/identity.ts';
import { HttpClient } from './http-client.ts';
import { ServerClock } from './server-clock.ts';
import { HttpUpstream } from './upstream.ts';

export interface AsAgent extends AsyncDisposable {
  /** Whether a signed request that changes nothing was accepted. Rejects only when `signal` aborts. */
  accepted(signal: AbortSignal): Promise<boolean>;
}

const SILENT: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export function askAsAgent(
  identity: Identity,
  config: Config,
  { clock, proxyFor }: { readonly clock: Clock; readonly proxyFor: (origin: string) => string | undefined },
): AsAgent {
  const origin = config.server_url ?? identity.server_url;
  const client = new HttpClient({
    origin,
    proxy: proxyFor(origin),
    clock,
    connections: 1,
    answerMaxBytes: LIMITS.answerMaxBytes,
    caFile: config.ca_file,
  });
  const random = systemRandom;
  const credentials = new Credentials({
    initial: identity.agent_token,
    source: undefined,
    onChange: () => undefined,
    clock,
    random,
    log: SILENT,
  });
  const upstream = new HttpUpstream({
    pollClient: client,
    client,
    credentials,
    agentId: identity.agent_id,
    deploymentHash: identity.deployment_hash,
    pollTimeoutSeconds: config.poll_timeout_seconds,
    pollIntervalSeconds: config.poll_interval_seconds,
    serverClock: new ServerClock(clock, SILENT, () => undefined),
    clock,
    random,
  });
  return {
    accepted: async (signal) => (await upstream.snapshot(signal)).kind === 'commands',
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}
