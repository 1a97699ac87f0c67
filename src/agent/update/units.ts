// Unit files change with the version: those that lie in systemd's folder as one version has them are put there as another has them.
import { chmodSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/**
 * Replaces what the installer put there and nobody has changed since: a file in `unitDirectory` that is not byte for byte that of `from` is
 * its owner's, and one that is not there was not wanted. Returns the names of what was replaced. Doing it again, or the other way round after
 * half of it, is safe.
 */
export function replaceUnits(unitDirectory: string, from: string, to: string): readonly string[] {
  const replaced: string[] = [];
  for (const path of filesBelow(join(from, 'systemd'))) {
    // The installer puts the units of an option beside the others.
    const installed = join(unitDirectory, path.replace(/^egress-proxy\//u, ''));
    const before = readOr(join(from, 'systemd', path));
    const after = readOr(join(to, 'systemd', path));
    if (before === undefined || after === undefined || before.equals(after)) continue;
    if (readOr(installed)?.equals(before) !== true) continue;
    writeFileSync(`${installed}.new`, after, { mode: 0o644, flush: true });
    chmodSync(`${installed}.new`, 0o644);
    renameSync(`${installed}.new`, installed);
    replaced.push(path);
  }
  return replaced;
}

function filesBelow(folder: string): readonly string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
  } catch {
    return [];
  }
}

function readOr(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
