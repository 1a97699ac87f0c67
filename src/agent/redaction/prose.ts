// Masks a secret that follows its name without an operator: flags, SQL, tables, tuples, and sentences that quote one.

import { acceptsDelimited, isUpstream, maskValue, type Named } from './named.ts';
import { classOf, inClass, isBlank, skipBlanks } from './characters.ts';
import { matchAuthorization } from './header-value.ts';
import type { Operator } from './operator.ts';
import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';
import { isPath, isReference, isStatusWord, isWordOnly, looksGenerated, looksSecret } from './value-judgement.ts';

/** Words between a name and its value: `password for app is …`, `API key provided: …`. */
const CONNECTOR =
  /(?:(?:is|are|was|as|to|set|with(?= ["'])|with value|changed|provided|returned|used|value|generated|issued|received|supplied|given|using|reads|now|of|[0-9]{1,2}|=|->|for (?:the )?(?:user |account |role |database )?[\w@.%'"-]{1,60})(?::| |: ))/iy;
const CONNECTOR_BEGINS = classOf('iwatscprugvnofIWATSCPRUGVNOF=-', '0-9');
const LONGEST_CELL = 512;
const MOST_CONNECTORS = 4;
/** Directives of configuration files that take their value after a blank. */
const DIRECTIVES =
  /^(?:requirepass|masterauth|rpcpassword|auth-pass|sentinel_auth_pass|bindpw|rootpw|bind-pw|olcrootpw)$/i;

interface Candidate {
  readonly from: number;
  readonly end: number;
  readonly quote: string;
}

function candidateAt(scan: Scan, at: number): Candidate {
  const { text } = scan;
  const quote = quoteAt(text, at);
  if (quote === '') return { from: at, end: endOfBare(scan, at), quote };
  const from = at + quote.length;
  return { from, end: endOfQuoted(scan, from, quote, scan.lineEnd(from)), quote };
}

function isFlag(text: string, named: Named): boolean {
  if (text.charCodeAt(named.from - 1) !== 45) return false;
  let i = named.from - 1;
  while (i > 0 && text.charCodeAt(i - 1) === 45 && named.from - i < 3) i -= 1;
  const before = text.charCodeAt(i - 1);
  return i === 0 || isBlank(before) || before === 10 || '"\'`[(,='.includes(text.charAt(i - 1));
}

/** `--password X`, `"--password", "X"`. */
function matchFlag(scan: Scan, named: Named, operator: Operator): boolean {
  const { text } = scan;
  if (!isFlag(text, named)) return false;
  let at = operator.kind === 'comma' ? operator.end : skipBlanks(text, operator.end);
  // The kernel's audit: a1="--password" a2="…"
  at += /^a[0-9]{1,3}=(?=")/.exec(text.slice(at, at + 6))?.[0].length ?? 0;
  if (operator.keyQuote !== '' && operator.kind !== 'comma' && quoteAt(text, at) === '') return false;
  const { from, end, quote } = candidateAt(scan, at);
  const value = text.slice(from, end);
  if (value.startsWith('-') || isReference(value) || value.length < 2) return false;
  if (named.verdict === 'query' || named.verdict === 'weak') {
    if (!looksSecret(value)) return false;
  } else if (quote === '' && isWordOnly(value) && !flaggedWord(scan, named, value, end)) return false;
  maskValue(scan, named, from, end);
  return true;
}

/** A plain word behind a flag is its value only where the line is a command, not a sentence about the flag. */
function flaggedWord(scan: Scan, named: Named, value: string, end: number): boolean {
  if (isStatusWord(value) || /^(?:option|options|flag|flags|argument|instead|when|if|via)$/i.test(value)) return false;
  const { text } = scan;
  const rest = text.slice(end, Math.min(scan.lineEnd(end), end + 64));
  if (rest.trim() === '' || /^\s+-{1,2}[A-Za-z]/.test(rest)) return true;
  const lead = text.slice(Math.max(scan.lineStart(named.from), named.from - 200), named.from);
  return /\s-{1,2}[A-Za-z][\w-]*[ =]/.test(lead);
}

function matchTable(scan: Scan, named: Named, operator: Operator): void {
  const { text } = scan;
  const limit = Math.min(scan.lineEnd(operator.end), operator.end + LONGEST_CELL);
  let end = operator.end;
  while (end < limit && text.charCodeAt(end) > 32 && !'│║┃¦"\\'.includes(text.charAt(end))) end += 1;
  const value = text.slice(operator.end, end).replace(/^['"]|['"]$/g, '');
  if (!/^\s*(?:[|│║┃¦"\\]|$)/.test(text.slice(end, Math.min(limit, end + 128)))) return;
  if (!operator.spaced || value.includes(' ') || !acceptsDelimited(named, value)) return;
  const opens = /^[\s|│║┃¦]*$/.test(text.slice(Math.max(scan.lineStart(named.from), named.from - 40), named.from));
  const weak =
    opens &&
    named.verdict === 'password' &&
    !isStatusWord(value) &&
    /^[\s|│║┃¦]*$/.test(text.slice(end, Math.min(limit, end + 64)));
  if (looksSecret(value) || weak) maskValue(scan, named, operator.end, end);
}

/** `name,value` as a line of its own, `(name,value)`. */
function matchColumns(scan: Scan, named: Named, operator: Operator): void {
  const { text } = scan;
  const before = text.charCodeAt(named.from - 1);
  const end = endOfBare(scan, operator.end);
  const value = text.slice(operator.end, end);
  const pair = before === 40 && text.charCodeAt(end) === 41;
  const line = named.from === scan.lineStart(named.from) && end >= scan.lineEnd(end);
  if (!(pair || line) || value.length < 8 || !looksSecret(value) || !acceptsDelimited(named, value)) return;
  maskValue(scan, named, operator.end, end);
}

function matchTuple(scan: Scan, named: Named, operator: Operator): void {
  const { text } = scan;
  // Erlang: {password,<<"…">>}, {password,"…"}
  const binary = text.startsWith('<<"', operator.end);
  const term = text.charCodeAt(named.from - 1) === 123;
  if (operator.keyQuote === '' && !binary && quoteAt(text, operator.end) === '') {
    matchColumns(scan, named, operator);
    return;
  }
  if (operator.keyQuote === '' && !binary && !term) return;
  const { from, end, quote } = candidateAt(scan, operator.end + (binary ? 2 : 0));
  if (quote === '') return;
  const value = text.slice(from, end);
  if (named.verdict === 'authorization') matchAuthorization(scan, from, end);
  else if (acceptsDelimited(named, value) && looksSecret(value)) maskValue(scan, named, from, end);
}

/** `setPassword("…")`; the argument of `getSecret("…")` is a name. */
function matchCall(scan: Scan, named: Named, operator: Operator): void {
  const { from, end } = candidateAt(scan, operator.end);
  if (/^(?:get|find|load|read|has|is|fetch|lookup|delete)/i.test(named.name)) return;
  if (looksGenerated(scan.text.slice(from, end), 8)) maskValue(scan, named, from, end);
}

function connected(text: string, from: number): { at: number; count: number } {
  let at = from;
  let count = 0;
  for (; count < MOST_CONNECTORS; count += 1) {
    if (!inClass(CONNECTOR_BEGINS, text.charCodeAt(at))) break;
    CONNECTOR.lastIndex = at;
    if (!CONNECTOR.test(text)) break;
    at = skipBlanks(text, CONNECTOR.lastIndex);
  }
  return { at, count };
}

/** Words that may stand between a password's name and the password, as installers write them. */
const LINKS =
  /^(?: (?!(?:failed|failure|error|invalid|expired|cannot|unable|denied|refused|mismatch|missing|request|hash|id|sha|trace)\b)[\w'@./\\-]{1,40}| \([^()\n]{0,120}\)){1,14} ?(?::|=)(?:[ \t]{1,4}|[ \t]{0,4}(?:\r?\n[ \t]{0,16}){1,3})/;

const LINK_WORDS = classOf('0-9', 'a-z', 'A-Z', "_'@./\\- ");

/** The words that link are walked once for all names among them; without a colon behind them nothing is announced. */
function mayAnnounce(scan: Scan, from: number): boolean {
  if (scan.text.charCodeAt(from) !== 32) return false;
  const behind = scan.text.charCodeAt(scan.runEnd(from, LINK_WORDS));
  return behind === 58 || behind === 61 || behind === 40;
}

/** `Password for the elastic user (…):⏎  x`: the value stands behind the colon that ends the clause, alone up to its line's end. */
function matchAnnounced(scan: Scan, named: Named): boolean {
  const { text } = scan;
  if (!mayAnnounce(scan, named.to)) return false;
  const link = LINKS.exec(text.slice(named.to, named.to + 320));
  if (link === null) return false;
  const { from, end, quote } = candidateAt(scan, named.to + link[0].length);
  const value = text.slice(from, end);
  const alone = /^["'`]?[.,;)]?\s*$/.test(text.slice(end, Math.min(scan.lineEnd(end), end + 16)));
  if (!alone || value.length < 8 || !looksSecret(value) || isReference(value) || NEIGHBOUR.test(value)) return false;
  if (named.verdict !== 'password' && quote === '' && !looksGenerated(value, 12)) return false;
  if (!looksGenerated(value, 8) && !/[!#$%^&*~@]/.test(value)) return false;
  maskValue(scan, named, from, end);
  return true;
}

/** The next pair, the address of something, a remark in brackets, a place in a program (`settings.py:12`). */
const NEIGHBOUR = /^(?:[A-Za-z][\w.-]{0,63}=[^=]|0x[0-9a-f]{1,16}$|[([]|[\w/\\.-]{1,160}\.[A-Za-z]{1,5}:[0-9]{1,6}\b)/;

/** GnuPG names keys by the id or the fingerprint of their public half. */
const FINGERPRINT = /^(?:[0-9a-f]{16}|[0-9a-f]{40})$/i;

/** A sentence: the value must look generated, unless SQL, netrc or a directive says that it is one. */
function matchSentence(scan: Scan, named: Named, operator: Operator): void {
  const { text } = scan;
  if ((named.verdict === 'password' || named.verdict === 'secret') && matchAnnounced(scan, named)) return;
  const { at, count } = connected(text, operator.end);
  const { from, end, quote } = candidateAt(scan, at);
  const value = text.slice(from, end);
  if (value.length < 2 || value.includes('://') || isReference(value) || named.verdict === 'query') return;
  if ((quote === '' && NEIGHBOUR.test(value)) || isUpstream(named, value)) return;
  if (FINGERPRINT.test(value) && /signing $/i.test(text.slice(Math.max(0, named.from - 8), named.from))) return;
  if (named.verdict === 'authorization') {
    if (looksGenerated(value, 12)) matchAuthorization(scan, from, end);
    return;
  }
  if (
    isStated(scan, named, operator, { from, end, quote }, at, count)
      ? acceptsDelimited(named, value)
      : isTold(named, value, quote, count)
  )
    maskValue(scan, named, from, end);
}

/** SQL, a directive or netrc says that the value is one. */
function isStated(
  scan: Scan,
  named: Named,
  operator: Operator,
  { from, end, quote }: Candidate,
  at: number,
  count: number,
): boolean {
  const { text } = scan;
  // `requirepass is not set` speaks of the directive.
  if (DIRECTIVES.test(named.name)) return count === 0 || quote !== '' || !isStatusWord(text.slice(from, end));
  if (named.verdict !== 'password') return false;
  const lead = text.slice(Math.max(scan.lineStart(named.from), named.from - 160), named.from);
  return (
    (quote === "'" &&
      (count === 0 || /=\s*$/.test(text.slice(operator.end, at))) &&
      !isPath(text.slice(from, end)) &&
      !/(?:wrong|invalid|unknown|unexpected) $/i.test(lead)) ||
    lead.endsWith('_set_header ') ||
    ((lead.includes('login') || lead.includes('machine')) && isNetrc(scan, lead, from, end))
  );
}

/** `machine host login user password x`, and nothing behind it but more of the same. */
function isNetrc(scan: Scan, lead: string, from: number, end: number): boolean {
  if (!/\b(?:login|machine)\s+\S*[^\s:,]\s+$/.test(lead)) return false;
  const { text } = scan;
  const rest = text.slice(end, Math.min(scan.lineEnd(end), end + 32));
  return (
    !isWordOnly(text.slice(from, end)) || /^["'\\,)]*\s*(?:$|(?:account|machine|macdef|port|protocol)\b|\\n)/.test(rest)
  );
}

/** The looks of the value, and what stands around it, say that it is one. */
function isTold(named: Named, value: string, quote: string, count: number): boolean {
  if (!looksSecret(value)) return looksGenerated(value, 12);
  if (named.verdict === 'password') {
    if (/[a-z0-9]_[a-z]/i.test(named.name)) return true;
    if (/[a-z]-[a-z]/i.test(named.name) && looksGenerated(value, 8)) return true;
    if ((count > 0 || quote !== '') && !/^[0-9-]+$/.test(value)) return true;
  }
  // Base64 with a slash in it, under a name that nobody would write in a sentence.
  if (
    /[a-z0-9]_[a-z]/i.test(named.name) &&
    /^(?=.*[a-z])(?=.*[A-Z])(?=.*[0-9])[A-Za-z0-9+/]{12,128}={0,2}$/.test(value)
  )
    return true;
  if (quote !== '' && /[a-z][A-Z]|[_-]/.test(named.name) && !/^[a-z]+(?:[-_.][a-z0-9]+)*$/.test(value)) return true;
  return looksGenerated(value, 12);
}

/** Lisp: `(name . "value")`; loggers: `name [value]`, `name (value)`. */
function matchBracketed(scan: Scan, named: Named, operator: Operator): boolean {
  const { text } = scan;
  const dotted = text.startsWith('. "', operator.end) && text.charCodeAt(named.from - 1) === 40;
  const at = dotted ? operator.end + 2 : operator.end + 1;
  const open = text.charAt(operator.end);
  if (!dotted && open !== '[' && open !== '(') return false;
  const { from, end } = candidateAt(scan, at);
  const value = text.slice(from, end);
  // PostgreSQL: `Key (order_id)=(…) already exists.` names a column in the brackets; the column is judged for itself.
  if (/[)\]]=/.test(value.slice(0, 128))) return false;
  if (!dotted && !'])'.includes(text.charAt(end)) && quoteAt(text, at) === '') return false;
  const generated = open === '(' ? looksGenerated(value, 10) : looksSecret(value);
  if (!(dotted ? acceptsDelimited(named, value) : generated)) return false;
  maskValue(scan, named, from, end);
  return true;
}

/** No assigning operator stands behind the name. */
export function matchProse(scan: Scan, named: Named, operator: Operator): void {
  if (matchFlag(scan, named, operator)) return;
  if (operator.kind === 'pipe') matchTable(scan, named, operator);
  else if (operator.kind === 'call') matchCall(scan, named, operator);
  else if (operator.kind === 'comma') matchTuple(scan, named, operator);
  else if (!(operator.kind === 'space' && matchBracketed(scan, named, operator))) matchSentence(scan, named, operator);
}
