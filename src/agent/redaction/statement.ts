// Masks secrets that a statement introduces by its own words: SQL `IDENTIFIED BY`, `AUTH` and `PASS` of line protocols.

import { BASE64, DIGIT, inClass, isBlank, LETTER, runEnd, skipBlanks } from './characters.ts';
import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';
import { isReference, isStatusWord, looksGenerated, looksSecret } from './value-judgement.ts';

/** `IDENTIFIED WITH caching_sha2_password BY 'x'`, `IDENTIFIED BY PASSWORD '*…'`, `… AS '…'`. */
const IDENTIFIED = /(?:\s{1,4}['"\w]{1,40}\s{1,4}(?:BY|AS)|\s{1,4}PASSWORD|\s{1,4}VALUES)?\s{1,4}/iy;

export function matchIdentifiedBy(scan: Scan, end: number): void {
  const { text } = scan;
  IDENTIFIED.lastIndex = end;
  if (!IDENTIFIED.test(text)) return;
  const at = IDENTIFIED.lastIndex;
  const quote = quoteAt(text, at);
  const from = at + quote.length;
  const stop = quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, scan.lineEnd(from));
  const value = text.slice(from, stop);
  if (isReference(value) || (quote === '' && isStatusWord(value))) return;
  scan.add(from, stop, 'env_assignment');
  scan.nameDone = Math.max(scan.nameDone, stop);
}

/** What MySQL writes once: `A temporary password is generated for root@localhost: x`. */
export function matchTemporaryPassword(scan: Scan, end: number): void {
  const { text } = scan;
  const limit = scan.lineEnd(end);
  const colon = scan.indexOf(': ', end);
  if (colon === -1 || colon > Math.min(limit, end + 160)) return;
  const stop = text.slice(colon + 2, Math.min(limit, colon + 258)).search(/[\s"\\]|$/);
  scan.add(colon + 2, colon + 2 + stop, 'env_assignment');
  scan.nameDone = Math.max(scan.nameDone, limit);
}

/** `AUTH x`, `AUTH user x` (Redis), `PASS x` (IRC, FTP, POP), `AUTH PLAIN x` (SMTP). */
export function matchLoginCommand(scan: Scan, literal: string, end: number): void {
  const { text } = scan;
  const from = end - literal.length;
  const before = text.charCodeAt(from - 1);
  if (from > 0 && !isBlank(before) && before !== 10 && !'"\'>:=['.includes(text.charAt(from - 1))) return;
  if (!text.startsWith(literal.trim(), from) && !literal.includes('"')) return;
  if (literal === 'AUTH PLAIN ' || literal === 'AUTH LOGIN ') {
    const stop = scan.runEnd(end, BASE64);
    if (stop - end >= 6 && looksSecret(text.slice(end, stop))) scan.add(end, stop, 'api_token');
    return;
  }
  for (let at = end, words = 0; words < 2; words += 1) {
    const quote = quoteAt(text, at);
    const valueFrom = at + quote.length;
    const stop =
      quote === '' ? endOfBare(scan, valueFrom) : endOfQuoted(scan, valueFrom, quote, scan.lineEnd(valueFrom));
    const value = text.slice(valueFrom, stop);
    if (value === '' || isReference(value)) return;
    // `"auth" referencing "users"`: a command that is quoted has quoted arguments.
    if (literal.includes('"') && quote === '') return;
    const quoted = quote !== '' && literal.includes('"');
    if (
      (quoted && words === 0 && !/^\s+\\*["']/.test(text.slice(stop + quote.length, stop + quote.length + 8))) ||
      looksGenerated(value, 8) ||
      (literal === 'PASS ' && looksSecret(value) && !value.includes('/'))
    ) {
      scan.add(valueFrom, stop, 'env_assignment');
    } else if (quoted && words === 1) scan.add(valueFrom, stop, 'env_assignment');
    at = skipBlanks(text, stop + quote.length);
    if (at === stop + quote.length) return;
  }
}

/** What clients of Redis print of a command that failed: `{ name: 'AUTH', args: [ 'user', 'x' ] }`. Called behind `args:`. */
export function matchAuthCommand(scan: Scan, end: number): void {
  const { text } = scan;
  const open = /^\s{0,4}\[\s{0,64}/.exec(text.slice(end, end + 72));
  if (open === null) return;
  let at = end + open[0].length;
  let last: Word | undefined;
  for (let count = 0; count < 2 && quoteAt(text, at) !== ''; count += 1) {
    last = wordAt(scan, at);
    const comma = /^\s{0,4},\s{0,64}/.exec(text.slice(last.after, last.after + 72));
    if (comma === null) break;
    at = last.after + comma[0].length;
  }
  if (last !== undefined && !isReference(text.slice(last.from, last.to)))
    scan.add(last.from, last.to, 'env_assignment');
}

/** IMAP: `a1 LOGIN user password`. Called behind ` login `. */
export function matchImapLogin(scan: Scan, end: number): void {
  const { text } = scan;
  if (!text.startsWith(' LOGIN ', end - 7)) return;
  const tagged = /(?:^|[\s"'>:])(?:[A-Za-z]{0,4}[0-9]{1,6}|\*) LOGIN $/.test(text.slice(Math.max(0, end - 20), end));
  const first = wordAt(scan, end);
  const second = wordAt(scan, skipBlanks(text, first.after));
  const value = text.slice(second.from, second.to);
  if (second.from <= first.after || value === '' || isReference(value)) return;
  if (tagged ? second.quoted || looksSecret(value) : looksGenerated(value, 8))
    scan.add(second.from, second.to, 'env_assignment');
}

interface Word {
  readonly from: number;
  readonly to: number;
  /** Behind the closing quote. */
  readonly after: number;
  readonly quoted: boolean;
}

function wordAt(scan: Scan, at: number): Word {
  const quote = quoteAt(scan.text, at);
  const from = at + quote.length;
  const to = quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, scan.lineEnd(from));
  return { from, to, after: to + quote.length, quoted: quote !== '' };
}

/** SASL: `resp=` and what answers `334 UGFzc3dvcmQ6` (`Password:`) are base64 of a password. */
export function matchSaslResponse(scan: Scan, end: number): void {
  const { text } = scan;
  const next = /^\s{0,4}(?:[<>*CS]{1,3}:? ?)?/.exec(text.slice(end, end + 12))?.[0].length ?? 0;
  const asked = text.charCodeAt(end - 1) === 54;
  const at = asked ? end + next : end;
  const to = scan.runEnd(at, BASE64);
  const value = text.slice(at, Math.min(to, at + 512));
  if (to - at < 6 || !(asked ? looksSecret(value) : decodesToLogin(value))) return;
  scan.add(at, to, 'api_token');
}

function decodesToLogin(value: string): boolean {
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  return /^[\x20-\xff]{0,64}[\0:][\x20-\xff]{1,64}[\0:]?[\x20-\xff]{0,256}$/.test(decoded);
}

/** Postfix: `[mail.example.net]:587 user:password`. Called behind `]:587 `. */
export function matchSaslMap(scan: Scan, end: number): void {
  const { text } = scan;
  const user = /^[\w.%+@-]{1,128}:(?=\S)/.exec(text.slice(end, end + 132));
  if (user === null) return;
  const from = end + user[0].length;
  const to = endOfBare(scan, from);
  // The login of an account of one's own, not somebody's address.
  scan.emailDone = Math.max(scan.emailDone, from);
  if (looksSecret(text.slice(from, to))) scan.add(from, to, 'env_assignment');
}

/** Redis: `user app on >password ~* +@all`. Called behind `>`. */
export function matchRedisUser(scan: Scan, end: number): void {
  const { text } = scan;
  const to = endOfBare(scan, end);
  if (to - end < 4 || !/^["']?\s+["']?(?:[~+&%]|on\b|nopass\b|all|reset|>|<)/.test(text.slice(to, to + 12))) return;
  const lead = text.slice(Math.max(scan.lineStart(end), end - 160), end);
  if (!/\b(?:user|setuser)\b/i.test(lead)) return;
  scan.add(end, to, 'env_assignment');
}

/** `ipsec.secrets`: `@vpn : PSK "x"`, `bob : EAP "x"`, `: PSK 0sx`. Called behind the word and its blank. */
export function matchIpsecSecret(scan: Scan, end: number): void {
  const { text } = scan;
  const quote = quoteAt(text, end);
  if (quote === '' && !/^0[sx]/.test(text.slice(end, end + 2))) return;
  const from = end + quote.length;
  const to = quote === '' ? endOfBare(scan, from) : endOfQuoted(scan, from, quote, scan.lineEnd(from));
  if (to > from && !isReference(text.slice(from, to))) scan.add(from, to, 'env_assignment');
}

/** A modem's `AT+CPIN="1234"`, `AT+CPWD="SC","1234","5678"`: its arguments of four to eight digits. Called behind the `=`. */
export function matchModemPin(scan: Scan, end: number): void {
  const rest = scan.text.slice(end, Math.min(scan.lineEnd(end), end + 48));
  const command = rest.slice(0, rest.search(/\s|$/));
  for (const pin of command.matchAll(/(?<![0-9A-Za-z])[0-9]{4,8}(?![0-9A-Za-z])/g))
    scan.add(end + pin.index, end + pin.index + pin[0].length, 'env_assignment');
}

/** `otp code 123456`, `verification code is: 123456`. Called behind the words. */
export function matchOneTimeCode(scan: Scan, end: number): void {
  if (end < scan.codeDone) return;
  const { text } = scan;
  const link =
    /^(?: (?:code|is|sent|for user \w{1,32}|for \w{1,32}))*[:= ]{1,3}["']?(?=[0-9]{4,8}(?![0-9A-Za-z.:-]))/.exec(
      text.slice(end, end + 96),
    );
  if (link === null || inClass(LETTER, text.charCodeAt(end))) return;
  const from = end + link[0].length;
  scan.codeDone = runEnd(text, from, DIGIT);
  scan.add(from, scan.codeDone, 'env_assignment');
}
