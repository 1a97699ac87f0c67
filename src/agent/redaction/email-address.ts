// Masks e-mail addresses, and leaves what only looks like one: logins, units, package versions, images, retina files.

import { ALPHANUMERIC, classOf, inClass, LETTER, runEnd, runStart } from './characters.ts';
import type { Scan } from './scan.ts';

const LOCAL = classOf('0-9', 'a-z', 'A-Z', "._%+-'!#$&*=?^{|}~");
/** The characters of a local part that real addresses use; the rest delimit more often than they occur. */
const COMMON_LOCAL = classOf('0-9', 'a-z', 'A-Z', '._+-');
const DOMAIN = classOf('0-9', 'a-z', 'A-Z', '.-');
const LONGEST_LOCAL = 64;
const LONGEST_DOMAIN = 253;

/** Not top-level domains, but what stands after the last dot of units, files and machines. */
const NOT_A_TLD = new Set(
  `service socket timer target mount automount scope slice device swap png jpg jpeg gif svg webp ico css js mjs cjs ts tsx jsx json yml yaml toml conf cfg log txt gz tgz
  tar zip whl jar war so dll exe bin html htm php local internal localdomain lan localhost svc cluster intranet home corp private vm container docker rc beta alpha dev0 snapshot release final`.split(
    /\s+/,
  ),
);
const MACHINE_LOGINS = new Set(['git', 'hg', 'svn', 'gitea', 'gogs']);

function isDomain(domain: string): boolean {
  const labels = domain.split('.');
  const tld = labels.at(-1) ?? '';
  if (labels.length < 2 || tld.length < 2 || tld.length > 24 || !/^(?:[a-z]+|xn--[a-z0-9-]+)$/i.test(tld)) return false;
  if (labels.some((label) => label === '')) return false;
  const [first = ''] = labels;
  // 2x.png, 1.2.3-rc.one, v4.1
  if (/^(?:v?[0-9]+|[0-9]x)$/.test(first) && (NOT_A_TLD.has(tld.toLowerCase()) || labels.length > 2)) return false;
  return !NOT_A_TLD.has(tld.toLowerCase());
}

/** The start of the local part; an escape before it (`\n`, `%3D`) is not part of it. */
function localStart(text: string, at: number, floor: number): number {
  let from = runStart(text, at, COMMON_LOCAL, Math.max(floor, at - LONGEST_LOCAL - 1));
  if (text.charAt(from - 1) === '\\' && /[nrt]/.test(text.charAt(from))) from += 1;
  if (text.charAt(from - 1) === '%' && /^[0-9A-Fa-f]{2}/.test(text.slice(from, from + 2))) from += 2;
  while (from < at && !inClass(ALPHANUMERIC, text.charCodeAt(from)) && text.charAt(from) !== '_') from += 1;
  return from;
}

function isExcluded(text: string, from: number, at: number, end: number): boolean {
  const local = text.slice(from, at);
  const before = text.slice(Math.max(0, from - 16), from).toLowerCase();
  if (before.endsWith('://') || /:\\?\/\\?\/[^\s/]*$/.test(before)) return true;
  if (MACHINE_LOGINS.has(local)) return true;
  if (before.endsWith('<') && /^[0-9a-f]{6,}[0-9a-f.-]*$/i.test(local)) return true;
  if (/message-id[:=]["\s]*<?$/.test(before)) return true;
  // host:path of scp and git, `ssh user@host`
  const after = text.charAt(end);
  if (after === ':' && /^:[/~A-Za-z]/.test(text.slice(end, end + 2))) return true;
  return /\b(?:ssh|scp|sftp|rsync|mosh)(?: -[a-z]+)* $/.test(before);
}

/** Called just behind `@` or `%40`; `at` is where that sign begins. */
export function matchEmail(scan: Scan, at: number, end: number): void {
  if (!scan.maskEmails || at < scan.emailDone) return;
  const { text } = scan;
  const floor = scan.emailDone;
  let stop = runEnd(text, end, DOMAIN, end + LONGEST_DOMAIN);
  scan.emailDone = stop;
  while (stop > end && !inClass(ALPHANUMERIC, text.charCodeAt(stop - 1))) stop -= 1;
  if (stop - end < 4 || !inClass(ALPHANUMERIC, text.charCodeAt(end))) return;
  if (at === 0 || !inClass(LOCAL, text.charCodeAt(at - 1))) return;
  const from = localStart(text, at, floor);
  if (from >= at || at - from > LONGEST_LOCAL) return;
  if (!isDomain(text.slice(end, stop)) || isExcluded(text, from, at, stop)) return;
  if (inClass(LETTER, text.charCodeAt(stop))) return;
  scan.add(from, stop, 'pii_email');
}
