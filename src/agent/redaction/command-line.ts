// Masks passwords in the short options of well-known commands: `mysql -pX`, `curl -u user:X`, `redis-cli -a X`.

import { inClass, skipBlanks, WORD } from './characters.ts';
import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';
import { isReference, isWordOnly, looksSecret } from './value-judgement.ts';

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
const UPPER_A: ShortOption = { pattern: /\s-A (?=\S)/g };
const UPPER_X: ShortOption = { pattern: /\s-X (?=\S)/g };
const LOWER_C: ShortOption = { pattern: /\s-c (?=\S)/g };
const ARCHIVE_P: ShortOption = { pattern: /\s-h?p(?=[^\s-])/g };
const USER_PAIR: ShortOption = { pattern: /\s(?:-[A-Za-z]{0,6}[uU]|--user|--proxy-user) ?=?(?=\S)/g, separator: ':' };
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
  smbget: [SMB_PAIR],
  rpcclient: [SMB_PAIR],
  winexe: [SMB_PAIR],
  'net rpc': [SMB_PAIR],
  'net ads': [SMB_PAIR],
  mongosh: [SEPARATE_P],
  mongo: [SEPARATE_P],
  mongodump: [SEPARATE_P],
  openssl: [PASS_SOURCE],
  cqlsh: [SEPARATE_P],
  sqlcmd: [UPPER_P],
  isql: [UPPER_P],
  unzip: [UPPER_P],
  etcdctl: [USER_PAIR],
  wget: [USER_PAIR],
  http: [{ pattern: /\s(?:-a|--auth) ?=?(?=\S)/g, separator: ':' }],
  mosquitto_pub: [UPPER_P],
  mosquitto_sub: [UPPER_P],
  ipmitool: [UPPER_P],
  snmpwalk: [UPPER_A, UPPER_X, LOWER_C],
  snmpget: [UPPER_A, UPPER_X, LOWER_C],
  lftp: [{ pattern: /\s-u (?=\S)/g, separator: ',' }],
  'buildah login': [SEPARATE_P],
  'skopeo login': [SEPARATE_P],
  'oc login': [SEPARATE_P],
  'crane auth login': [SEPARATE_P],
  'argocd login': [SEPARATE_P],
  'cf login': [SEPARATE_P],
  xfreerdp: [{ pattern: /\s\/p:(?=\S)/g }],
  rdesktop: [SEPARATE_P],
  mongorestore: [SEPARATE_P],
  mongoexport: [SEPARATE_P],
  vncviewer: [SEPARATE_P],
  zip: [UPPER_P],
  '7z': [ARCHIVE_P],
  '7za': [ARCHIVE_P],
  rar: [ARCHIVE_P],
  unrar: [ARCHIVE_P],
  schtasks: [{ pattern: /\s\/rp (?=\S)/gi }],
  useradd: [SEPARATE_P],
  usermod: [SEPARATE_P],
  nmcli: [{ pattern: /\s(?:wifi-sec\.psk|password) (?=\S)/g }],
  chpasswd: [{ pattern: /\s<<< ?(?=\S)/g, separator: ':' }],
};

/** Commands whose password has no option: how many words stand before it. */
const POSITIONAL: Readonly<Record<string, number>> = {
  'rabbitmqctl add_user': 1,
  'rabbitmqctl change_password': 1,
  'rabbitmqctl authenticate_user': 1,
  'dbms set-initial-password': 0,
  'htpasswd -b': 2,
  'htpasswd -bc': 2,
  'htpasswd -cb': 2,
  'htpasswd -nb': 1,
  'htpasswd -bn': 1,
  'htpasswd -nbB': 1,
  basicauth: 1,
  'net use': 2,
  'proxychains socks5': 3,
  'net user': 1,
  'vncpasswd -f': 0,
  'smbpasswd -s': 1,
  'redis-cli config set requirepass': 0,
  'config set requirepass': 0,
  'config set masterauth': 0,
  'mc alias set': 3,
  'mc config host add': 3,
  'mc admin user add': 2,
  'rclone obscure': 0,
  requirepass: 0,
  masterauth: 0,
  bindpw: 0,
  rootpw: 0,
  'snmp-server community': 0,
  'radius-server key': 0,
  'tacacs-server key': 0,
  'convertto-securestring': 0,
};

