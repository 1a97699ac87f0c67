// Masks passwords in the short options of well-known commands: `mysql -pX`, `curl -u user:X`, `redis-cli -a X`.

import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';
import { isReference } from './value-judgement.ts';

const REACH = 2048;

interface ShortOption {
  readonly pattern: RegExp;
  /** `user:password` or `user%password`: only what follows the separator. */
  readonly separator?: string;
}

// Sticky-free and applied to a bounded slice; every pattern ends in a literal, so there is nothing to backtrack over.
const ATTACHED_P: ShortOption = { pattern: /\s-p(?=[^\s-])/g };
const SEPARATE_P: ShortOption = { pattern: /\s-p[ =]?(?=\S)/g };
const SEPARATE_W: ShortOption = { pattern: /\s-w (?=\S)/g };
const SEPARATE_A: ShortOption = { pattern: /\s-a (?=\S)/g };
const UPPER_P: ShortOption = { pattern: /\s-P ?(?=\S)/g };
const USER_PAIR: ShortOption = { pattern: /\s(?:-u|--user|-U|--proxy-user) ?=?(?=\S)/g, separator: ':' };
const SMB_PAIR: ShortOption = { pattern: /\s-U ?(?=\S)/g, separator: '%' };
const PASS_SOURCE: ShortOption = { pattern: /\s-(?:passin|passout|pass|password|k) (?:pass:)?(?=\S)/g };

const OPTIONS: Readonly<Record<string, readonly ShortOption[]>> = {
  sshpass: [SEPARATE_P],
  mysql: [ATTACHED_P],
  mysqldump: [ATTACHED_P],
  mysqladmin: [ATTACHED_P],
  mariadb: [ATTACHED_P],
  curl: [USER_PAIR],
  'redis-cli': [SEPARATE_A],
  'docker login': [SEPARATE_P],
  'podman login': [SEPARATE_P],
  'helm registry login': [SEPARATE_P],
  'az login': [SEPARATE_P],
  ldapsearch: [SEPARATE_W],
  ldapadd: [SEPARATE_W],
  ldapmodify: [SEPARATE_W],
  smbclient: [SMB_PAIR],
  mongosh: [SEPARATE_P],
  mongo: [SEPARATE_P],
  mongodump: [SEPARATE_P],
  openssl: [PASS_SOURCE],
  cqlsh: [SEPARATE_P],
  sqlcmd: [UPPER_P],
  isql: [UPPER_P],
  unzip: [UPPER_P],
};

export const COMMANDS: readonly string[] = Object.keys(OPTIONS);

/** Called just behind the command and its blank. */
export function matchCommand(scan: Scan, command: string, end: number): void {
  const options = OPTIONS[command];
  if (options === undefined || end < scan.commandDone) return;
  const { text } = scan;
  const limit = Math.min(scan.lineEnd(end), end + REACH);
  scan.commandDone = limit;
  const dash = scan.indexOf(' -', end - 1);
  if (dash === -1 || dash >= limit) return;
  const line = text.slice(end - 1, limit);
  if (/^\s[A-Za-z]+ [a-z]+ [a-z]+ (?!-)/.test(line) && !/\s-/.test(line)) return;
  for (const option of options) {
    for (const match of line.matchAll(option.pattern))
      maskOption(scan, end - 1 + match.index + match[0].length, limit, option.separator);
  }
}

function maskOption(scan: Scan, at: number, limit: number, separator: string | undefined): void {
  const { text } = scan;
  const quote = quoteAt(text, at);
  let from = at + quote.length;
  const end = quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, limit);
  if (separator !== undefined) {
    const position = text.slice(from, end).indexOf(separator);
    if (position === -1) return;
    from += position + 1;
  }
  const value = text.slice(from, end);
  if (value.length < 2 || value.startsWith('-') || isReference(value) || /^[0-9]{2,5}$/.test(value)) return;
  scan.add(from, end, 'env_assignment');
}
