// Reads what stands between a name and its value: closing quotes and brackets of the key, then the operator.

import { classOf, isBlank, runEnd, skipBlanks } from './characters.ts';
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
const SPELLED: readonly (readonly [string, OperatorKind, boolean])[] = [
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

function elementEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + ELEMENT_REACH);
  for (let i = from; i < limit; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 62) return text.charAt(i - 1) === '/' ? -1 : i + 1;
    if (code === 60 || code === 10) return -1;
    if (text.startsWith('&gt;', i)) return i + 4;
    if (text.startsWith('\\u003e', i)) return i + 6;
  }
  return -1;
}

function opensElement(text: string, nameFrom: number): boolean {
  const before = text.slice(Math.max(0, nameFrom - 24), nameFrom);
  return /(?:<|&lt;|\\u003c)(?:[A-Za-z][A-Za-z0-9]{0,15}:)?$/.test(before);
}

function spelledAt(text: string, at: number): readonly [string, OperatorKind, boolean] | undefined {
  const code = text.charCodeAt(at);
  // Letters and digits, by far the commonest, are no operator.
  if ((code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122)) return undefined;
  return SPELLED.find(([literal]) => text.startsWith(literal, at));
}

/** `nameFrom` is where the name begins, `nameTo` where it ends. */
export function readOperator(text: string, nameFrom: number, nameTo: number): Operator {
  let at = nameTo;
  const plain = { keyQuote: '', encoded: false, spaced: false, compares: false };
  const first = text.charCodeAt(at);
  if ((first === 62 || first === 32 || first === 38 || first === 92) && opensElement(text, nameFrom)) {
    const end = elementEnd(text, at);
    if (end !== -1) return { ...plain, kind: 'element', end };
  }
  const keyQuote = quoteAt(text, at);
  at += keyQuote.length;
  if (keyQuote !== '') at += VISIBILITY.exec(text.slice(at, at + 96))?.[0].length ?? 0;
  while (at - nameTo < 120 && (text.charAt(at) === ']' || text.charAt(at) === ')')) at += 1;
  at += PLACEHOLDER_END.exec(text.slice(at, at + 12))?.[0].length ?? 0;
  const serialized = keyQuote === '' ? null : SERIALIZED.exec(text.slice(at, at + 24));
  if (serialized !== null) return { ...plain, keyQuote, kind: 'arrow', end: at + serialized[0].length };
  if (text.startsWith('%5D', at) || text.startsWith('%5d', at)) at += 3;
  if (keyQuote !== '' && text.charAt(at) === '>') return { ...plain, keyQuote, kind: 'element', end: at + 1 };
  // setPassword("…")
  if (keyQuote === '' && text.charAt(at) === '(' && quoteAt(text, at + 1) !== '')
    return { ...plain, kind: 'call', end: at + 1 };
  if (text.startsWith('....', at)) {
    const behind = runEnd(text, at, LEADERS, at + 256);
    return { ...plain, keyQuote, kind: 'colon', end: behind, spaced: true };
  }
  const blanks = skipBlanks(text, at);
  if (blanks > at && text.startsWith('....', blanks)) {
    const behind = runEnd(text, blanks, LEADERS, blanks + 256);
    return { ...plain, keyQuote, kind: 'colon', end: behind, spaced: true };
  }
  const spelled = spelledAt(text, blanks);
  if (spelled === undefined) {
    return { ...plain, keyQuote, kind: blanks > at ? 'space' : 'none', end: blanks };
  }
  const [literal, kind, encoded] = spelled;
  const behind = blanks + literal.length;
  const end = skipBlanks(text, behind);
  const compares = literal.startsWith('==') || literal.startsWith('!=');
  return {
    keyQuote,
    encoded,
    compares,
    kind,
    end,
    spaced: blanks > at || (end > behind && isBlank(text.charCodeAt(behind))),
  };
}
