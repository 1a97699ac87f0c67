// Masks issuers' tokens: by prefix, by a mark inside, by shape (JWT, bot tokens, keys of an agreed length).

import {
  ALPHANUMERIC,
  BASE64_ANY,
  BASE64URL,
  classOf,
  inClass,
  isBoundary,
  LOWER_HEX,
  runEnd,
  runStart,
  UPPER_ALPHANUMERIC,
  WORD,
} from './characters.ts';
import type { CharacterClass } from './characters.ts';
import type { AlphabetId, IssuerToken } from './issuer-token.ts';
import type { Scan } from './scan.ts';
import { looksGenerated, looksSecret } from './value-judgement.ts';

export const ALPHABETS: Readonly<Record<AlphabetId, CharacterClass>> = {
  W: WORD,
  U: BASE64URL,
  J: classOf('0-9', 'a-z', 'A-Z', '-_.'),
  A: ALPHANUMERIC,
  B: BASE64_ANY,
  H: classOf('0-9', 'a-f', '-'),
  X: LOWER_HEX,
  L: classOf('0-9', 'a-z'),
  V: UPPER_ALPHANUMERIC,
  D: classOf('0-9', 'A-Z', '-'),
  O: classOf('0-9', 'a-z', 'A-Z', '.'),
  P: classOf('0-9', 'a-z', 'A-Z', '-_%'),
  Q: classOf('0-9', 'a-z', 'A-Z', '-_='),
  S: classOf('0-9', 'a-z', 'A-Z', '_$'),
  T: classOf('0-9', 'a-z', 'A-Z', '-_.:=@!'),
  I: classOf('0-9', 'a-z', 'A-Z', '-_.=+/'),
};

/** Called where the prefix ends. */
export function matchIssuerToken(scan: Scan, rule: IssuerToken, prefixEnd: number): void {
  const [, , prefix, alphabet, minimum, flag] = rule;
  const { text } = scan;
  const from = prefixEnd - prefix.length;
  if (prefixEnd <= scan.tokenDone || !text.startsWith(prefix, from)) return;
  if (flag !== undefined && !isBoundary(text, from)) return;
  let end = scan.runEnd(prefixEnd, ALPHABETS[alphabet]);
  end -= punctuationBefore(text, end, prefixEnd);
  const length = end - prefixEnd;
  if (length < minimum) return;
  if (flag === 'v' || flag === 'k') {
    if (length !== minimum || !isMixed(text.slice(prefixEnd, end)) || isInBase64(text, from, end)) return;
  } else if (
    flag === 'b' &&
    alphabet !== 'H' &&
    alphabet !== 'X' &&
    !looksGenerated(text.slice(prefixEnd, Math.min(end, prefixEnd + 64)), Math.min(minimum, 16))
  )
    return;
  scan.tokenDone = Math.max(scan.tokenDone, end);
  scan.add(from, end, 'api_token');
}

/** A token ends before the full stop of its sentence; a long run of dashes is not walked again and again. */
function punctuationBefore(text: string, end: number, floor: number): number {
  let count = 0;
  while (count < 8 && end - count > floor && '.-'.includes(text.charAt(end - count - 1))) count += 1;
  return count;
}

/** A digest or a blob, in which the few characters of a short prefix occur by chance. */
function isInBase64(text: string, from: number, end: number): boolean {
  const before = text.charCodeAt(from - 1);
  const after = text.charCodeAt(end);
  return (
    ((before === 43 || before === 47) && inClass(ALPHANUMERIC, text.charCodeAt(from - 2))) ||
    ((after === 43 || after === 47) && inClass(ALPHANUMERIC, text.charCodeAt(end + 1)))
  );
}

function isMixed(value: string): boolean {
  return /[a-z]/.test(value) && /[A-Z]/.test(value) && /[0-9]/.test(value);
}

const JWT_PART = BASE64URL;

/** `eyJ…`: a JSON Web Token or another signed JSON value, with or without its later parts. */
export function matchJwt(scan: Scan, from: number): void {
  const { text } = scan;
  if (from < scan.jwtDone || !text.startsWith('eyJ', from)) return;
  let end = runEnd(text, from, JWT_PART);
  const header = end - from;
  let parts = 1;
  while (parts < 6 && text.charCodeAt(end) === 46) {
    const next = runEnd(text, end + 1, JWT_PART);
    if (next === end + 1 && text.charCodeAt(next) !== 46) break;
    end = next;
    parts += 1;
  }
  scan.jwtDone = end;
  if (!isBoundary(text, from) && parts < 3) return;
  const declares = /^eyJ(?:hbGciOi|0eXAiOi|raWQiOi|lbmMiOi|4NXQiOi|jdHkiOi|pc3MiOi|rIjoi)/.test(
    text.slice(from, from + 12),
  );
  if (header < 8 || (parts < 2 && !declares) || end - from < 16) return;
  if (parts === 2 && !declares && end - from < 30) return;
  scan.add(from, end, 'api_token');
}

