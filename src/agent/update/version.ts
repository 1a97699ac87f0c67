// Versions of the program: which strings are one, and which of two is newer. Pure.

/** As in SemVer, without build metadata: 1.2.3 or 1.2.3-rc.1. Also a safe name for a folder. */
const VERSION = /^(\d{1,5})\.(\d{1,5})\.(\d{1,5})(?:-([0-9A-Za-z](?:[0-9A-Za-z.-]{0,38}[0-9A-Za-z])?))?$/u;

export function isVersion(text: string): boolean {
  return VERSION.test(text) && !text.includes('..');
}

/** Negative when `a` is older than `b`, by the rules of SemVer: a pre-release is older than what it leads to. */
export function compareVersions(a: string, b: string): number {
  const [, ...left] = VERSION.exec(a) ?? [];
  const [, ...right] = VERSION.exec(b) ?? [];
  for (let at = 0; at < 3; at += 1) {
    const difference = Number(left[at]) - Number(right[at]);
    if (difference !== 0) return difference;
  }
  return comparePreReleases(left[3], right[3]);
}

function comparePreReleases(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 1 : 0) - (b === undefined ? 1 : 0);
  const left = a.split('.');
  const right = b.split('.');
  for (let at = 0; at < Math.max(left.length, right.length); at += 1) {
    const difference = compareIdentifiers(left[at], right[at]);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareIdentifiers(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1);
  const isNumber = /^\d+$/u;
  if (isNumber.test(a) && isNumber.test(b)) return Number(a) - Number(b);
  // Numbers are older than words; words go by their bytes.
  if (isNumber.test(a) !== isNumber.test(b)) return isNumber.test(a) ? -1 : 1;
  return a === b ? 0 : a < b ? -1 : 1;
}

const ARCHIVE = /^status-panel-(.+)-linux-(x64|arm64)\.tar\.gz$/u;

/** The versions that a list of files offers for an architecture as Node names it, newest first. */
export function versionsOffered(fileNames: Iterable<string>, architecture: string): readonly string[] {
  const versions: string[] = [];
  for (const name of fileNames) {
    const [, version, forArchitecture] = ARCHIVE.exec(name) ?? [];
    if (version !== undefined && forArchitecture === architecture && isVersion(version)) versions.push(version);
  }
  return versions.sort((a, b) => compareVersions(b, a));
}

export function archiveName(version: string, architecture: string): string {
  return `status-panel-${version}-linux-${architecture}.tar.gz`;
}
