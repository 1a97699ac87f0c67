// Masks the value of a secret-looking name in every notation that assigns one: `=`, `:`, `=>`, XML, tables, pairs.

import { matchAuthorization, matchCookies } from './header-value.ts';
import { inClass, LETTER, LOWER, NAME, runEnd, runStart } from './characters.ts';
import { bareAssignment } from './bare-assignment.ts';
import { acceptsDelimited, categoryOf, isMissedObject, isQueryParameter, maskValue, type Named } from './named.ts';
import type { NameVerdict } from './name-verdict.ts';
import { matchDelimitedTable } from './delimited-table.ts';
import { matchPairedValue } from './name-value-pair.ts';
import { type Operator, readOperator } from './operator.ts';
import { matchOptionPair, matchResolved } from './option-pair.ts';
import { matchProse } from './prose.ts';
import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';
import { isStatusWord, looksGenerated, looksSecret } from './value-judgement.ts';
import { maskAngled, maskBraced, maskWrapped, quotedValueAt, typedValueAt } from './wrapped-value.ts';

const LONGEST_NAME = 128;
/** How far around an element is looked for the JSON that it may stand in. */
const LONGEST_JUDGED = 512;

/** The tail of an escape (`\n`, `%26`, `\u0026`) before a name is not part of it. */
function withoutEscapeTail(text: string, from: number): number {
  if (from === 0) return from;
  const before = text.charCodeAt(from - 1);
  if (before === 37) return /^[0-9A-Fa-f]{2}/.test(text.slice(from, from + 2)) ? from + 2 : from;
  if (before !== 92) return from;
  if (/^u00[0-9a-fA-F]{2}/.test(text.slice(from, from + 5))) return from + 5;
  return /^[nrt]/.test(text.charAt(from)) ? from + 1 : from;
}

/** `API key` and `secret key` are written as two words in sentences. */
function spacedVerdict(text: string, from: number, name: string): NameVerdict | undefined {
  // Three letters or five, behind a blank: all others are judged as they stand.
  if ((name.length !== 3 && name.length !== 5) || text.charCodeAt(from - 1) !== 32) return undefined;
  if (!/^(?:key|token)$/i.test(name)) return undefined;
  const before = text.slice(Math.max(0, from - 12), from);
  if (name.length === 5) return /\b(?:public key|csrf|page|stop|pad) $/i.test(before) ? 'none' : undefined;
  return /\b(?:api|secret|access|encryption|signing|license|auth|master|unseal|recovery|private|pre-?shared) $/i.test(
    before,
  )
    ? 'secret'
    : undefined;
}

/** The whole name around a stem that ends at `stemEnd`. */
function nameAround(scan: Scan, stemEnd: number): Named | undefined {
  const { text } = scan;
  const floor = Math.max(scan.nameDone, stemEnd - LONGEST_NAME);
  let from = withoutEscapeTail(text, runStart(text, stemEnd, NAME, floor));
  let to = runEnd(text, stemEnd, NAME);
  scan.nameDone = to;
  if (to - from > LONGEST_NAME) return undefined;
  while (from < to && (text.charCodeAt(from) === 45 || text.charCodeAt(from) === 46)) from += 1;
  while (to > from && (text.charCodeAt(to - 1) === 45 || text.charCodeAt(to - 1) === 46)) to -= 1;
  let name = text.slice(from, to);
  // `password........: x`: dots as leaders between a name and its value.
  const leaders = name.indexOf('....');
  if (leaders > 0) {
    to = from + leaders;
    name = text.slice(from, to);
  }
  const verdict = spacedVerdict(text, from, name) ?? scan.verdict(name);
  if (verdict === 'none') return undefined;
  // Helm: `checksum/secret: …` is the digest of a file.
  if (
    text.charCodeAt(from - 1) === 47 &&
    /\b(?:checksum|hash|digest)$/.test(text.slice(Math.max(0, from - 10), from - 1))
  )
    return undefined;
  const named = { from, to, name, verdict };
  const brace = text.charCodeAt(from - 1) === 32 ? from - 2 : from - 1;
  if (text.charCodeAt(brace) !== 123) return named;
  const closes = text.charCodeAt(text.charCodeAt(to) === 32 ? to + 1 : to) === 125;
  if (closes && matchResolved(scan, named)) return undefined;
  // ${NAME:-default} refers to it.
  return text.charCodeAt(from - 2) === 36 ? undefined : named;
}

