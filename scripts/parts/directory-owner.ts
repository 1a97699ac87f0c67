// Notes in a temporary folder which program it belongs to, so that a later run can tell that nobody needs it any more.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { systemClock } from '../../src/platform/clock.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from './process-table.ts';

const OWNER_FILE = 'owner.json';
// A folder without an owner this young belongs to a program that is just about to note itself.
const OWNERLESS_AGE_MIN_MS = 60_000;

interface Owner extends ProcessIdentity {
  readonly remarks: readonly string[];
}

/** Makes this program the owner; `remarks` are for whoever removes the folder in its place. */
export function noteOwner(directory: string, remarks: readonly string[] = []): void {
  writeFileSync(path.join(directory, OWNER_FILE), JSON.stringify({ ...identifyProcess(process.pid), remarks }));
}

export function readOwner(directory: string): Owner | undefined {
  try {
    const written: unknown = JSON.parse(readFileSync(path.join(directory, OWNER_FILE), 'utf8'));
    if (typeof written !== 'object' || written === null) return undefined;
    if (!('pid' in written && 'startTicks' in written && 'remarks' in written)) return undefined;
    const remarks = Array.isArray(written.remarks) ? written.remarks.map(String) : [];
    return { pid: Number(written.pid), startTicks: String(written.startTicks), remarks };
  } catch {
    return undefined;
  }
}

/** The names under `parent` that start with `prefix` and whose owner has ended. */
export function findAbandoned(parent: string, prefix: string): string[] {
  return readdirSync(parent).filter((name) => name.startsWith(prefix) && isAbandoned(path.join(parent, name)));
}

function isAbandoned(directory: string): boolean {
  const owner = readOwner(directory);
  if (owner !== undefined) return !isRunning(owner);
  const changed = statSync(directory, { throwIfNoEntry: false })?.mtimeMs;
  return changed !== undefined && systemClock.now() - changed > OWNERLESS_AGE_MIN_MS;
}
