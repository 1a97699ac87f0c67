// Masks values without quotes, where the notation around them (env line, YAML, logfmt, query, prose) says how far they go.

import { acceptsBare, categoryOf, isQueryParameter, maskValue, type Named } from './named.ts';
import { ALPHANUMERIC, inClass, isBlank, UPPER } from './characters.ts';
import { headerEnd, matchAuthorization, matchCookies } from './header-value.ts';
import type { Operator } from './operator.ts';
import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';
import { isAbsent, isNumber, isStatusWord, isWordOnly, looksGenerated, looksSecret } from './value-judgement.ts';

/** What may stand before a key that begins its line: indentation, list dash, `export`, a compose or `set -x` prefix. */
const LINE_LEAD =
  /^(?:[A-Za-z0-9][\w.-]{0,63}\s{1,16}\|\s{1,8})?(?:[ \t]{0,64}(?:[-*>#•+] {1,3})?)(?:export |declare -x |declare -rx |typeset -x |set -gx |setenv |ENV |ARG |SET |set |env |let |const |var |final |\$env:|\$|@|:)?["']?$/;
/** After the first word of an env line: a flag, another assignment, a pipe, a path, a comment. */
const COMMAND_REST =
  /(?:^|\s)(?:-{1,2}[A-Za-z]|[A-Za-z_][\w.-]{0,64}[=:]|&&|\|\||[|;>#(]|\.{0,2}\/|(?:psql|mysql|mysqldump|pg_dump|node|python3?|npm|npx|docker|curl|bash|sh|exec|sudo|redis-cli|restic)\b)/;
const SENTENCE =
  /[.!?]$|\b(?:is|are|was|were|must|should|cannot|could|not|has|have|been|being|will|after|before|complete|completed|creating|created|destroyed|reading|still|for|the|with|from|at|by|to|of|in|on|a|an|and|or|no|failed|invalid|required|missing|expired|found|error|reset|set|changed|context)\b/i;

/** A value of several words is not looked for in longer lines. */
const LONGEST_PLAIN_LINE = 1024;

const NESTED_VALUE = /\r?\n[ \t]{1,64}(?:value|val|default): {0,8}/y;

interface Line {
  /** The key begins its line. */
  readonly leads: boolean;
  readonly indented: boolean;
  readonly end: number;
}

function lineOf(scan: Scan, named: Named): Line {
  const start = scan.lineStart(named.from);
  const end = scan.lineEnd(named.from);
  if (named.from - start > 160) return { leads: false, indented: false, end };
  const lead = scan.text.slice(start, named.from);
  return { leads: LINE_LEAD.test(lead), indented: /^\s/.test(lead) || lead.includes('- '), end };
}

function isCompound(name: string): boolean {
  return /[_.-]|[a-z][A-Z]|^[A-Z][A-Z0-9]+$/.test(name);
}

/** `NAME=value` as `printenv` writes it has no quotes: the value is the rest of the line. */
function envLineEnd(text: string, at: number, bareEnd: number, lineLimit: number): number {
  const rest = text.slice(bareEnd, Math.min(lineLimit, bareEnd + 512));
  if (rest.trim() === '') return bareEnd;
  if (/^[;,]\s/.test(rest)) return bareEnd;
  if (COMMAND_REST.test(rest)) return /^[\s]/.test(rest) ? bareEnd : endOfWord(text, at, lineLimit);
  return trimmedEnd(text, at, lineLimit);
}

function endOfWord(text: string, at: number, limit: number): number {
  let i = at;
  while (i < limit && text.charCodeAt(i) > 32) i += 1;
  return i;
}

/** The blanks at the end of a line are walked once per line that begins with a key. */
function trimmedEnd(text: string, from: number, to: number): number {
  let end = to;
  while (end > from && (isBlank(text.charCodeAt(end - 1)) || text.charCodeAt(end - 1) === 13)) end -= 1;
  return end;
}

/** The assignment stands inside quotes of its own: `"DB_PASSWORD=two words"`. */
function enclosingQuote(text: string, named: Named): string {
  const last = text.charCodeAt(named.from - 1);
  if (last !== 34 && last !== 39) return '';
  const before = text.slice(Math.max(0, named.from - 8), named.from);
  return /\\*["']$/.exec(before)?.[0] ?? '';
}

function equalsEnd(scan: Scan, named: Named, operator: Operator, at: number, line: Line): number {
  const { text } = scan;
  const bareEnd = endOfBare(scan, at, operator.encoded);
  if (operator.encoded) return bareEnd;
  const shouted = /^[A-Z][A-Z0-9_]*$/.test(named.name);
  const quote = enclosingQuote(text, named);
  if (quote !== '' && shouted && quoteAt(text, named.to) === '') {
    const closed = endOfQuoted(scan, at, quote, line.end);
    // An escaped line break inside the string ends the line of the environment.
    const broken = text.slice(at, Math.min(closed, at + 1024)).search(/\\+[nr]/);
    const end = broken === -1 ? closed : at + broken;
    return COMMAND_REST.test(text.slice(bareEnd, Math.min(end, bareEnd + 512))) ? bareEnd : Math.max(end, at);
  }
  if (line.leads && (shouted || named.name.includes('.') || operator.spaced))
    return envLineEnd(text, at, bareEnd, line.end);
  return bareEnd;
}

function bareEquals(scan: Scan, named: Named, operator: Operator, at: number): void {
  const { text } = scan;
  // `key=`, `t=` are everywhere; outside of a URL their values are not looked at.
  if (named.verdict === 'query' && !isQueryParameter(text, named)) return;
  const line = lineOf(scan, named);
  const end = equalsEnd(scan, named, operator, at, line);
  const value = text.slice(at, end);
  if (operator.compares && !looksSecret(value)) return;
  if (operator.kind === 'arrow' && operator.keyQuote === '' && text.charAt(named.to) !== ']' && !looksSecret(value))
    return;
  const environment = line.leads && /^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(named.name) && WEAK_SECRET.test(value);
  if (!environment && !acceptsBare(text, named, value)) return;
  maskValue(scan, named, at, end);
}

/** Words that would be said about a secret elsewhere, and are one in an environment: `API_SECRET=secret`. */
const WEAK_SECRET = /^(?:secret|password|token|key|test|default|public|private|client|server|internal|string)$/i;

/** A block scalar (`key: |`): the deeper indented lines that follow are the value. */
function maskBlock(scan: Scan, named: Named, headerEnd: number): void {
  const { text } = scan;
  const start = scan.lineStart(named.from);
  const indent = /^[ \t-]*/.exec(text.slice(start, start + 64))?.[0].length ?? 0;
  let at = headerEnd;
  for (let count = 0; count < 200; count += 1) {
    const next = text.indexOf('\n', at) + 1;
    if (next === 0) return;
    const stop = text.indexOf('\n', next) === -1 ? text.length : text.indexOf('\n', next);
    const own = /^[ \t]*/.exec(text.slice(next, next + 128))?.[0].length ?? 0;
    if (own <= indent || next + own >= stop) return;
    scan.add(next + own, trimmedEnd(text, next + own, stop), categoryOf(named));
    scan.nameDone = Math.max(scan.nameDone, stop);
    at = stop;
  }
}

/** The rest of a line that begins with the key, when it reads as a value and not as a sentence. */
function wholeLineValue(named: Named, line: Line, rest: string): boolean {
  if (rest.endsWith('...')) return false;
  if (!rest.includes(' '))
    return (
      (!isStatusWord(rest) &&
        (named.verdict === 'password' || isCompound(named.name) || !isWordOnly(rest) || looksSecret(rest))) ||
      (named.verdict === 'password' &&
        isCompound(named.name) &&
        !/^(?:invalid|required|missing|expired|wrong|ok|none|empty)$/i.test(rest))
    );
  if (/^pass$/i.test(named.name)) return false;
  if (SENTENCE.test(rest) && !rest.split(' ').some((word) => looksGenerated(word, 8))) return false;
  if (/^\S+ [#-]/.test(rest)) return false;
  return (isCompound(named.name) || line.indented) && named.verdict === 'password' && rest.length < 128;
}

const SOURCE_FILE =
  /\.(?:[cm]?[jt]sx?|py|go|rb|php|java|kt|scala|rs|c|cc|cpp|h|cs|fs|vue|svelte|exs?|erl|swift|pl|lua|sh)$/;
const PLAIN_NAME = /^[a-z]{4,}(?:_[a-z]{2,})*$/;
const INNER_PAIR = /^([A-Za-z_][\w.-]{0,63})=[^=]/;

function colonEnd(scan: Scan, named: Named, operator: Operator, at: number, line: Line): number {
  const { text } = scan;
  const bareEnd = endOfBare(scan, at, operator.encoded);
  const value = text.slice(at, bareEnd);
  if (operator.keyQuote !== '') return bareEnd;
  // `auth: api_key=x`: the value is a pair whose name says what is secret.
  const inner = INNER_PAIR.exec(value)?.[1];
  // `token revoked: accessor=x` goes on with pairs of its own.
  if (inner !== undefined && (scan.verdict(inner) !== 'none' || (PLAIN_NAME.test(inner) && !line.leads))) return at;
  // `(password.js:12:5)`: a place in a program.
  if (!operator.spaced && /^[0-9]{1,6}(?::[0-9]{1,6})?\)?$/.test(value) && SOURCE_FILE.test(named.name)) return at;
  // `arn:aws:secretsmanager:…:secret:name`
  if (!operator.spaced && text.charCodeAt(named.from - 1) === 58) return at;
  // `session:5f0a…`, `auth:attempts:…`: keys of a cache.
  if (named.verdict === 'weak' && !operator.spaced && !'[{('.includes(text.charAt(named.from - 1))) return at;
  if (line.leads && operator.spaced && line.end - at < LONGEST_PLAIN_LINE) {
    const restEnd = trimmedEnd(text, at, line.end);
    const rest = text.slice(at, restEnd).replace(/ #.*$/, '');
    if (wholeLineValue(named, line, rest)) return at + rest.trimEnd().length;
  }
  if (isNumber(value) && text.charCodeAt(bareEnd) === 58) return at;
  // `validate token: x509: certificate …`: a chain of messages, each ended by a colon.
  if (text.charCodeAt(bareEnd) === 58 && isBlank(text.charCodeAt(bareEnd + 1))) return at;
  if (looksSecret(value)) return bareEnd;
  return acceptsPlainWord(text, named, operator, at, bareEnd) ? bareEnd : at;
}

/** A weak value behind a colon in the middle of a line: only where a struct, a map or a compound name makes it one. */
function acceptsPlainWord(text: string, named: Named, operator: Operator, at: number, end: number): boolean {
  const value = text.slice(at, end);
  if (value.length < 3 || isStatusWord(value)) return false;
  const before = text.charCodeAt(named.from - 1);
  // `pam_unix(passwd:chauthtok)` calls something; `(password:x)` groups.
  const called = before === 40 && inClass(ALPHANUMERIC, text.charCodeAt(named.from - 2));
  const opened = (before === 123 || before === 91 || before === 40) && !called;
  const follows = text.charAt(end);
  if (!operator.spaced && named.verdict === 'password') {
    if (opened || inClass(UPPER, text.charCodeAt(named.from)))
      return follows === ' ' || follows === '}' || follows === ']' || follows === ')' || follows === ',';
    return follows === '}' || follows === ']';
  }
  if (named.verdict !== 'password' || !isCompound(named.name)) return false;
  return end >= text.length || ',;}\n'.includes(follows);
}

function bareColon(scan: Scan, named: Named, operator: Operator, at: number): void {
  const { text } = scan;
  const line = lineOf(scan, named);
  if (line.leads && /^[|>][+-]?[0-9]?\s*$/.test(text.slice(at, Math.min(line.end, at + 16)))) {
    if (line.end - at < 16) maskBlock(scan, named, at);
    return;
  }
  const end = colonEnd(scan, named, operator, at, line);
  if (end <= at) return;
  const value = text.slice(at, end);
  const json = operator.keyQuote.endsWith('"') || operator.keyQuote === "'";
  if (json && !isAcceptableScalar(named, value)) return;
  if (!acceptsBare(text, named, value)) return;
  // A bare number or word in JSON is replaced by a string, or the line would no longer parse.
  maskValue(scan, named, at, end, json ? operator.keyQuote : '');
}

function isAcceptableScalar(named: Named, value: string): boolean {
  if (isWordOnly(value) && value.length < 6 && isAbsent(value)) return false;
  if (/^[-0-9.]+$/.test(value))
    return (named.verdict === 'password' && value.length >= 4) || named.verdict === 'digits' || value.length >= 8;
  return value !== '' && !/^[[{]/.test(value);
}

/** YAML: `name:`, and below it `value: …`. */
function matchNestedValue(scan: Scan, named: Named, operator: Operator, at: number): void {
  NESTED_VALUE.lastIndex = at;
  if (operator.kind !== 'colon' || !NESTED_VALUE.test(scan.text)) return;
  const from = NESTED_VALUE.lastIndex;
  const quote = quoteAt(scan.text, from);
  const limit = scan.lineEnd(from);
  const end =
    quote === ''
      ? trimmedEnd(scan.text, from, Math.min(limit, from + LONGEST_PLAIN_LINE))
      : endOfQuoted(scan, from + quote.length, quote, limit);
  if (acceptsBare(scan.text, named, scan.text.slice(from + quote.length, end)))
    maskValue(scan, named, from + quote.length, end);
}

/** `session cookie: x`: the value of a cookie without its name. */
function maskLoneCookie(scan: Scan, named: Named, from: number, end: number): void {
  const value = scan.text.slice(from, Math.min(end, from + 512));
  if (/^[\w.%+/-]{20,511}$/.test(value) && looksGenerated(value, 20)) maskValue(scan, named, from, end);
}

/** The value begins at `at` and is not quoted. */
export function bareAssignment(scan: Scan, named: Named, operator: Operator, at: number): void {
  const { text } = scan;
  const code = text.charCodeAt(at);
  if (code === 10 || code === 13) {
    matchNestedValue(scan, named, operator, at);
    return;
  }
  if (at >= text.length) return;
  const tag =
    code === 33 || code === 38
      ? (/^(?:!!(?:str|binary|int)|&[\w-]{1,32}) /.exec(text.slice(at, at + 36))?.[0].length ?? 0)
      : 0;
  if (tag > 0) {
    bareAssignment(scan, named, operator, at + tag);
    return;
  }
  if (named.verdict === 'authorization' || named.verdict === 'cookie') {
    // In JSON only a number or null stands without quotes.
    if (operator.kind === 'colon' && operator.keyQuote.endsWith('"')) return;
    const limit = scan.lineEnd(at);
    const bracket = code === 91;
    const from = bracket ? at + 1 : at;
    const close = bracket ? scan.indexOf(']', from) : -1;
    const end = close !== -1 && close < limit ? close : headerEnd(scan, from, limit, enclosingQuote(text, named));
    if (named.verdict === 'authorization') matchAuthorization(scan, from, end);
    else if (!matchCookies(scan, from, end, named.name)) maskLoneCookie(scan, named, from, end);
    return;
  }
  if (operator.kind === 'colon') bareColon(scan, named, operator, at);
  else bareEquals(scan, named, operator, at);
}
