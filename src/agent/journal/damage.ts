// Tells a journal whose content is damaged from one whose disk has failed: only the first is given up. Pure.
import { Fault } from '../../platform/fault.ts';

/** What the check of the file found. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
}

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

/** Whether a journal could not be opened because of what is in the file, and not because of the disk it is on. */
export function isDamaged(error: unknown): boolean {
  const cause = error instanceof Fault ? error.cause : error;
  if (cause instanceof DamagedError) return true;
  if (!(cause instanceof Error) || !('errcode' in cause)) return false;
  return cause.errcode === SQLITE_CORRUPT || cause.errcode === SQLITE_NOTADB;
}
