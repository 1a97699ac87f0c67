// Where the agent's token may come from besides its registration: Vault, or the control plane's answer to a registration made again.
import { capabilitiesOf } from '../../commands/registry.ts';
import type { AgentOptions } from '../assemble.ts';
import { serverFingerprint } from '../host/fingerprint.ts';
import { enrol } from '../identity/enrol.ts';
import type { OwnSecrets } from '../redaction/own-secrets.ts';
import { canBeUpdated } from '../update/self-update.ts';
import { HttpClient } from '../upstream/http-client.ts';
import type { TokenSource } from './credentials.ts';
import { readAgentToken } from './vault.ts';

type Surroundings = Pick<
  AgentOptions,
  'config' | 'identity' | 'clock' | 'proxyFor' | 'registry' | 'selfUpdate' | 'version'
>;

/** More than any token: what Vault may hand over in one answer. */
const VAULT_ANSWER_MAX_BYTES = 1024 * 1024;

export function vaultSource(
  options: Surroundings,
  ownSecrets: OwnSecrets,
  stack: AsyncDisposableStack,
): TokenSource | undefined {
  const { config, identity, clock } = options;
  if (config.vault_address === undefined || config.vault_token_file === undefined) return undefined;
  const client = stack.use(
    new HttpClient({
      origin: config.vault_address,
      clock,
      connections: 1,
      answerMaxBytes: VAULT_ANSWER_MAX_BYTES,
      caFile: config.vault_ca_file,
      socketPath: config.vault_egress_socket,
      proxy: options.proxyFor?.(config.vault_address),
    }),
  );
  const settings = {
    apiPrefix: config.vault_api_prefix,
    pathPrefix: config.vault_path_prefix,
    namespace: config.vault_namespace,
    tokenFile: config.vault_token_file,
    onToken: (token: string) => ownSecrets.remember(token),
  };
  return {
    name: 'vault',
    asked: 'on-schedule',
    read: (signal) => readAgentToken(client, settings, identity.deployment_hash, signal),
  };
}

// The production server answers a registration by a known hash with the token that is valid now (PROTOCOL.md §1.1).
export function registrationSource(options: Surroundings, client: HttpClient): TokenSource | undefined {
  const { clock, identity, registry, version } = options;
  if (identity.registered_with !== 'deployment_hash') return undefined;
  const enrolment = {
    way: 'deployment_hash',
    deploymentHash: identity.deployment_hash,
    capabilities: capabilitiesOf(registry, canBeUpdated(options.selfUpdate)),
  } as const;
  return {
    name: 'control plane',
    asked: 'on-refusal',
    read: async (signal) => {
      const facts = {
        serverUrl: identity.server_url,
        fingerprint: serverFingerprint(),
        agentVersion: version,
        nowMs: clock.now(),
      };
      return (await enrol(client, enrolment, facts, signal)).agent_token;
    },
  };
}