/** `unexpected token: "x"` is prose about a token; `token: "x"` and `authToken: "x"` assign one. */
function isProse(text: string, named: Named, operator: Operator): boolean {
  if (operator.kind !== 'colon' || operator.keyQuote !== '' || text.charCodeAt(named.from - 1) !== 32) return false;
  return inClass(LOWER, text.charCodeAt(named.from - 2)) && !/[A-Z_.-]/.test(named.name);
}

/** `{"msg":"DB_PASSWORD=","n":1}`: the quote closes the string in which the name stands, and opens no value. */
function closesOuterString(text: string, operator: Operator, from: number, end: number, quote: string): boolean {
  if (operator.keyQuote !== '') return quote.length < operator.keyQuote.length;
  const first = text.charAt(from);
  if (first === ' ' || first === '\t') return true;
  if (!',}]:)'.includes(first)) return false;
  const behind = text.slice(end + quote.length, end + quote.length + 1);
  return !text.startsWith(quote, end) || !(behind === '' || ' ,;)}]\r\n'.includes(behind));
}

function maskQuoted(scan: Scan, named: Named, operator: Operator, from: number, quote: string): boolean {
  const { text } = scan;
  const end = endOfQuoted(scan, from, quote, scan.lineEnd(from));
  if (closesOuterString(text, operator, from, end, quote)) return false;
  const value = text.slice(from, end);
  if (named.verdict === 'authorization') return matchAuthorization(scan, from, end);
  if (named.verdict === 'cookie') return matchCookies(scan, from, end, named.name);
  const hedged = operator.compares || isProse(text, named, operator);
  const accepted = hedged ? looksSecret(value) && !isStatusWord(value) : acceptsDelimited(named, value);
  if (!accepted || isMissedObject(text, named, from, end)) return false;
  if (named.verdict === 'query' && !isQueryParameter(text, named) && !looksGenerated(value, 20)) return false;
  maskValue(scan, named, from, end);
  maskChanged(scan, named, end);
  return true;
}

/** `["x", "y"]` and Go's `[Bearer x]`: every element. */
function maskList(scan: Scan, named: Named, operator: Operator, from: number): boolean {
  const { text } = scan;
  const limit = scan.lineEnd(from);
  let at = from + 1;
  let masked = false;
  for (let count = 0; count < 64 && at < limit; count += 1) {
    at = runEnd(text, at, BLANK_OR_COMMA, limit);
    const quote = quoteAt(text, at);
    if (quote === '') break;
    const end = endOfQuoted(scan, at + quote.length, quote, limit);
    if (closesOuterString(text, operator, at + quote.length, end, quote)) break;
    const value = text.slice(at + quote.length, end);
    if (named.verdict === 'authorization') masked = matchAuthorization(scan, at + quote.length, end) || masked;
    else if (named.verdict === 'cookie') masked = matchCookies(scan, at + quote.length, end, named.name) || masked;
    else if (
      acceptsDelimited(named, value) &&
      !value.includes(' ') &&
      (named.verdict === 'password' || looksSecret(value))
    ) {
      scan.add(at + quote.length, end, categoryOf(named));
      masked = true;
    }
    at = end + quote.length;
    scan.nameDone = Math.max(scan.nameDone, masked ? at : scan.nameDone);
  }
  // Without quotes it is Go's notation; in JSON such a list holds numbers, which must stay numbers.
  if (masked || quoteAt(text, from + 1) !== '' || operator.keyQuote !== '') return masked;
  const close = scan.indexOf(']', from);
  const end = close === -1 || close > limit ? limit : close;
  if (named.verdict === 'authorization') return matchAuthorization(scan, from + 1, end);
  if (named.verdict === 'cookie') return matchCookies(scan, from + 1, end, named.name);
  const value = text.slice(from + 1, end);
  if (end - from > 4096 || !acceptsDelimited(named, value) || !looksSecret(value)) return false;
  // Samba: `Auth: [SMB2,(null)]`.
  if (named.verdict === 'weak' && value.includes(',')) return false;
  maskValue(scan, named, from + 1, end);
  return true;
}

