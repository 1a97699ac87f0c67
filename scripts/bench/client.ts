// What a client under measurement is told: the agent and the bare loop get the same.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { Identity } from '../../src/agent/identity/identity.ts';
import { Program } from './program.ts';

export const clientSettings = z.object({
  url: z.string(),
  agentId: z.string(),
  token: z.string(),
  deploymentHash: z.string(),
  /** Its own; the journal lies there. */
  directory: z.string(),
  /** The bare loop's fsynced transactions for each command. */
  transactions: z.int().min(0).max(20),
});
export type ClientSettings = z.infer<typeof clientSettings>;

const TOKEN = 'bench-token-0123456789abcdef0123456789abcdef';
const AGENT_ID = '8b0f6a52-5d1e-4f0c-9a51-3f2b6f6f8a01';

/** Settings for a client of the trivial server, with a fresh directory under `home`. */
export function clientOf(url: string, home: string, name: string, transactions = 0): ClientSettings {
  const directory = join(home, name);
  mkdirSync(directory, { mode: 0o700 });
  return { url, agentId: AGENT_ID, token: TOKEN, deploymentHash: name, directory, transactions };
}

export function identityOf(settings: ClientSettings): Identity {
  return {
    version: 1,
    server_url: settings.url,
    agent_id: settings.agentId,
    agent_token: settings.token,
    deployment_hash: settings.deploymentHash,
    registered_with: 'purchase_token',
    registered_at: '2026-01-01T00:00:00Z',
  };
}

/** The agent's own code with one no-op command. */
export function startAgent(settings: ClientSettings): Program {
  return new Program(join(import.meta.dirname, 'noop-agent.ts'), settings, join(settings.directory, 'log'));
}

export function startBareLoop(settings: ClientSettings): Program {
  return new Program(join(import.meta.dirname, 'bare-loop.ts'), settings, join(settings.directory, 'log'));
}