/** Asana: `1/<id>:<32 hexadecimal digits>` or `2/<id>/<id>:<…>`. Called behind the first slash. */
export function matchAsana(scan: Scan, slashEnd: number): void {
  const { text } = scan;
  const from = slashEnd - 2;
  if (from < scan.tokenDone || !isBoundary(text, from)) return;
  const token = /^[12]\/[0-9]{10,20}(?:\/[0-9]{10,20})?:[0-9a-f]{32}(?![0-9a-f])/.exec(text.slice(from, from + 84));
  if (token === null) return;
  scan.tokenDone = from + token[0].length;
  scan.add(from, from + token[0].length, 'api_token');
}

/** Twilio's `SK` and `AC` are followed by exactly 32 hexadecimal digits; the account id stays. */
export function matchTwilio(scan: Scan, prefixEnd: number): void {
  const { text } = scan;
  const from = prefixEnd - 2;
  if (!text.startsWith('SK', from) || !isBoundary(text, from)) return;
  const end = runEnd(text, prefixEnd, LOWER_HEX, prefixEnd + 40);
  if (end - prefixEnd === 32 && !inClass(WORD, text.charCodeAt(end))) scan.add(from, end, 'api_token');
}

/** Discord: the id in base64, six characters, then the signature. Called behind three characters of the id. */
export function matchDiscord(scan: Scan, prefixEnd: number): void {
  const { text } = scan;
  const from = prefixEnd - 3;
  if (from < scan.tokenDone || !/^[MNO][DTjz]/.test(text.slice(from, from + 2)) || !isBoundary(text, from)) return;
  const first = runEnd(text, prefixEnd, BASE64URL, prefixEnd + 40);
  if (first - from < 20 || text.charCodeAt(first) !== 46) return;
  const second = runEnd(text, first + 1, BASE64URL, first + 10);
  if (second - first !== 7 || text.charCodeAt(second) !== 46) return;
  const end = runEnd(text, second + 1, BASE64URL);
  if (end - second < 24) return;
  scan.tokenDone = end;
  scan.add(from, end, 'api_token');
}

/** Fixed counts: nothing to go back over, wherever it begins. */
const DISCORD_MIDDLE = /\.[\w-]{6}\.(?=[\w-]{24})/g;
const LONGEST_DISCORD_ID = 40;
const DISCORD_BEFORE = 512;
const DISCORD_BEHIND = 2048;

/** Called behind the word `discord`: in its line the shape is enough, however the id begins. Everywhere, looking at each dot would cost a tenth of the speed. */
export function matchNearDiscord(scan: Scan, end: number): void {
  const { text } = scan;
  const from = Math.max(scan.lineStart(end), end - DISCORD_BEFORE, scan.discordDone);
  const to = Math.min(scan.lineEnd(end), end + DISCORD_BEHIND);
  if (from >= to) return;
  scan.discordDone = to;
  for (const middle of text.slice(from, to).matchAll(DISCORD_MIDDLE)) matchDiscordAround(scan, from + middle.index);
}

function matchDiscordAround(scan: Scan, dot: number): void {
  const { text } = scan;
  const from = runStart(text, dot, BASE64URL, Math.max(0, dot - LONGEST_DISCORD_ID - 1));
  const first = text.charCodeAt(from);
  // M, N, O: a digit in base64.
  if (dot - from < 20 || dot - from > LONGEST_DISCORD_ID || first < 77 || first > 79 || !isBoundary(text, from)) return;
  const signature = dot + 8;
  const end = scan.runEnd(signature, BASE64URL);
  if (isMixed(text.slice(from, dot) + text.slice(signature, signature + 64))) scan.add(from, end, 'api_token');
}

/** Bots are addressed by `…/bot<id>:<secret>/method`; the colon rule covers the token, this one short test tokens. */
export function matchTokenAfter(scan: Scan, from: number, minimum: number): void {
  const { text } = scan;
  const end = scan.runEnd(from, BASE64URL);
  if (end - from >= minimum && looksSecret(text.slice(from, Math.min(end, from + 64))))
    scan.add(from, end, 'api_token');
}

const UUID_BEGIN = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-[a-z]|$)/;

/** The segment behind `/reset-password/` and the like, if it is long and generated; ids (UUID, digits, short hashes) stay. */
export function matchTokenPath(scan: Scan, from: number): void {
  const { text } = scan;
  const end = scan.runEnd(from, BASE64URL);
  if (end - from < 20 || end < scan.tokenDone) return;
  const value = text.slice(from, Math.min(end, from + 256));
  // The id of a volume or a document, and what it is called.
  if (UUID_BEGIN.test(value)) return;
  if (!looksGenerated(value, 20) || (/^[0-9a-f]+$/.test(value) && value.length < 32)) return;
  scan.tokenDone = Math.max(scan.tokenDone, end);
  scan.add(from, end, 'api_token');
}