const BLANK_OR_COMMA = (() => {
  const table = new Uint8Array(128);
  for (const character of ' \t,') table[character.charCodeAt(0)] = 1;
  return table;
})();

const VALUE_ELEMENT = /\s{0,64}<(?:[A-Za-z]{1,16}:)?value[^<>]{0,64}>/iy;

function maskElement(scan: Scan, named: Named, at: number): boolean {
  const { text } = scan;
  VALUE_ELEMENT.lastIndex = at;
  const from = VALUE_ELEMENT.test(text) ? VALUE_ELEMENT.lastIndex : at;
  const limit = scan.lineEnd(from);
  const openings = ['<', '&lt;', '\\u003c'].map((opening) => scan.indexOf(opening, from));
  let end = openings.reduce((least, at) => (at === -1 ? least : Math.min(least, at)), limit);
  let start = from;
  if (text.startsWith('<![CDATA[', from)) {
    start = from + 9;
    const close = scan.indexOf(']]>', start);
    end = close === -1 || close > limit ? limit : close;
  }
  // `<password>` in a sentence or a usage line is a placeholder: an element is closed by its end tag.
  else if (end < limit && !/^(?:<|&lt;|\\u003c)(?:\/|\\\/|\\u002f|!)/i.test(text.slice(end, end + 16))) return false;
  // In JSON a bare quote ends the string in which the element began.
  const quoted = scan.bareQuote(start) < Math.min(end, start + LONGEST_JUDGED);
  if (quoted && /[{,[:]\s{0,4}"/.test(text.slice(Math.max(0, named.from - LONGEST_JUDGED), named.from))) return false;
  // A line cut off inside the element; the quote of a string around it is not part of the value.
  if (end >= limit) end = endOfBare(scan, start);
  if (!acceptsDelimited(named, text.slice(start, end).trim())) return false;
  maskValue(scan, named, start, end);
  return true;
}

const VALUE_FIELD =
  /[{(]\s{0,64}\\{0,8}"?(?:value|val|default|string|stringValue|secretValue|secretString|secret|plain|plaintext|raw|text|s)\\{0,8}"?\s{0,4}[:=]\s{0,4}(?=\\{0,8}["'])/iy;

/** `"name": {"value": "…"}`. */
function maskValueField(scan: Scan, named: Named, at: number): boolean {
  const open = scan.text.charCodeAt(at);
  if (open !== 123 && open !== 40) return false;
  VALUE_FIELD.lastIndex = at;
  if (!VALUE_FIELD.test(scan.text)) return false;
  const quote = quoteAt(scan.text, VALUE_FIELD.lastIndex);
  const from = VALUE_FIELD.lastIndex + quote.length;
  const end = endOfQuoted(scan, from, quote, scan.lineEnd(from));
  if (!acceptsDelimited(named, scan.text.slice(from, end))) return false;
  maskValue(scan, named, from, end);
  return true;
}

/** Newlines stand between `=>` and the value in `var_dump`, between key and value in wrapped JSON. */
function acrossLines(text: string, at: number, operator: Operator): number {
  if (operator.kind !== 'arrow' && operator.keyQuote === '') return at;
  const code = text.charCodeAt(at);
  if (code !== 10 && code !== 13 && code !== 92) return at;
  const match = /^(?:\r?\n|\\n)[ \t]{1,64}/.exec(text.slice(at, at + 68));
  return match === null ? at : at + match[0].length;
}

/** Terraform's plan: `name = "old" -> "new"`; the new value is as secret. */
function maskChanged(scan: Scan, named: Named, from: number): void {
  const { text } = scan;
  const code = text.charCodeAt(from);
  if (code !== 34 && code !== 39 && code !== 96 && code !== 92) return;
  const arrow = /^\\{0,8}["'`]\s{1,8}(?:->|=>|→)\s{1,8}/.exec(text.slice(from, from + 32));
  if (arrow === null) return;
  const at = from + arrow[0].length;
  const quote = quoteAt(text, at);
  if (quote === '') return;
  const end = endOfQuoted(scan, at + quote.length, quote, scan.lineEnd(at));
  if (acceptsDelimited(named, text.slice(at + quote.length, end))) maskValue(scan, named, at + quote.length, end);
}

/** pydantic: the field's name on a line of its own, then `…, input_value='…'`. */
function maskInputValue(scan: Scan, named: Named): boolean {
  const { text } = scan;
  if (text.charCodeAt(named.to) !== 10) return false;
  const marker = text.slice(named.to, named.to + 240).indexOf('input_value=');
  if (marker === -1) return false;
  const quote = quoteAt(text, named.to + marker + 12);
  const from = named.to + marker + 12 + quote.length;
  const end = quote === '' ? from : endOfQuoted(scan, from, quote, scan.lineEnd(from));
  if (end === from || !acceptsDelimited(named, text.slice(from, end))) return false;
  maskValue(scan, named, from, end);
  return true;
}

/** Called where a stem of a secret name ends. */
export function matchName(scan: Scan, stemEnd: number): void {
  // The user of a URL is no name: `https://token:x@host`.
  if (stemEnd <= scan.nameDone || stemEnd <= scan.urlDone) return;
  const { text } = scan;
  const named = nameAround(scan, stemEnd);
  if (named === undefined) return;
  const typed = typedValueAt(text, named.to);
  const operator = readOperator(text, named.from, named.to);
  if (typed !== undefined) {
    maskQuoted(scan, named, { ...operator, kind: 'equals' }, typed.from, typed.quote);
    return;
  }
  matchDelimitedTable(scan, named, operator);
  if (matchPairedValue(scan, named, operator)) return;
  switch (operator.kind) {
    case 'element':
      maskElement(scan, named, operator.end);
      return;
    case 'none':
      if (!maskInputValue(scan, named)) maskValueField(scan, named, operator.end);
      return;
    case 'space':
      if (maskValueField(scan, named, operator.end) || matchOptionPair(scan, named)) return;
      matchProse(scan, named, operator);
      return;
    case 'comma':
      if (operator.keyQuote !== '' && matchOptionPair(scan, named)) return;
      matchProse(scan, named, operator);
      return;
    case 'call':
    case 'pipe':
      matchProse(scan, named, operator);
      return;
    case 'equals':
    case 'colon':
    case 'arrow': {
      const at = acrossLines(text, operator.end, operator);
      const quoted = quotedValueAt(text, at);
      if (quoted !== undefined) {
        maskQuoted(scan, named, operator, quoted.from, quoted.quote);
        return;
      }
      const code = text.charCodeAt(at);
      if (maskWrapped(scan, named, at)) return;
      if (code === 60 && maskAngled(scan, named, at)) return;
      if (code === 91 && maskList(scan, named, operator, at)) return;
      if (code === 123 && (maskValueField(scan, named, at) || maskBraced(scan, named, at))) return;
      if (code === 123 && !inClass(LETTER, text.charCodeAt(at + 1))) return;
      // PostgreSQL: `Key (token)=(x) already exists.`
      bareAssignment(scan, named, operator, code === 40 && text.charCodeAt(named.to) === 41 ? at + 1 : at);
    }
  }
}
