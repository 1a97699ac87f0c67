// Opens the journal; one whose content is damaged is set aside, so that an agent that nobody watches goes on with a new one.
import { renameSync, rmSync, statSync } from 'node:fs';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { isDamaged } from './damage.ts';
import type { Journal } from './journal.ts';

/** SQLite's companions of a database file; they belong to its content. */
const COMPANIONS = ['-wal', '-shm'];
/** What is set aside counts towards what the agent may take of the disk, so a larger file is not kept. */
const KEPT_MAX_BYTES = 2 * 1024 * 1024;

/**
 * What `open` returns. If the file at `path` is damaged, a new journal is begun, and the old one becomes `path`.damaged unless it is larger than 2 MiB: commands
 * that the control plane handed out before that are reported as lost and not run, for they may have been. Throws Fault cannot_journal.
 */
export function openJournal(path: string, open: () => Journal, log: Log): Journal {
  try {
    return open();
  } catch (error) {
    if (!isDamaged(error)) throw error;
    const kept = setAside(path);
    log.error(
      'journal was damaged and is begun anew: what was under way is reported as lost, reports that waited are gone',
      {
        set_aside: kept ? `${path}.damaged` : 'no: too large',
        reason: describeError(error),
      },
    );
    return open();
  }
}

function setAside(path: string): boolean {
  try {
    for (const companion of COMPANIONS) rmSync(`${path}${companion}`, { force: true });
    const kept = statSync(path).size <= KEPT_MAX_BYTES;
    if (kept) renameSync(path, `${path}.damaged`);
    else rmSync(path);
    return kept;
  } catch (error) {
    throw new Fault<ErrorCode>('cannot_journal', `the journal ${path} is damaged and cannot be set aside`, {
      cause: error,
    });
  }
}
