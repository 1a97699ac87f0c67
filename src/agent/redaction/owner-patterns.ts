// Patterns of the host's owner: a prefix, an alphabet and a least length, found in one pass like the issuers' tokens.

import { Automaton } from './automaton.ts';
import {
  ALPHANUMERIC,
  BASE64_ANY,
  BASE64URL,
  type CharacterClass,
  DIGIT,
  HEX,
  inClass,
  isBoundary,
  UPPER_ALPHANUMERIC,
  WORD,
} from './characters.ts';
import type { Scan } from './scan.ts';

/** What an owner may say the rest of a token is made of, by the name that stands in the policy file. */
export const PATTERN_ALPHABETS = {
  alphanumeric: ALPHANUMERIC,
  upper_alphanumeric: UPPER_ALPHANUMERIC,
  hex: HEX,
  digits: DIGIT,
  word: WORD,
  base64: BASE64_ANY,
  base64url: BASE64URL,
} as const satisfies Readonly<Record<string, CharacterClass>>;

export type PatternAlphabet = keyof typeof PATTERN_ALPHABETS;

export interface OwnerPattern {
  /** For the owner; the mark says `owner_rule`. */
  readonly name: string;
  /** Compared exactly, letter case included. */
  readonly prefix: string;
  readonly alphabet: PatternAlphabet;
  /** Characters behind the prefix, at least. */
  readonly min_length: number;
}

/** Compiled once for all redactors of a process: the table costs more than a scan. */
export class OwnerPatterns {
  readonly #patterns: readonly OwnerPattern[];
  readonly #automaton: Automaton | undefined;

  constructor(patterns: readonly OwnerPattern[]) {
    this.#patterns = patterns;
    this.#automaton = patterns.length === 0 ? undefined : new Automaton(patterns.map(({ prefix }) => prefix));
  }

  /** `bytes`: the text of the scan, one byte per UTF-16 unit. */
  match(scan: Scan, bytes: Uint8Array): void {
    this.#automaton?.scan(bytes, bytes.length, (hits, end) => {
      for (const index of hits) {
        const pattern = this.#patterns[index];
        if (pattern !== undefined) matchPattern(scan, pattern, end);
      }
    });
  }
}

function matchPattern(scan: Scan, pattern: OwnerPattern, prefixEnd: number): void {
  const { prefix, alphabet, min_length: minimum } = pattern;
  const from = prefixEnd - prefix.length;
  if (from < scan.ownerDone || !scan.text.startsWith(prefix, from)) return;
  if (inClass(WORD, prefix.charCodeAt(0)) && !isBoundary(scan.text, from)) return;
  const end = scan.runEnd(prefixEnd, PATTERN_ALPHABETS[alphabet]);
  if (end - prefixEnd < minimum) return;
  scan.ownerDone = end;
  scan.add(from, end, 'owner_rule');
}
