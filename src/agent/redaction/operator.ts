// Reads what stands between a name and its value: closing quotes and brackets of the key, then the operator.

import { classOf, inClass, runEnd, skipBlanks } from './characters.ts';
import { quoteAt } from './value-end.ts';

export type OperatorKind = 'equals' | 'colon' | 'arrow' | 'pipe' | 'comma' | 'element' | 'space' | 'call' | 'none';

export interface Operator {
  readonly kind: OperatorKind;
  /** Where the value may begin (blanks after the operator are skipped). */
  readonly end: number;
  /** The quote that closes the key, '' when it has none. */
  readonly keyQuote: string;
  /** The operator was percent-encoded, so the value's delimiters are too. */
  readonly encoded: boolean;
  /** Blanks stood on either side of the operator. */
  readonly spaced: boolean;
  /** Compared (`==`, `!=`), not assigned. */
  readonly compares: boolean;
}

const LEADERS = classOf('.: ');
const ELEMENT_REACH = 256;
/** Literal, kind, whether it is percent-encoded. */
type Spelled = readonly [string, OperatorKind, boolean];
const SPELLED: readonly Spelled[] = [
  ['=>', 'arrow', false],
  ['=\\u003e', 'arrow', false],
  ['=&gt;', 'arrow', false],
  [':=', 'equals', false],
  ['?=', 'equals', false],
  ['===', 'equals', false],
  ['==', 'equals', false],
  ['!==', 'equals', false],
  ['!=', 'equals', false],
  ['+=', 'equals', false],
  ['->', 'arrow', false],
  ['~>', 'arrow', false],
  ['<-', 'arrow', false],
  ['→', 'arrow', false],
  ['=', 'equals', false],
  [':: ', 'colon', false],
  ['::', 'none', false],
  ['://', 'none', false],
  [':', 'colon', false],
  ['%3D', 'equals', true],
  ['%3d', 'equals', true],
  ['%3A', 'colon', true],
  ['%3a', 'colon', true],
  ['\\u003d', 'equals', false],
  ['\\u003a', 'colon', false],
  ['&#61;', 'equals', false],
  ['&#x3D;', 'equals', false],
  ['│', 'pipe', false],
  ['║', 'pipe', false],
  ['┃', 'pipe', false],
  ['¦', 'pipe', false],
  ['|', 'pipe', false],
  [',', 'comma', false],
  [';', 'comma', false],
];

/** `["name":protected]=>` and `["name":"Class":private]=>` of PHP's dumps. */
const VISIBILITY = /^:(?:protected|private|"[\w\\]{1,64}":private)(?=\])/;

/** `env[ NAME ] = x`, `{{NAME}} = x`, `<%= NAME %> = x`: what closes the place of a name before the operator. */
const PLACEHOLDER_END = /^ ?(?:\]|\)|\}{1,2}|%>)(?= {0,2}[=:])/;
/** PHP's serialize(): `"name";s:15:"value"`. */
const SERIALIZED = /^;s:[0-9]{1,6}:(?=\\{0,8}["'])/;

/** By their first character: names are everywhere, and most are followed by none of these. */
const SPELLED_BY_FIRST = Map.groupBy(SPELLED, ([literal]) => literal.charCodeAt(0));
const SPELLING_BEGINS = classOf('=:?!+-~<|,;%\\&');
/** Behind `=` or `:` these may make it a longer operator. */
const SPELLING_GOES_ON = classOf('=>:/ \\&');
const PLAIN_EQUALS: Spelled = ['=', 'equals', false];
const PLAIN_COLON: Spelled = [':', 'colon', false];

function elementEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + ELEMENT_REACH);
  for (let i = from; i < limit; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 62) return text.charCodeAt(i - 1) === 47 ? -1 : i + 1;
    if (code === 60 || code === 10) return -1;
    if (code === 38 && text.startsWith('&gt;', i)) return i + 4;
    if (code === 92 && text.startsWith('\\u003e', i)) return i + 6;
  }
  return -1;
}

/** What an element's name may stand behind: `<`, `&lt;`, `\u003c`, or a prefix with its colon. */
const BEFORE_ELEMENT = classOf('<;c:');

