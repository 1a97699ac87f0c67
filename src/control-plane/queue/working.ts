// What a poll says its agent is working on: the header that keeps leases. Pure.
import { LIMITS } from '../../protocol/limits.ts';

// Visible ASCII without the comma that separates them.
const COMMAND_ID = new RegExp(`^[!-+\\--~]{1,${LIMITS.commandIdMaxChars}}$`, 'u');

/** The command_ids in the header; none without it, undefined when it is malformed. */
export function workingOf(header: string | readonly string[] | undefined): readonly string[] | undefined {
  const text = typeof header === 'string' ? header.trim() : (header?.join(',').trim() ?? '');
  if (text === '') return [];
  // One part more than allowed is enough to see that there are too many.
  const ids = text.split(',', LIMITS.workingMaxCount + 1).map((id) => id.trim());
  return ids.length <= LIMITS.workingMaxCount && ids.every((id) => COMMAND_ID.test(id)) ? ids : undefined;
}

/** The word that is new with each start of an agent; undefined without one, or when it is malformed. */
export function instanceOf(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && /^[\w-]{8,64}$/u.test(header) ? header : undefined;
}
