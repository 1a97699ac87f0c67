// Parameters that several commands share: which app is meant (REQUIREMENTS A8, PROTOCOL.md §4.3).
import { z } from 'zod';
import { LIMITS } from '../protocol/limits.ts';

/** Docker's own rule for container names, so that nothing else ever reaches a path of the API. */
const CONTAINER_NAME = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]*$/u;

export const appCode = z.string().trim().min(1, 'must name an app').max(LIMITS.appCodeMaxChars);

// A blank container means "not given": MCP callers send every key (PROTOCOL.md §4.2).
export const container = z
  .union([z.literal('').transform(() => undefined), z.string().max(LIMITS.containerNameMaxChars).regex(CONTAINER_NAME)])
  .nullish()
  .transform((name) => name ?? undefined);

/** A boolean that may be absent or null. */
export function flag(byDefault: boolean): z.ZodType<boolean> {
  return z
    .boolean()
    .nullish()
    .transform((value) => value ?? byDefault);
}

/** The lane of a change: one container is changed by one command at a time. */
export function containerLane(parameters: {
  readonly app_code: string;
  readonly container?: string | undefined;
}): string {
  return parameters.container ?? parameters.app_code;
}