export const COMMANDS: readonly string[] = Object.keys(OPTIONS);
export const POSITIONAL_COMMANDS: readonly string[] = Object.keys(POSITIONAL);

/** Called just behind the command and its blank; the words before the password, options among them, are skipped. */
export function matchPositional(scan: Scan, command: string, end: number): void {
  const { text } = scan;
  const before = text.charCodeAt(end - command.length - 2);
  if (inClass(WORD, before) || before === 45 || before === 46) return;
  const limit = Math.min(scan.lineEnd(end), end + 512);
  let at = end;
  for (let skipped = 0; at < limit; ) {
    at = skipBlanks(text, at);
    const quote = quoteAt(text, at);
    const from = at + quote.length;
    const stop = Math.min(limit, quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, limit));
    const value = text.slice(from, stop);
    if (value === '') return;
    // Options, and the digit by which a router says how it has written a key down.
    if (quote === '' && (value.startsWith('-') || /^[0-9]$/.test(value))) {
      at = stop;
      continue;
    }
    if (skipped === POSITIONAL[command]) {
      if (
        value.length > 2 &&
        !isReference(value) &&
        value !== '*' &&
        !value.startsWith('/') &&
        (looksSecret(value) || !isWordOnly(value))
      )
        scan.add(from, stop, 'env_assignment');
      return;
    }
    skipped += 1;
    at = quote === '' ? endOfWord(text, stop, limit) : stop + quote.length;
  }
}

/** `Z:` is one word, though no value would end with its colon. */
function endOfWord(text: string, from: number, limit: number): number {
  let i = from;
  while (i < limit && text.charCodeAt(i) > 32) i += 1;
  return i;
}

/** `echo x | docker login --password-stdin`: what was echoed. Called behind `echo `. */
export function matchEchoed(scan: Scan, end: number): void {
  const { text } = scan;
  const limit = Math.min(scan.lineEnd(end), end + 512);
  const flag = /^-[neE]{1,3} /.exec(text.slice(end, end + 5))?.[0].length ?? 0;
  const quote = quoteAt(text, end + flag);
  const from = end + flag + quote.length;
  const stop = quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, limit);
  const rest = text.slice(stop + quote.length, limit);
  const piped =
    /^\s*\|\s*(?:sudo )?(?:[\w./-]+ )*?(?:\S*login\b.*-stdin|chpasswd|passwd|.*--(?:pass\w*|token|secret)-stdin|cryptsetup|gpg .*passphrase-fd|sudo -S)/.test(
      rest,
    );
  // `--password-file=<(echo x)`
  const substituted = /(?:pass|secret|token|key)[\w-]*[ =]<\($/i.test(text.slice(Math.max(0, end - 45), end - 5));
  if (!(piped || substituted) || isReference(text.slice(from, stop))) return;
  const pair = rest.includes('chpasswd') ? text.slice(from, stop).indexOf(':') + 1 : 0;
  scan.add(from + pair, stop, 'env_assignment');
}

/** Called just behind the command and its blank. */
export function matchCommand(scan: Scan, command: string, end: number): void {
  const options = OPTIONS[command];
  if (options === undefined || end < scan.commandDone) return;
  const { text } = scan;
  // To the scan all digits are one.
  if (
    !text
      .slice(end - 1 - command.length, end - 1)
      .toLowerCase()
      .includes(command)
  )
    return;
  const limit = Math.min(scan.lineEnd(end), end + REACH);
  scan.commandDone = limit;
  const line = text.slice(end - 1, limit);
  if (!/\s(?:[-/]|<<<|password |wifi-sec)/.test(line)) return;
  if (/^\s[A-Za-z]+ [a-z]+ [a-z]+ (?!-)/.test(line) && !/\s(?:-|password |\/rp )/.test(line)) return;
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
