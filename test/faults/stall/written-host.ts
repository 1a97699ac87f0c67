// A host that is registered by writing its files: for servers that could not register anybody.
import { randomUUID } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { storeIdentity } from '../../../src/agent/identity/identity.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';

export interface ObservedAgent {
  readonly name: string;
  readonly settings: Readonly<Record<string, string>>;
}

/** `name` is the deployment hash and the folder in `home`. One report waits in its journal, so that delivery has something to do too. */
export function writtenHost(home: string, name: string, serverUrl: string): ObservedAgent {
  const stateDirectory = join(home, name);
  mkdirSync(stateDirectory, { mode: 0o700 });
  // One for each agent: another one may be reading its own at this moment.
  const config = join(home, `${name}.json`);
  writeFileSync(config, '{}');
  storeIdentity(stateDirectory, {
    version: 1,
    server_url: serverUrl,
    agent_id: randomUUID(),
    agent_token: randomUUID().repeat(2),
    deployment_hash: name,
    registered_with: 'purchase_token',
    registered_at: new Date().toISOString(),
  });
  using journal = new SqliteJournal(join(stateDirectory, 'journal.db'), Date.now());
  journal.receive({ command_id: `cmd-${name}`, deployment_hash: name, type: 'health' }, Date.now());
  journal.finish(`cmd-${name}`, waitingReport(`cmd-${name}`, name), Date.now());
  return {
    name,
    settings: {
      STATUS_PANEL_STATE_DIRECTORY: stateDirectory,
      STATUS_PANEL_CONFIG: config,
      STATUS_PANEL_DOCKER_SOCKET: join(home, 'no-engine.sock'),
      STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5',
    },
  };
}

function waitingReport(commandId: string, deploymentHash: string): string {
  return JSON.stringify({
    command_id: commandId,
    deployment_hash: deploymentHash,
    status: 'failed',
    command_status: 'failed',
    result: null,
    error: 'internal_error: for a test',
    errors: [{ code: 'internal_error', message: 'for a test' }],
    completed_at: new Date().toISOString(),
  });
}
