// Finds a value behind what languages write around it: types, casts, optional and secret wrappers, angle brackets.

import { classOf, inClass, LETTER, runEnd } from './characters.ts';
import { acceptsDelimited, maskValue, type Named } from './named.ts';
import type { Scan } from './scan.ts';
import { quoteAt } from './value-end.ts';
import { looksSecret } from './value-judgement.ts';

/** Where the value begins, and the quote that it stands in. */
export interface QuotedValue {
  readonly from: number;
  readonly quote: string;
}

/** Wrappers that loggers and debuggers put around a quoted value: `SecretStr('…')`, `u'…'`, `string(8) "…"`, `<<"…">>`. */
const WRAPPER =
  /(?:\(?[A-Za-z_.:&*[\]]{1,32}[(=][0-9]{0,6}\)? ?(?:\(len=[0-9]{1,6}\) ?)?|\(string\) (?:\(len=[0-9]{1,6}\) )?|[urbfURBFNEXq]{1,2}|\[[0-9]{0,4}\][a-z]{3,8}\{|[&@]|&[\w-]{1,32} |0x[0-9a-f]{1,16} |\([A-Za-z_]{1,24}\) ?|[A-Za-z]{3,12} ?= ?|!!str |<<)(?=\\{0,8}["'`])/y;

const WRAPS_WITHOUT_LETTER = classOf('_.:&*[]@0(!<');
/** Behind the letters that begin a wrapper: its bracket, its operator, or the quote itself. */
const FOLLOWS_WRAPPER = classOf('(= "\'`\\');
const FOLLOWS_BRACKET = classOf('0-9', ') (\\"\'`');

/** What the first characters say: most values without quotes are no wrappers. */
function mayWrap(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  if (!inClass(LETTER, first)) return inClass(WRAPS_WITHOUT_LETTER, first);
  const end = runEnd(text, at, WRAPPER_WORD, at + 34);
  const next = text.charCodeAt(end);
  if (!inClass(FOLLOWS_WRAPPER, next)) return false;
  if (next === 32) return text.charCodeAt(end + 1) === 61;
  return (next !== 40 && next !== 61) || inClass(FOLLOWS_BRACKET, text.charCodeAt(end + 1));
}

const WRAPPER_WORD = classOf('a-z', 'A-Z', '_.:&*[]');

export function quotedValueAt(text: string, at: number): QuotedValue | undefined {
  const direct = quoteAt(text, at);
  if (direct !== '') {
    // TOML and Python: """…"""
    const tripled = direct.length === 1 && text.startsWith(direct, at + 1) && text.startsWith(direct, at + 2);
    return { from: at + (tripled ? 3 : direct.length), quote: direct };
  }
  if (!mayWrap(text, at)) return undefined;
  WRAPPER.lastIndex = at;
  if (!WRAPPER.test(text)) return undefined;
  // The argument of `env('NAME', 'default')` is a name; the default is judged by that name.
  if (
    /(?:^|[^A-Za-z])(?:env|environ|get\w*|config|lookup|param\w*|input|prompt|read\w*|load\w*|fetch\w*|find\w*|var|header|label|translate|t)\($/i.test(
      text.slice(Math.max(at, WRAPPER.lastIndex - 32), WRAPPER.lastIndex),
    )
  )
    return undefined;
  const quote = quoteAt(text, WRAPPER.lastIndex);
  return quote === '' ? undefined : { from: WRAPPER.lastIndex + quote.length, quote };
}

/** `var token string = "…"`, `token: &str = "…"`, `String token = "…"`: a type stands between the name and its value. */
const TYPED =
  /(?:\s{1,4}|\s?:\s?)(?:&(?:'[a-z]+ )?|\*)?(?:std::)?(?:string|str|char|text|varchar|any|bytes|secretstr|optional\[str\]|\[\]byte|string\?|str \| none)(?:\[[0-9]*\])?\s{0,4}:?=\s{0,4}(?=[urbf]?\\{0,8}["'`])/iy;

/** `Some(x)`, `Optional[x]`: what types of optional and secret values print around theirs. */
const WRAPPED =
  /(?:Some|Optional|Option|Just|Ok|Right|Secret|SecretString|SecretStr|Password|Token)([([])(?=[^\s"'`)\]])/y;

const WRAPPED_BEGINS = classOf('SOJRPT');

export function maskWrapped(scan: Scan, named: Named, at: number): boolean {
  const { text } = scan;
  if (!inClass(WRAPPED_BEGINS, scan.text.charCodeAt(at))) return false;
  WRAPPED.lastIndex = at;
  const open = WRAPPED.exec(text);
  if (open === null) return false;
  const from = WRAPPED.lastIndex;
  const close = scan.indexOf(open[1] === '(' ? ')' : ']', from);
  if (close === -1 || close > Math.min(scan.lineEnd(from), from + 4096)) return false;
  if (!acceptsDelimited(named, text.slice(from, close))) return false;
  maskValue(scan, named, from, close);
  return true;
}

/** ODBC: `;PWD={x};`. Only a connection string puts braces around a value, for the sake of a semicolon in it; `{NAME}` refers to something. */
export function maskBraced(scan: Scan, named: Named, at: number): boolean {
  const { text } = scan;
  if (named.verdict !== 'password' || text.charCodeAt(named.from - 1) !== 59) return false;
  if (/^\{[A-Za-z_]{1,64}\}/.test(text.slice(at, at + 66))) return true;
  const value = /^\{([^{}\n]{1,128})\}(?:[;"'\\\s]|$)/.exec(text.slice(at, at + 132))?.[1];
  if (value === undefined || !acceptsDelimited(named, value)) return false;
  maskValue(scan, named, at + 1, at + 1 + value.length);
  return true;
}

/** `token=<x>`, unless `<x>` is a placeholder. */
export function maskAngled(scan: Scan, named: Named, at: number): boolean {
  const value = /^<([^<>\s"']{6,256})>/.exec(scan.text.slice(at, at + 260))?.[1];
  // Mail servers number their sessions so: `session=<AbCd12>`. That is settled, and nothing else is to look at it.
  if (named.verdict === 'weak') return value !== undefined;
  if (value === undefined || !looksSecret(value) || !acceptsDelimited(named, value)) return false;
  maskValue(scan, named, at + 1, at + 1 + value.length);
  return true;
}

const BEFORE_TYPE = classOf(' :\t\n\r');
const TYPE_BEGINS = classOf('&*[sctvaboSCTVABO');

/** A type begins with one of few characters, behind at most four blanks and a colon. */
function mayBeTyped(text: string, at: number): boolean {
  const first = text.charCodeAt(at);
  if (!inClass(BEFORE_TYPE, first)) return false;
  const from = runEnd(text, at + 1, BEFORE_TYPE, at + 5);
  return inClass(TYPE_BEGINS, text.charCodeAt(from));
}

/** The value behind the type that stands at `at`, if one does. */
export function typedValueAt(text: string, at: number): QuotedValue | undefined {
  if (!mayBeTyped(text, at)) return undefined;
  TYPED.lastIndex = at;
  return TYPED.test(text) ? quotedValueAt(text, TYPED.lastIndex) : undefined;
}
