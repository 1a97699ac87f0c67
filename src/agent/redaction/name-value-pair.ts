// Masks the value that stands beside its name instead of behind it: `{"name":"X","value":"…"}`, YAML, XML attributes, forms.

import { ALPHANUMERIC, classOf, inClass, LETTER, runStart } from './characters.ts';
import { acceptsDelimited, maskValue, type Named } from './named.ts';
import { matchAuthorization, matchCookies } from './header-value.ts';
import type { Operator } from './operator.ts';
import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';

const LOOK_BACK = 40;
const LOOK_BEHIND_VALUE = 512;

/** What a pair calls its name, besides words that end in `name` or `key`. */
const LABELS = new Set('k n param parameter field variable var header env setting option id label property'.split(' '));
const LONGEST_LABEL = 20;
const VALUE_LABEL =
  /\\*["']?\s*(?:[,;]|\\n|\\t|\)|\r?\n)?\s{0,64}(?:- )?\\*["']?:?(?:(?:[A-Za-z]{1,16}[_-]?)?value|val|v|content|contents|data|text|string_value|stringValue|defaultValue|default|secret_value)\\*["']?\s*(?:=>|[:=])\s*/iy;
/** Other short fields of the same object that may stand between a name and its value. */
const OTHER_FIELDS =
  /(?:\\{0,8}["']?,\s{0,64}\\{0,8}["']?(?!val(?:ue)?\b)[A-Za-z_]{1,24}\\{0,8}["']?\s{0,4}[:=]\s{0,4}(?:\\{0,8}["'][^"'\\\n]{0,64}(?=\\{0,8}["'])|-?[0-9.]{1,20}|true|false|null|None|nil)){1,3}/y;
/** `SET value='…' WHERE name='X'` */
const SQL_LABEL =
  /\b(?:value|val|setting_value|option_value|meta_value|content)\s{0,4}=\s{0,4}(')(?=[^']{1,256}'\s{1,4}WHERE\s[^']{1,64}'$)/gi;