function opensElement(text: string, nameFrom: number): boolean {
  if (!inClass(BEFORE_ELEMENT, text.charCodeAt(nameFrom - 1))) return false;
  const before = text.slice(Math.max(0, nameFrom - 24), nameFrom);
  return /(?:<|&lt;|\\u003c)(?:[A-Za-z][A-Za-z0-9]{0,15}:)?$/.test(before);
}

function spelledAt(text: string, at: number): Spelled | undefined {
  if (at >= text.length) return undefined;
  const code = text.charCodeAt(at);
  if (code < 128 && !inClass(SPELLING_BEGINS, code)) return undefined;
  if ((code === 61 || code === 58) && !inClass(SPELLING_GOES_ON, text.charCodeAt(at + 1)))
    return code === 61 ? PLAIN_EQUALS : PLAIN_COLON;
  return SPELLED_BY_FIRST.get(code)?.find(([literal]) => text.startsWith(literal, at));
}

/** Behind the quote that closes a key: PHP's visibility, brackets, what closes a placeholder. */
function closedKeyEnd(text: string, from: number, quoted: boolean): number {
  let at = from;
  let code = text.charCodeAt(at);
  if (quoted && code === 58) at += VISIBILITY.exec(text.slice(at, at + 96))?.[0].length ?? 0;
  while (at - from < 120) {
    code = text.charCodeAt(at);
    if (code !== 93 && code !== 41) break;
    at += 1;
  }
  const closes = code === 32 ? text.charCodeAt(at + 1) : code;
  if (closes === 93 || closes === 41 || closes === 125 || closes === 37)
    at += PLACEHOLDER_END.exec(text.slice(at, at + 12))?.[0].length ?? 0;
  return at;
}

/** The end of `....: ` between a name and its value, or -1. */
function leadersEnd(text: string, at: number): number {
  return text.charCodeAt(at) === 46 && text.startsWith('....', at) ? runEnd(text, at, LEADERS, at + 256) : -1;
}

function plainOperator(kind: OperatorKind, end: number, keyQuote = '', spaced = false): Operator {
  return { kind, end, keyQuote, encoded: false, spaced, compares: false };
}

/** `nameFrom` is where the name begins, `nameTo` where it ends. */
export function readOperator(text: string, nameFrom: number, nameTo: number): Operator {
  const first = text.charCodeAt(nameTo);
  if ((first === 62 || first === 32 || first === 38 || first === 92) && opensElement(text, nameFrom)) {
    const end = elementEnd(text, nameTo);
    if (end !== -1) return plainOperator('element', end);
  }
  const keyQuote = quoteAt(text, nameTo);
  let at = closedKeyEnd(text, nameTo + keyQuote.length, keyQuote !== '');
  const code = text.charCodeAt(at);
  if (keyQuote !== '' && code === 59) {
    const serialized = SERIALIZED.exec(text.slice(at, at + 24));
    if (serialized !== null) return plainOperator('arrow', at + serialized[0].length, keyQuote);
  }
  if (code === 37 && (text.startsWith('%5D', at) || text.startsWith('%5d', at))) at += 3;
  // Erlang: {<<"password">>,<<"…">>}
  if (keyQuote !== '' && text.startsWith('>>', at)) at += 2;
  else if (keyQuote !== '' && text.charCodeAt(at) === 62) return plainOperator('element', at + 1, keyQuote);
  // setPassword("…")
  if (keyQuote === '' && text.charCodeAt(at) === 40 && quoteAt(text, at + 1) !== '')
    return plainOperator('call', at + 1);
  const blanks = skipBlanks(text, at);
  const leaders = leadersEnd(text, blanks);
  if (leaders !== -1) return plainOperator('colon', leaders, keyQuote, true);
  const spelled = spelledAt(text, blanks);
  if (spelled === undefined) return plainOperator(blanks > at ? 'space' : 'none', blanks, keyQuote);
  const [literal, kind, encoded] = spelled;
  const behind = blanks + literal.length;
  const end = skipBlanks(text, behind);
  const compares = literal.startsWith('==') || literal.startsWith('!=');
  return { keyQuote, encoded, compares, kind, end, spaced: blanks > at || end > behind };
}
