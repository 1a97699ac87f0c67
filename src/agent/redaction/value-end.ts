// Finds where a value begins and ends: inside quotes of any depth of escaping, or bare up to what delimits it there.

import type { Scan } from './scan.ts';
import { ALPHANUMERIC, classOf, HEX, inClass, isBlank, LETTER, NAME, runEnd } from './characters.ts';

/** An unclosed quote is a truncated line; its value is taken up to here at most. */
const LONGEST_VALUE = 65_536;

/** Quotes that are spelled out, by their first character. */
const AMPERSAND_QUOTES = ['&quot;', '&#34;', '&#39;', '&#x27;', '&#x22;', '&apos;'];
const PERCENT_QUOTES = ['%22', '%27'];
const BACKSLASH_QUOTES = ['\\u0022', '\\u0027'];
const CURLY_QUOTES = ['“', '‘'];
const CLOSING: Readonly<Record<string, string>> = { '“': '”', '‘': '’' };

/** The quote that stands at `at`, with the backslashes before it (`"`, `\"`, `\\\"`, `&quot;`, `%22`), or ''. */
export function quoteAt(text: string, at: number): string {
  if (at >= text.length) return '';
  const first = text.charCodeAt(at);
  if (first === 34 || first === 39 || first === 96) return text.charAt(at);
  if (first === 92) return escapedQuoteAt(text, at);
  if (first === 38) return spelledQuote(AMPERSAND_QUOTES, text, at);
  if (first === 37) return spelledQuote(PERCENT_QUOTES, text, at);
  return first < 0x2018 ? '' : spelledQuote(CURLY_QUOTES, text, at);
}

function escapedQuoteAt(text: string, at: number): string {
  let i = at;
  while (i < text.length && i - at < 16 && text.charCodeAt(i) === 92) i += 1;
  const code = text.charCodeAt(i);
  if (code === 34 || code === 39 || code === 96) return text.slice(at, i + 1);
  return i === at + 1 && code === 117 ? spelledQuote(BACKSLASH_QUOTES, text, at) : '';
}

function spelledQuote(spellings: readonly string[], text: string, at: number): string {
  return spellings.find((spelling) => text.startsWith(spelling, at)) ?? '';
}

function backslashesBefore(text: string, at: number, floor: number): number {
  let i = at;
  while (i > floor && text.charCodeAt(i - 1) === 92) i -= 1;
  return at - i;
}

function closeOfEntity(scan: Scan, from: number, quote: string, limit: number): number {
  const close = scan.indexOf(CLOSING[quote] ?? quote, from);
  return close === -1 || close > limit ? limit : close;
}

/**
 * Where the quoted value ends: at the same quote with the same number of backslashes. Fewer backslashes close an outer
 * quote, and the value with it; more of them belong to the value, unless they spell literal backslashes before the quote.
 */
export function endOfQuoted(scan: Scan, from: number, quote: string, lineLimit: number): number {
  const { text } = scan;
  const limit = Math.min(lineLimit, from + LONGEST_VALUE);
  const mark = quote.charCodeAt(quote.length - 1);
  if (mark !== 34 && mark !== 39 && mark !== 96) return closeOfEntity(scan, from, quote, limit);
  const depth = quote.length - 1;
  const character = quote.slice(-1);
  for (let i = scan.indexOf(character, from); i !== -1 && i < limit; i = text.indexOf(character, i + 1)) {
    const before = backslashesBefore(text, i, from);
    if (before < depth) return i - before;
    if ((before - depth) % (2 * (depth + 1)) !== 0) continue;
    // 'it''s' (SQL, YAML) and 'it'\''s' (shell) go on.
    if (character === "'" && depth === 0 && i > from) {
      if (text.charCodeAt(i + 1) === 39) {
        i += 1;
        continue;
      }
      if (text.startsWith("\\''", i + 1)) {
        i += 3;
        continue;
      }
    }
    return i - depth;
  }
  return limit;
}

/** `name=` or `name:` begins here, so what precedes it was a delimiter. */
function pairAt(text: string, at: number): boolean {
  const from = isBlank(text.charCodeAt(at)) ? at + 1 : at;
  if (!inClass(LETTER, text.charCodeAt(from)) && text.charCodeAt(from) !== 95) return false;
  const end = runEnd(text, from, NAME, from + 64);
  const code = text.charCodeAt(end);
  return (
    code === 61 ||
    code === 58 ||
    code === 91 ||
    text.startsWith('%5B', end) ||
    (code === 32 && text.charCodeAt(end + 1) === 61)
  );
}

const TOKEN_ENDS = classOf('"\'`)]}>,;:.|\\&<!');

function endsToken(text: string, at: number): boolean {
  if (at >= text.length) return true;
  const code = text.charCodeAt(at);
  return code <= 32 || inClass(TOKEN_ENDS, code);
}

function escapeStops(text: string, at: number): boolean {
  let i = at;
  while (i < text.length && i - at < 16 && text.charCodeAt(i) === 92) i += 1;
  const next = text.charCodeAt(i);
  // " ' n r t
  if (next === 34 || next === 39 || next === 110 || next === 114 || next === 116) return true;
  return (next === 117 || next === 85) && /^u00(?:0[ad9]|2[267]|3[ce])/i.test(text.slice(i, i + 5));
}

const ENCODED_DELIMITER = /^(?:%26|%3[bB]|%20|%22|%27|%0[aAdD]|%7[dD]|%2[cC]|%3[cCeE])/;

function ampersandStops(text: string, at: number): boolean {
  const first = text.charCodeAt(at + 1);
  if (
    (first === 35 || inClass(LETTER, first)) &&
    /^&(?:quot|lt|gt|apos|#\d{2}|#x[0-9a-f]{2}|nbsp);/i.test(text.slice(at, at + 7))
  )
    return true;
  const next = text.startsWith('amp;', at + 1) ? at + 5 : at + 1;
  if (endsToken(text, next)) return true;
  const end = runEnd(text, next, NAME, next + 64);
  const code = text.charCodeAt(end);
  return (
    end > next &&
    (code === 61 || code === 91 || text.charAt(end) === '&' || text.startsWith('%5B', end) || endsToken(text, end))
  );
}

function stopsAt(text: string, at: number, code: number, encoded: boolean): boolean {
  switch (code) {
    case 34: // "
    case 96: // `
      return true;
    case 39: // '
      return !inClass(ALPHANUMERIC, text.charCodeAt(at + 1));
    case 92: // backslash
      return escapeStops(text, at);
    case 38: // &
      return ampersandStops(text, at);
    case 44: // ,
    case 59: // ;
    case 124: // |
      return endsToken(text, at + 1) || pairAt(text, at + 1);
    case 41: // )
    case 93: // ]
    case 125: // }
    case 62: // >
      return endsToken(text, at + 1);
    case 60: // <
      return inClass(LETTER, text.charCodeAt(at + 1)) || text.charAt(at + 1) === '/' || text.charAt(at + 1) === '!';
    case 37: // %
      return encoded && inClass(HEX, text.charCodeAt(at + 1)) && ENCODED_DELIMITER.test(text.slice(at, at + 3));
    default:
      return false;
  }
}

const SENTENCE_MARKS = classOf('.,:!');

/** Where a value without quotes ends: at white space, a closing quote or bracket, or the next pair. */
export function endOfBare(scan: Scan, from: number, encoded = false): number {
  const { text } = scan;
  let i = scan.bareEnd(from, encoded, stopsAt);
  // A closing full stop or comma belongs to the sentence.
  while (i > from + 1 && inClass(SENTENCE_MARKS, text.charCodeAt(i - 1))) i -= 1;
  return i;
}
