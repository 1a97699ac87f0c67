// Lets one process at a time do a piece of work: the others wait for it, and take over when it died.
import { readFile, rm, writeFile } from 'node:fs/promises';
import process from 'node:process';
import { systemClock } from '../../src/platform/clock.ts';
import { identifyProcess } from './process-table.ts';

const WAIT_MAX_MS = 15 * 60_000;
const LOOK_AGAIN_MS = 200;

/**
 * Runs `work` while holding the lock file at `lockPath`. Two processes that find the same dead owner may, in a very small window,
 * both go on; so the work must end in one atomic step, which makes that a waste and not a fault.
 */
export async function withFolderLock<T>(
  lockPath: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const me = identifyProcess(process.pid);
  const mine = `${process.pid} ${me?.startTicks ?? ''}`;
  const givenUpAt = systemClock.monotonicMs() + WAIT_MAX_MS;
  while (!(await take(lockPath, mine))) {
    signal?.throwIfAborted();
    if (systemClock.monotonicMs() > givenUpAt) {
      throw new Error(`Another process has held ${lockPath} for too long. End it or remove the file, then try again.`);
    }
    await systemClock.sleep(LOOK_AGAIN_MS, signal);
  }
  try {
    return await work();
  } finally {
    await rm(lockPath, { force: true });
  }
}

async function take(lockPath: string, mine: string): Promise<boolean> {
  try {
    await writeFile(lockPath, mine, { flag: 'wx' });
    return true;
  } catch {
    const owner = await readFile(lockPath, 'utf8').catch(() => '');
    const [pid, startTicks] = owner.split(' ');
    // An empty file belongs to a process that is just writing it.
    if (pid !== undefined && startTicks !== undefined && identifyProcess(Number(pid))?.startTicks !== startTicks) {
      await rm(lockPath, { force: true });
    }
    return false;
  }
}
