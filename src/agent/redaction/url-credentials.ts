// Masks the password in URLs and connection strings without keys, and the secret path of webhook addresses.

import { classOf, inClass, isBoundary, NAME, runEnd, runStart } from './characters.ts';
import type { Scan } from './scan.ts';
import { MARK_BEGIN } from './spans.ts';
import { isReference, looksGenerated, looksSecret } from './value-judgement.ts';

const LONGEST_AUTHORITY = 1024;
/** How far behind a `/`, `?` or `#` a password that holds one unescaped is followed. */
const UNESCAPED_REACH = 256;
const AUTHORITY_END = classOf(' "\'`<>\\|\t\n\r\u0000');
const PLAIN_SECONDS = new Set(['x-oauth-basic', 'x', '']);

interface Authority {
  readonly at: number;
  readonly end: number;
}

function encodedEnd(text: string, from: number, limit: number): number {
  for (let i = from; i < limit; i += 1) {
    const code = text.charCodeAt(i);
    if (code <= 32 || inClass(AUTHORITY_END, code) || code === 38) return i;
    if (code === 37 && /^%(?:2[fF2]|3[fF])/.test(text.slice(i, i + 3))) return i;
  }
  return limit;
}

/** The last `@` before the authority ends; passwords with an unescaped `/`, `?` or `#` are followed a little further. */
function authorityOf(text: string, from: number, floor: number): Authority | undefined {
  const limit = Math.min(text.length, from + LONGEST_AUTHORITY);
  let at = -1;
  let colon = -1;
  let i = Math.max(from, floor);
  for (; i < limit; i += 1) {
    const code = text.charCodeAt(i);
    if (code <= 32 || inClass(AUTHORITY_END, code)) return at === -1 ? undefined : { at, end: i };
    if (code === 64) at = i;
    else if (code === 58 && colon === -1) colon = i;
    else if (code === 47 || code === 63 || code === 35) break;
    else if (code === 44 && at !== -1) break;
  }
  if (at !== -1) return { at, end: i };
  // `host:8080/…` has a port, `user:pa/ss@host` has none.
  if (colon === -1 || /^[0-9]{0,5}[/?#]/.test(text.slice(colon + 1, colon + 7))) return undefined;
  const reach = Math.min(limit, i + UNESCAPED_REACH);
  for (; i < reach; i += 1) {
    const code = text.charCodeAt(i);
    if (code <= 32 || inClass(AUTHORITY_END, code) || text.startsWith('://', i)) break;
    if (code === 64) at = i;
  }
  return at === -1 ? undefined : { at, end: i };
}

function maskUserInfo(scan: Scan, from: number, at: number, colonSign: string): void {
  const { text } = scan;
  const info = text.slice(from, at);
  if (info.includes(MARK_BEGIN)) return;
  const colon = info.indexOf(colonSign);
  const user = colon === -1 ? info : info.slice(0, colon);
  const password = colon === -1 ? '' : info.slice(colon + colonSign.length);
  const passwordFrom = at - password.length;
  if (password !== '' && !isReference(password)) scan.add(passwordFrom, at, 'cloud_db_credential');
  // `https://<token>@host`, `https://<token>:x-oauth-basic@host`
  const userIsSecret = PLAIN_SECONDS.has(password)
    ? looksGenerated(user, 12)
    : looksGenerated(user, colon === -1 ? 12 : 32);
  if (userIsSecret) scan.add(from, from + user.length, 'cloud_db_credential');
}

/** Called just behind `://`, `:\/\/` or `%3A%2F%2F`. */
export function matchUrl(scan: Scan, from: number, encoded: boolean): void {
  if (from < scan.urlDone) return;
  const { text } = scan;
  if (encoded) {
    const end = encodedEnd(text, from, Math.min(text.length, from + LONGEST_AUTHORITY));
    scan.urlDone = end;
    const info = text.slice(from, end);
    const at = Math.max(info.lastIndexOf('%40'), info.lastIndexOf('@'));
    if (at <= 0) return;
    maskUserInfo(scan, from, from + at, info.slice(0, at).includes(':') ? ':' : info.includes('%3a') ? '%3a' : '%3A');
    return;
  }
  const authority = authorityOf(text, from, from);
  if (authority === undefined) return;
  scan.urlDone = authority.at;
  scan.emailDone = Math.max(scan.emailDone, authority.at + 1);
  maskUserInfo(scan, from, authority.at, ':');
}

const DSN_PASSWORD_STOP = classOf(' "\'`<>\t\n\r');

/** Go's `user:password@tcp(host)/db`. Called just behind `@tcp(`; `at` is the index of `@`. */
export function matchGoDsn(scan: Scan, at: number): void {
  const { text } = scan;
  const floor = Math.max(scan.urlDone, at - 256);
  let from = at;
  while (from > floor && !inClass(DSN_PASSWORD_STOP, text.charCodeAt(from - 1))) from -= 1;
  scan.urlDone = at;
  const colon = scan.indexOf(':', from);
  if (colon === -1 || colon >= at - 1) return;
  // dsn=user:password@tcp(…)
  scan.add(colon + 1, at, 'cloud_db_credential');
}

/** Options of Oracle's clients, and a quote, before the connect string. */
const CLIENT_OPTIONS = /(?:-[A-Za-z]{1,8} (?:[0-9.]{1,4} )?){0,3}["']?(?:userid=)?/y;

/** Oracle's `thin:user/password@host`, `sqlplus -s user/password@host`. Called just behind the literal. */
export function matchSlashDsn(scan: Scan, literalEnd: number): void {
  const { text } = scan;
  CLIENT_OPTIONS.lastIndex = literalEnd;
  const from = CLIENT_OPTIONS.test(text) ? CLIENT_OPTIONS.lastIndex : literalEnd;
  const user = runEnd(text, from, NAME, from + 64);
  if (user === from || text.charCodeAt(user) !== 47) return;
  let end = user + 1;
  while (end < text.length && end - user < 128 && text.charCodeAt(end) > 32 && !'@"\''.includes(text.charAt(end)))
    end += 1;
  if (text.charCodeAt(end) === 64 && end > user + 1) scan.add(user + 1, end, 'cloud_db_credential');
}

/** Oracle's `user/password@//host`. Called with the index of `@`. */
export function matchSlashUser(scan: Scan, at: number): void {
  const { text } = scan;
  const floor = Math.max(scan.lineStart(at), at - 160);
  const found = /(?:^|[\s"'=(:])[A-Za-z][\w$]{0,62}\/([^\s"'/@][^\s"'@]{1,95})$/.exec(text.slice(floor, at));
  if (found?.[1] !== undefined) scan.add(at - found[1].length, at, 'cloud_db_credential');
}

/** `CONNECT user/password@service` as a statement: at the prompt or at the beginning of its line. Called just behind the word. */
export function matchConnect(scan: Scan, literal: string, end: number): void {
  const from = end - literal.length;
  if (from === scan.lineStart(from) || scan.text.startsWith('SQL> ', from - 5)) matchSlashDsn(scan, end);
}

const SERVICE_ALIAS = /@(?:ORCL\w{0,12}|XE(?:PDB[0-9])?|FREE(?:PDB[0-9])?)(?![\w.:/-])/iy;

/** `user/password@ORCL`, `@XEPDB1`: services as Oracle names them. Called with the index of `@`. */
export function matchSlashAlias(scan: Scan, at: number): void {
  SERVICE_ALIAS.lastIndex = at;
  if (SERVICE_ALIAS.test(scan.text)) matchSlashUser(scan, at);
}

const LONGEST_HOST = 128;

/** `user/password@host:1521/service`. Called with the index of the colon. */
export function matchSlashPort(scan: Scan, colon: number): void {
  if (!scan.text.startsWith(':1521', colon)) return;
  const at = runStart(scan.text, colon, NAME, colon - LONGEST_HOST) - 1;
  if (scan.text.charCodeAt(at) === 64 && at < colon - 1) matchSlashUser(scan, at);
}

const PATH_STOP = classOf(' "\'`<>\t\n\r\\)]},;|&');
const SECRET_PATH = classOf('0-9', 'a-z', 'A-Z', '-_/.~=%+:@');

/** The path behind a webhook address is its secret. Called just behind the literal. */
export function matchWebhook(scan: Scan, from: number): void {
  maskSecretPath(scan, from, false);
}

/** Of `…/bot<token>/method` the token alone. */
export function matchWebhookSegment(scan: Scan, from: number): void {
  maskSecretPath(scan, from, true);
}

function maskSecretPath(scan: Scan, from: number, segment: boolean): void {
  if (from < scan.tokenDone) return;
  const { text } = scan;
  let end = from;
  for (; end < text.length; end += 1) {
    const code = text.charCodeAt(end);
    if (segment && code === 47) break;
    if (code === 92 && text.charCodeAt(end + 1) === 47 && !segment) continue;
    if (!inClass(SECRET_PATH, code) || inClass(PATH_STOP, code)) break;
  }
  while (end > from && '.,:'.includes(text.charAt(end - 1))) end -= 1;
  if (end - from < 8 || isReference(text.slice(from, end))) return;
  scan.add(from, end, 'api_token');
  scan.tokenDone = Math.max(scan.tokenDone, end);
}

/** `.pgpass`: host:port:database:user:password, a whole line. Called just behind `:5432:` and the like. */
export function matchPgPass(scan: Scan, portFrom: number): void {
  const { text } = scan;
  const start = scan.lineStart(portFrom);
  const end = scan.lineEnd(portFrom);
  if (end - start > 512) return;
  const fields = /^(\s*(?:[\w.-]+ \| )?[\w.*-]+:(?:[0-9]{4,5}|\*):[\w.*-]+:[\w.*@-]+:)(\S+)$/.exec(
    text.slice(start, end),
  );
  if (fields?.[1] !== undefined) scan.add(start + fields[1].length, end, 'cloud_db_credential');
}

const KEY_ID = classOf('0-9', 'A-Z');
const AWS_SECRET = classOf('0-9', 'a-z', 'A-Z', '+/');

/** `AKIA…` and, near behind it, the 40 characters of its secret. */
export function matchAwsKeyId(scan: Scan, from: number, prefixLength: number): void {
  const { text } = scan;
  if (from < scan.tokenDone || !isBoundary(text, from)) return;
  const end = runEnd(text, from + prefixLength, KEY_ID);
  if (end - from < 16 || end - from > 32) return;
  scan.add(from, end, 'cloud_db_credential');
  scan.tokenDone = end;
  const limit = Math.min(text.length, end + 160);
  for (let i = end; i < limit; ) {
    const stop = runEnd(text, i, AWS_SECRET);
    if (stop - i === 40 && !/^[0-9a-f]+$/.test(text.slice(i, stop)) && looksSecret(text.slice(i, stop))) {
      scan.add(i, stop, 'cloud_db_credential');
      return;
    }
    i = Math.max(stop, i + 1);
  }
}
