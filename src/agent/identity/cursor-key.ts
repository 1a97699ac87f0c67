// The key that seals log cursors: a file of its own in the state directory, made when it is first needed.
import { join } from 'node:path';
import { readIfPresent, writeDurably } from '../../platform/durable-file.ts';
import { describeError } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';

const FILE_NAME = 'cursor.key';
const KEY = /^[0-9a-f-]{72}$/u;

/** Never fails: without its file, cursors hold until the agent ends, and after that are refused in words. */
export function loadCursorKey(stateDirectory: string, random: Random, log: Log): string {
  const path = join(stateDirectory, FILE_NAME);
  // Two version 4 UUIDs: 244 bits of chance.
  const fresh = random.uuid() + random.uuid();
  try {
    const kept = readIfPresent(path)?.trim();
    if (kept !== undefined && KEY.test(kept)) return kept;
    writeDurably(path, `${fresh}\n`);
  } catch (error) {
    log.warn('key of the log cursors could not be kept: cursors end with this run', {
      path,
      reason: describeError(error),
    });
  }
  return fresh;
}
