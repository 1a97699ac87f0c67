// Character classes as table look-ups over char codes, so that matchers step through text without regular expressions.

const CLASS_SIZE = 128;

/** A set of ASCII characters; everything above ASCII is outside of it. */
export type CharacterClass = Uint8Array;

export function classOf(...members: readonly string[]): CharacterClass {
  const table = new Uint8Array(CLASS_SIZE);
  for (const member of members) {
    // 'a-z' is a range, anything else is a list of characters.
    if (/^[0-9A-Za-z]-[0-9A-Za-z]$/.test(member)) {
      for (let code = member.charCodeAt(0); code <= member.charCodeAt(2); code += 1) table[code] = 1;
    } else {
      for (let i = 0; i < member.length; i += 1) table[member.charCodeAt(i)] = 1;
    }
  }
  return table;
}

export const DIGIT = classOf('0-9');
export const LOWER = classOf('a-z');
export const UPPER = classOf('A-Z');
export const LETTER = classOf('a-z', 'A-Z');
export const ALPHANUMERIC = classOf('0-9', 'a-z', 'A-Z');
export const WORD = classOf('0-9', 'a-z', 'A-Z', '_');
/** What a variable, header or property name is made of. */
export const NAME = classOf('0-9', 'a-z', 'A-Z', '_-.');
export const HEX = classOf('0-9', 'a-f', 'A-F');
export const LOWER_HEX = classOf('0-9', 'a-f');
export const UPPER_ALPHANUMERIC = classOf('0-9', 'A-Z');
export const BASE64 = classOf('0-9', 'a-z', 'A-Z', '+/=');
export const BASE64URL = classOf('0-9', 'a-z', 'A-Z', '-_');
export const BASE64_ANY = classOf('0-9', 'a-z', 'A-Z', '+/=-_');
/** RFC 9110 token68, and what issuers add to it. */
export const TOKEN68 = classOf('0-9', 'a-z', 'A-Z', '-._~+/=');

export function inClass(members: CharacterClass, code: number): boolean {
  return code < CLASS_SIZE && members[code] === 1;
}

/** First index at or after `from` (and below `limit`) whose character is not a member. */
export function runEnd(text: string, from: number, members: CharacterClass, limit: number = text.length): number {
  let i = from;
  const end = Math.min(limit, text.length);
  while (i < end) {
    const code = text.charCodeAt(i);
    if (code >= CLASS_SIZE || members[code] !== 1) break;
    i += 1;
  }
  return i;
}

/** First index such that everything from it to `to` is a member, never below `floor`. */
export function runStart(text: string, to: number, members: CharacterClass, floor = 0): number {
  let i = to;
  const least = Math.max(0, floor);
  while (i > least) {
    const code = text.charCodeAt(i - 1);
    if (code >= CLASS_SIZE || members[code] !== 1) break;
    i -= 1;
  }
  return i;
}

/** Space or tab. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

export function skipBlanks(text: string, from: number): number {
  let i = from;
  while (i < text.length && isBlank(text.charCodeAt(i))) i += 1;
  return i;
}

/**
 * Whether a token may begin at `at`: nothing word-like before it, or only the tail of an escape
 * (`%3D`, `\n`, `\u003d`), which looks word-like and is not.
 */
export function isBoundary(text: string, at: number): boolean {
  if (at === 0) return true;
  const before = text.charCodeAt(at - 1);
  if (!inClass(WORD, before)) return true;
  if (at >= 3 && text.charCodeAt(at - 3) === 37 && inClass(HEX, before) && inClass(HEX, text.charCodeAt(at - 2)))
    return true;
  if (at >= 2 && text.charCodeAt(at - 2) === 92 && (before === 110 || before === 114 || before === 116)) return true;
  return at >= 6 && text.startsWith('\\u00', at - 6) && inClass(HEX, before) && inClass(HEX, text.charCodeAt(at - 2));
}
