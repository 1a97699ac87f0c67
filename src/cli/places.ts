// Where the agent keeps its configuration and its state: systemd's word first, then root's usual places, then the user's own.
import { dirname, join } from 'node:path';
import envPaths from 'env-paths';
import type { Terminal } from './terminal.ts';

export interface Places {
  readonly configFile: string;
  /** Beside the configuration file. */
  readonly policyFile: string;
  readonly stateDirectory: string;
  /** systemd's credential `vault-token`, when there is a credentials directory. */
  readonly vaultTokenFile: string | undefined;
}

export interface ChosenPlaces {
  readonly configFile: string | undefined;
  readonly stateDirectory: string | undefined;
}

export function placesOf(terminal: Terminal, chosen: ChosenPlaces): Places {
  const { environment, isRoot } = terminal;
  const own = envPaths('status-panel', { suffix: '' });
  const credentials = environment['CREDENTIALS_DIRECTORY'];
  // systemd puts several directories into STATE_DIRECTORY, separated by colons; the first is ours.
  const given = environment['STATE_DIRECTORY']?.split(':')[0];
  const stateDirectory = chosen.stateDirectory ?? environment['STATUS_PANEL_STATE_DIRECTORY'] ?? given;
  const usual = isRoot || given !== undefined ? '/etc/status-panel/config.json' : join(own.config, 'config.json');
  const configFile = chosen.configFile ?? environment['STATUS_PANEL_CONFIG'] ?? usual;
  return {
    configFile,
    policyFile: join(dirname(configFile), 'policy.json'),
    stateDirectory: stateDirectory ?? (isRoot ? '/var/lib/status-panel' : own.data),
    vaultTokenFile: credentials === undefined ? undefined : join(credentials, 'vault-token'),
  };
}
