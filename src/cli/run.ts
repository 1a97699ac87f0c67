// status-panel run: the agent itself, in the foreground, until SIGTERM.
import { runAgent } from '../agent/agent.ts';
import { loadIdentity } from '../agent/identity/identity.ts';
import { loadPolicy } from '../agent/policy/policy.ts';
import { selfUpdateOf } from '../agent/update/self-update.ts';
import { COMMANDS, registryOf } from '../commands/registry.ts';
import { systemClock } from '../platform/clock.ts';
import { Fault } from '../platform/fault.ts';
import { createLog } from '../platform/log.ts';
import { systemRandom } from '../platform/random.ts';
import { VERSION } from '../version.ts';
import { readCommandLine } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export async function run(terminal: Terminal): Promise<ExitName> {
  const { config, places, proxyFor } = readCommandLine(terminal, {});
  // Asked of the service alone: others who read this configuration have no credentials directory, and no need of Vault.
  if (config.vault_address !== undefined && config.vault_token_file === undefined) {
    throw new Fault(
      'invalid_configuration',
      'vault_token_file: vault_address is set, so the file with the Vault token must be too; an example: /etc/status-panel/vault-token',
    );
  }
  const policy = loadPolicy(places.policyFile);
  const identity = loadIdentity(places.stateDirectory);
  if (identity === undefined) {
    const message = `this host is not registered (no identity in ${places.stateDirectory}): run "status-panel register" first`;
    throw new Fault('not_registered', message);
  }
  const log = createLog({
    level: config.log_level,
    format: terminal.isJournal ? 'journal' : 'json',
    write: terminal.out,
    writeEntry: terminal.writeEntry,
  });
  log.info('status-panel starts', {
    version: VERSION,
    agent_id: identity.agent_id,
    deployment: identity.deployment_hash,
    server: config.server_url ?? identity.server_url,
    docker: config.docker_socket,
    token_from: config.vault_address === undefined ? 'registration' : 'vault',
  });
  await runAgent({
    config,
    proxyFor,
    selfUpdate: selfUpdateOf({
      version: VERSION,
      programDirectory: terminal.programDirectory,
      stateDirectory: places.stateDirectory,
      policy,
      random: systemRandom,
    }),
    policy,
    identity,
    stateDirectory: places.stateDirectory,
    pid: terminal.pid,
    version: VERSION,
    registry: registryOf(COMMANDS),
    clock: systemClock,
    random: systemRandom,
    log,
    serviceManager: terminal.serviceManager,
    stopping: terminal.interrupted,
    onReady: () => undefined,
  });
  return 'ok';
}
