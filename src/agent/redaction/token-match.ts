// Masks issuers' tokens: by prefix, by a mark inside, by shape (JWT, bot tokens, keys of an agreed length).

import {
  ALPHANUMERIC,
  BASE64_ANY,
  BASE64URL,
  classOf,
  DIGIT,
  HEX,
  inClass,
  isBoundary,
  LOWER_HEX,
  runEnd,
  runStart,
  UPPER_ALPHANUMERIC,
  WORD,
} from './characters.ts';
import type { CharacterClass } from './characters.ts';
import type { AlphabetId, IssuerToken } from './issuer-tokens.ts';
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
    if (length !== minimum || !isMixed(text.slice(prefixEnd, end))) return;
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

/** A mark in the middle of a token: what is left and right of it in the alphabet belongs to it. */
export interface InfixRule {
  readonly id: string;
  readonly description: string;
  readonly infix: string;
  readonly left: CharacterClass;
  readonly leftMin: number;
  readonly leftMax: number;
  readonly right: CharacterClass;
  readonly rightMin: number;
}

const AZURE = classOf('0-9', 'a-z', 'A-Z', '-_.~');
export const INFIX_TOKENS: readonly InfixRule[] = [
  {
    id: 'azure-client-secret',
    description: 'Azure client secret',
    infix: 'Q~',
    left: AZURE,
    leftMin: 4,
    leftMax: 8,
    right: AZURE,
    rightMin: 24,
  },
  {
    id: 'terraform-cloud',
    description: 'Terraform Cloud token',
    infix: '.atlasv1.',
    left: ALPHANUMERIC,
    leftMin: 8,
    leftMax: 20,
    right: BASE64URL,
    rightMin: 20,
  },
  {
    id: 'telegram-bot',
    description: 'Telegram bot token',
    infix: ':AA',
    left: DIGIT,
    leftMin: 6,
    leftMax: 12,
    right: BASE64URL,
    rightMin: 24,
  },
  {
    id: 'mailchimp',
    description: 'Mailchimp key',
    infix: '-us',
    left: HEX,
    leftMin: 32,
    leftMax: 32,
    right: DIGIT,
    rightMin: 1,
  },
  {
    id: 'azure-key',
    description: 'Azure service key',
    infix: 'JQQJ99',
    left: ALPHANUMERIC,
    leftMin: 20,
    leftMax: 64,
    right: ALPHANUMERIC,
    rightMin: 12,
  },
  {
    id: 'azure-devops',
    description: 'Azure DevOps token',
    infix: 'AZDO',
    left: ALPHANUMERIC,
    leftMin: 40,
    leftMax: 90,
    right: ALPHANUMERIC,
    rightMin: 4,
  },
  {
    id: 'azure-storage',
    description: 'Azure storage key',
    infix: '+ASt',
    left: BASE64_ANY,
    leftMin: 60,
    leftMax: 90,
    right: BASE64_ANY,
    rightMin: 4,
  },
  {
    id: 'fcm-server',
    description: 'Firebase server key',
    infix: ':APA91b',
    left: BASE64URL,
    leftMin: 8,
    leftMax: 32,
    right: BASE64URL,
    rightMin: 40,
  },
];

export function matchInfix(scan: Scan, rule: InfixRule, infixEnd: number): void {
  const { text } = scan;
  const at = infixEnd - rule.infix.length;
  if (at < scan.tokenDone || !text.startsWith(rule.infix, at)) return;
  let from = runStart(text, at, rule.left, Math.max(0, at - rule.leftMax - 1));
  // Where the length is agreed, what runs into it from the left (`%3D`) is not part of it.
  if (rule.leftMin === rule.leftMax && at - from > rule.leftMax && isBoundary(text, at - rule.leftMax))
    from = at - rule.leftMax;
  if (at - from < rule.leftMin || at - from > rule.leftMax) return;
  const end = scan.runEnd(infixEnd, rule.right);
  if (end - infixEnd < rule.rightMin) return;
  scan.add(from, end, 'api_token');
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

/** Bots are addressed by `…/bot<id>:<secret>/method`; the colon rule covers the token, this one short test tokens. */
export function matchTokenAfter(scan: Scan, from: number, minimum: number): void {
  const { text } = scan;
  const end = scan.runEnd(from, BASE64URL);
  if (end - from >= minimum && looksSecret(text.slice(from, Math.min(end, from + 64))))
    scan.add(from, end, 'api_token');
}
