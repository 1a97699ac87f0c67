// Control groups of our own, by name, in every hierarchy the kernel has: one with version 2, about ten with version 1.
import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Mount {
  readonly mountPoint: string;
  readonly type: string;
}

export function mounts(): Mount[] {
  const found: Mount[] = [];
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const mountPoint = before.split(' ')[4];
    const type = after.split(' ')[0];
    // Blanks and the like are written as three octal digits.
    const plain = mountPoint?.replaceAll(/\\(?<code>[0-7]{3})/gu, (_all, code: string) =>
      String.fromCharCode(Number.parseInt(code, 8)),
    );
    if (plain !== undefined && type !== undefined) found.push({ mountPoint: plain, type });
  }
  return found;
}

/** The mount points of the hierarchies. */
export function controlGroupHierarchies(): string[] {
  return mounts()
    .filter(({ type }) => type === 'cgroup' || type === 'cgroup2')
    .map(({ mountPoint }) => mountPoint);
}

/** The group called `name` in every hierarchy that has one. */
export function controlGroups(name: string): string[] {
  return controlGroupHierarchies()
    .map((hierarchy) => path.join(hierarchy, name))
    .filter((group) => statSync(group, { throwIfNoEntry: false }) !== undefined);
}

/** Makes the group in every hierarchy, ready to take processes. */
export function makeControlGroups(name: string): string[] {
  return controlGroupHierarchies().map((hierarchy) => {
    const group = path.join(hierarchy, name);
    mkdirSync(group, { recursive: true });
    // A cpuset of version 1 begins without processors and takes nobody in.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const own = path.join(group, file);
      const given = path.join(hierarchy, file);
      if (
        statSync(own, { throwIfNoEntry: false }) !== undefined &&
        statSync(given, { throwIfNoEntry: false }) !== undefined
      )
        writeFileSync(own, readFileSync(given));
    }
    return group;
  });
}

/** The kernel's files in a group vanish with it; only the groups inside it have to go first. */
export function removeControlGroup(group: string): void {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true })) {
      if (entry.isDirectory()) removeControlGroup(path.join(group, entry.name));
    }
    rmdirSync(group);
  } catch {
    // Not there, or in use by somebody else: both are fine.
  }
}
