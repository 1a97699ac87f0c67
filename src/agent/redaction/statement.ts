// Masks secrets that a statement introduces by its own words: SQL `IDENTIFIED BY`, `AUTH` and `PASS` of line protocols.

import { BASE64, isBlank, runEnd, skipBlanks } from './characters.ts';
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
  if (!text.startsWith(literal.trim().replace(/" "$/, ''), from) && !literal.includes('"')) return;
  if (literal === 'AUTH PLAIN ' || literal === 'AUTH LOGIN ') {
    const stop = runEnd(text, end, BASE64);
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
    const quoted = quote !== '' && literal.includes('"');
    if (
      (quoted && words === 0 && !/^\s+\\*["']/.test(text.slice(stop + quote.length, stop + quote.length + 8))) ||
      looksGenerated(value, 8)
    ) {
      scan.add(valueFrom, stop, 'env_assignment');
    } else if (quoted && words === 1) scan.add(valueFrom, stop, 'env_assignment');
    at = skipBlanks(text, stop + quote.length);
    if (at === stop + quote.length) return;
  }
}