const BACKWARD_LABEL = /\\*["']?(?:value|val|v|Value|content)\\*["']?\s*(?:=>|[:=])\s*(\\*["'])/g;
/** `{"op":"add","path":"/a/NAME","value":…}` (RFC 6902). */
const JSON_POINTER = /\\*"path\\*"\s?:\s?\\*"(?:\/[\w.~-]{1,32}){0,4}\/$/;
const FORM_LABEL = /form-data;\s*name=\\*["']?$/;
const FORM_GAP = /\\*["']?(?:(?:\r?\n){2}|(?:\\r\\n){2}|(?:\\n){2})/y;

function maskAt(scan: Scan, named: Named, at: number): boolean {
  const { text } = scan;
  const quote = quoteAt(text, at);
  const from = at + quote.length;
  const end = quote === '' ? endOfPlain(scan, at) : endOfQuoted(scan, from, quote, scan.lineEnd(from));
  return maskRange(scan, named, from, end, quote === '');
}

function endOfPlain(scan: Scan, at: number): number {
  // YAML: the value is the rest of its line, unless the line goes on as a flow mapping.
  const limit = scan.lineEnd(at);
  const rest = scan.text.slice(at, limit);
  return /^[^,{}[\]"]*$/.test(rest) && rest.length < 512 ? at + rest.trimEnd().length : endOfBare(scan, at);
}

function maskRange(scan: Scan, named: Named, from: number, end: number, bare: boolean): boolean {
  const { text } = scan;
  if (named.verdict === 'authorization') return matchAuthorization(scan, from, end);
  if (named.verdict === 'cookie') return matchCookies(scan, from, end, named.name);
  const value = text.slice(from, end);
  if (!acceptsDelimited(named, value)) return false;
  maskValue(scan, named, from, end, bare && /^[0-9]+$/.test(value) && text.includes('"') ? '"' : '');
  return true;
}

function matchBackward(scan: Scan, named: Named): boolean {
  const { text } = scan;
  const floor = Math.max(scan.lineStart(named.from), named.from - LOOK_BEHIND_VALUE);
  const opened = scan.lastBracket(named.from, LOOK_BEHIND_VALUE) - floor;
  const sql = text.charCodeAt(named.from - 1) === 39;
  if (opened < 0 && !sql) return false;
  const before = text.slice(floor, named.from);
  let last: RegExpExecArray | undefined;
  if (sql) for (const match of before.slice(Math.max(0, opened)).matchAll(SQL_LABEL)) last = match;
  if (opened >= 0) for (const match of before.slice(opened).matchAll(BACKWARD_LABEL)) last = match;
  if (last === undefined) return false;
  const [whole, quote = ''] = last;
  const from = floor + Math.max(0, opened) + last.index + whole.length;
  const end = endOfQuoted(scan, from, quote, named.from);
  return end < named.from && maskRange(scan, named, from, end, false);
}

function isQuote(code: number): boolean {
  return code === 34 || code === 39;
}

/** Where the quote that ends at `end` begins, with the backslashes before it. */
function quoteStart(text: string, end: number): number {
  return runStart(text, isQuote(text.charCodeAt(end - 1)) ? end - 1 : end, BACKSLASH, end - LOOK_BACK);
}

const BACKSLASH = classOf('\\\\');
const SPACE = classOf(' \t\n\r');

/** The name at `from` is itself the value of something called name or key: `"name":"`, `key=`, `param => '`. */
function isLabelled(text: string, from: number): boolean {
  let at = runStart(text, quoteStart(text, from), SPACE, from - LOOK_BACK);
  const operator = text.charCodeAt(at - 1);
  if (operator === 62 && text.charCodeAt(at - 2) === 61) at -= 2;
  else if (operator === 58 || operator === 61) at -= 1;
  else return false;
  const end = quoteStart(text, runStart(text, at, SPACE, at - LOOK_BACK));
  const start = runStart(text, end, LETTER, end - LONGEST_LABEL);
  if (start === end || (start > 0 && inClass(ALPHANUMERIC, text.charCodeAt(start - 1)))) return false;
  const label = text.slice(start, end).toLowerCase();
  return label.endsWith('name') || label.endsWith('key') || LABELS.has(label);
}

const BEFORE_PAIRED = classOf('"\'=> \t/\n\r');

/** True when the name was the name of a pair and its value is dealt with. */
export function matchPairedValue(scan: Scan, named: Named, operator: Operator): boolean {
  const { text } = scan;
  if (
    operator.kind === 'equals' ||
    operator.kind === 'arrow' ||
    (operator.kind === 'colon' && operator.keyQuote === '')
  )
    return false;
  // Most names are no pair's name: the character before them says so at once.
  const last = text.charCodeAt(named.from - 1);
  if (!inClass(BEFORE_PAIRED, last)) return false;
  if (isLabelled(text, named.from)) return matchLabelled(scan, named, operator);
  if (last === 47) return matchPointer(scan, named);
  if (text.charCodeAt(runStart(text, named.from, SPACE, named.from - LOOK_BACK) - 1) !== 62) return false;
  return NAME_ELEMENT.test(textBefore(text, named)) && matchElementPair(scan, named);
}

function textBefore(text: string, named: Named): string {
  return text.slice(Math.max(0, named.from - LOOK_BACK), named.from);
}

function matchPointer(scan: Scan, named: Named): boolean {
  if (!JSON_POINTER.test(textBefore(scan.text, named))) return false;
  VALUE_LABEL.lastIndex = named.to;
  return VALUE_LABEL.test(scan.text) && maskAt(scan, named, VALUE_LABEL.lastIndex);
}

function matchFormField(scan: Scan, named: Named): boolean {
  FORM_GAP.lastIndex = named.to;
  if (!FORM_GAP.test(scan.text)) return false;
  const at = FORM_GAP.lastIndex;
  return maskRange(scan, named, at, Math.min(scan.lineEnd(at), endOfFormValue(scan.text, at)), false);
}

function matchLabelled(scan: Scan, named: Named, operator: Operator): boolean {
  const { text } = scan;
  const before = textBefore(text, named);
  // GitHub's runner: `::set-env name=NAME::value`.
  if (text.startsWith('::', named.to) && /::[a-z-]{3,16} name=$/.test(before))
    return maskRange(scan, named, named.to + 2, endOfBare(scan, named.to + 2), true);
  if (FORM_LABEL.test(before)) return matchFormField(scan, named);
  if (NAME_ELEMENT.test(before)) return matchElementPair(scan, named);
  NESTED_VALUE.lastIndex = named.to;
  if (NESTED_VALUE.test(text)) return maskToElement(scan, named, NESTED_VALUE.lastIndex);
  VALUE_LABEL.lastIndex = named.to;
  if (VALUE_LABEL.test(text)) return maskAt(scan, named, VALUE_LABEL.lastIndex);
  OTHER_FIELDS.lastIndex = named.to;
  if (OTHER_FIELDS.test(text)) {
    VALUE_LABEL.lastIndex = OTHER_FIELDS.lastIndex;
    if (VALUE_LABEL.test(text)) return maskAt(scan, named, VALUE_LABEL.lastIndex);
  }
  return operator.kind !== 'element' && matchBackward(scan, named);
}

/** `name="X" serializeAs="String"><value>v</value>` */
const NESTED_VALUE = /\\*["'](?:\s{1,8}[\w:]{1,32}="[^"<>]{0,64}"){0,4}\s{0,8}>\s{0,64}<value[^<>]{0,64}>/iy;
const NAME_ELEMENT = /<(?:[\w:-]{0,24}(?:name|key)|(?:td|th|dt|b|code)(?: [^<>]{0,64})?)>\s*$/i;
const VALUE_ELEMENT = /\s{0,8}<\/[\w:-]{1,32}>\s{0,64}<(?:[\w:-]{0,24}(?:value|string)|td|dd|code)(?: [^<>]{0,64})?>/iy;

/** `<param-name>X</param-name><param-value>v</param-value>`, `<key>X</key><string>v</string>`. */
function matchElementPair(scan: Scan, named: Named): boolean {
  VALUE_ELEMENT.lastIndex = named.to;
  if (!VALUE_ELEMENT.test(scan.text)) return false;
  return maskToElement(scan, named, VALUE_ELEMENT.lastIndex);
}

function maskToElement(scan: Scan, named: Named, from: number): boolean {
  const close = scan.indexOf('<', from);
  if (close === -1) return false;
  let end = Math.min(close, scan.lineEnd(from));
  while (end > from && scan.text.charCodeAt(end - 1) === 32 && close - end < 8) end -= 1;
  return maskRange(scan, named, from, end, false);
}

const LONGEST_FORM_VALUE = 65_536;

function endOfFormValue(text: string, from: number): number {
  const stop = text.slice(from, from + LONGEST_FORM_VALUE).search(/\\+[rn"]|"/);
  return stop === -1 ? text.length : from + stop;
}
