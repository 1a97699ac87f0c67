// Who this agent is towards the control plane: one file in the state directory, readable by the agent alone (REQUIREMENTS A1).
import { join } from 'node:path';
import { z } from 'zod';
import { readIfPresent, writeDurably } from '../../platform/durable-file.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { agentId, agentToken, deploymentHash, timestamp } from '../../protocol/text.ts';

const identitySchema = z.object({
  version: z.literal(1),
  server_url: z.url().max(LIMITS.urlMaxChars),
  agent_id: agentId,
  agent_token: agentToken,
  deployment_hash: deploymentHash,
  dashboard_url: z.string().max(LIMITS.urlMaxChars).optional(),
  registered_with: z.enum(['purchase_token', 'deployment_hash']),
  registered_at: timestamp,
});
export type Identity = z.infer<typeof identitySchema>;

const FILE_NAME = 'identity.json';

export function identityPath(stateDirectory: string): string {
  return join(stateDirectory, FILE_NAME);
}

/** The stored identity, or undefined before registration. Fault identity_unreadable when the file is damaged. */
export function loadIdentity(stateDirectory: string): Identity | undefined {
  const path = identityPath(stateDirectory);
  try {
    const text = readIfPresent(path);
    return text === undefined ? undefined : identitySchema.parse(JSON.parse(text));
  } catch (error) {
    const why = error instanceof z.ZodError ? z.prettifyError(error) : describeError(error);
    throw new Fault(
      'identity_unreadable',
      `${path} cannot be used (${why}); restore it, or move it away and register again`,
    );
  }
}

export function storeIdentity(stateDirectory: string, identity: Identity): void {
  writeDurably(identityPath(stateDirectory), `${JSON.stringify(identity, undefined, 2)}\n`);
}
