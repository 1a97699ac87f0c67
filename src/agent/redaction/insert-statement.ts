// Masks the values that an SQL INSERT gives to columns with secret names: `INSERT INTO t (login, password) VALUES ('a', '…')`.

import { skipBlanks } from './characters.ts';
import { acceptsDelimited, categoryOf, type Named } from './named.ts';
import type { Scan } from './scan.ts';
import { endOfQuoted, quoteAt } from './value-end.ts';
import { isNumber } from './value-judgement.ts';

const COLUMNS = /\s{0,4}([\w."`[\]-]{1,128})\s{0,4}\(([^()]{1,2048})\)\s{0,4}VALUES\s{0,4}(?=\()/iy;
const PARAMETERS = /\[parameters: \(/;
const PARAMETERS_REACH = 512;
const MOST_ROWS = 64;
const LONGEST_ROW = 8192;

/** Tables that keep secrets in a column called `key`, `value`, `hash` or `code`. */
const SECRET_TABLE =
  /(?:api_?|access_?|license_?|auth_?|secret_?|signing_?|encryption_?)keys?\W?$|(?:tokens?|secrets|credentials)\W?$/i;

function secretColumns(scan: Scan, table: string, list: string, listFrom: number): ReadonlyMap<number, Named> {
  const columns = new Map<number, Named>();
  for (const [index, column] of list.split(',').entries()) {
    const name = column.trim().replaceAll(/^["'`[]|["'`\]]$/g, '');
    const own = scan.verdict(name);
    const verdict = own === 'query' || own === 'none' ? verdictInTable(table, name) : own;
    if (
      verdict === 'password' ||
      verdict === 'secret' ||
      verdict === 'digits' ||
      verdict === 'weak' ||
      verdict === 'query'
    )
      columns.set(index, { from: listFrom, to: listFrom, name, verdict });
  }
  return columns;
}

/** `key` alone says nothing; in a table of keys it says that the value is one, if it looks generated. */
function verdictInTable(table: string, column: string): 'query' | 'none' {
  return /^(?:key|value|code)$/i.test(column) && SECRET_TABLE.test(table) ? 'query' : 'none';
}

/** One `(…)`; returns where it ends, or undefined when it does not. */
function maskRow(scan: Scan, from: number, columns: ReadonlyMap<number, Named>): number | undefined {
  const { text } = scan;
  const limit = Math.min(text.length, from + LONGEST_ROW);
  let at = from + 1;
  for (let index = 0; at < limit; index += 1) {
    at = skipBlanks(text, at);
    if (/^[NEXBe_](?=')/.test(text.slice(at, at + 2))) at += 1;
    const quote = quoteAt(text, at);
    const start = at + quote.length;
    const end = quote === '' ? endOfPlain(text, at, limit) : endOfQuoted(scan, start, quote, limit);
    const value = text.slice(start, end);
    const named = columns.get(index);
    if (named !== undefined && quote !== '' && acceptsDelimited(named, value)) scan.add(start, end, categoryOf(named));
    else if (named?.verdict === 'password' && isNumber(value) && value.length >= 4)
      scan.add(start, end, 'env_assignment');
    at = skipBlanks(text, end + (end < limit ? quote.length : 0));
    if (text.charCodeAt(at) === 41) return at + 1;
    if (text.charCodeAt(at) !== 44) return undefined;
    at += 1;
  }
  return undefined;
}

function endOfPlain(text: string, from: number, limit: number): number {
  let depth = 0;
  for (let i = from; i < limit; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 40) depth += 1;
    else if (code === 41 && depth > 0) depth -= 1;
    else if (code === 41 || (code === 44 && depth === 0) || code === 10) return i;
  }
  return limit;
}

/** Called just behind `insert into`. */
export function matchInsert(scan: Scan, end: number): void {
  if (end < scan.insertDone) return;
  const { text } = scan;
  COLUMNS.lastIndex = end;
  const columns = COLUMNS.exec(text);
  if (columns === null) return;
  const secret = secretColumns(scan, columns[1] ?? '', columns[2] ?? '', end);
  let at = COLUMNS.lastIndex;
  scan.insertDone = at;
  if (secret.size === 0) return;
  for (let row = 0; row < MOST_ROWS && text.charCodeAt(at) === 40; row += 1) {
    const next = maskRow(scan, at, secret);
    if (next === undefined) return;
    scan.insertDone = next;
    at = skipBlanks(text, next);
    if (text.charCodeAt(at) !== 44) break;
    at = skipBlanks(text, at + 1);
  }
  // SQLAlchemy tells behind a statement with placeholders what they stood for.
  const parameters = PARAMETERS.exec(text.slice(at, at + PARAMETERS_REACH));
  if (parameters !== null) maskRow(scan, at + parameters.index + parameters[0].length - 1, secret);
}
