// Building blocks of wire schemas: every string and list has a maximum.
import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** RFC 3339 with an offset, as the server's parser demands. */
export const timestamp = z.iso.datetime({ offset: true }).max(LIMITS.timestampMaxChars);

export const deploymentHash = z.string().min(1).max(LIMITS.deploymentHashMaxChars);
export const commandId = z.string().min(1).max(LIMITS.commandIdMaxChars);
export const commandType = z.string().min(1).max(LIMITS.commandTypeMaxChars);
export const agentToken = z.string().min(16).max(LIMITS.agentTokenMaxChars);
export const agentId = z.uuid().max(36);

/** Text that PostgreSQL's JSONB and serde_json both take: no NUL, no lone surrogate (PROTOCOL.md §0). */
export function wireText(text: string): string {
  const wellFormed = text.isWellFormed() ? text : text.toWellFormed();
  return wellFormed.includes('\u0000') ? wellFormed.replaceAll('\u0000', '\u2400') : wellFormed;
}
