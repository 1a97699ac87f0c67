// Keeps JSON valid where a number that is no string is masked: the mark needs the quotes that the number had not.

import { classOf, inClass, runEnd, runStart, skipBlanks } from './characters.ts';

const NUMBER = classOf('0-9', '+-.eE');
const LONGEST_NUMBER = 64;
const LOOK_BACK = 256;

export interface BareNumber {
  readonly from: number;
  readonly to: number;
  /** The quotes of the keys around it, escaped as they are: `"`, `\"`. */
  readonly quote: string;
}

/** The whole number around `[from, to)`, if that is one in JSON: behind a key, or in a list behind a quoted key. */
export function bareNumberAt(text: string, from: number, to: number): BareNumber | undefined {
  const start = runStart(text, from, NUMBER, Math.max(0, from - LONGEST_NUMBER));
  const end = runEnd(text, to, NUMBER, to + LONGEST_NUMBER);
  if (!/^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/.test(text.slice(start, end))) return undefined;
  if (!',]}'.includes(text.charAt(skipBlanks(text, end))) || skipBlanks(text, end) >= text.length) return undefined;
  const before = text.slice(Math.max(0, start - LOOK_BACK), start);
  const key = /(\\{0,16}")\s{0,8}:\s{0,8}(?:\[[^"\\]*)?$/.exec(before)?.[1] ?? listQuote(before);
  return key === undefined || inClass(NUMBER, text.charCodeAt(start - 1))
    ? undefined
    : { from: start, to: end, quote: key };
}

function listQuote(before: string): string | undefined {
  if (!/[[,]\s{0,8}$/.test(before)) return undefined;
  const last = before.lastIndexOf('"');
  if (last === -1) return undefined;
  return /\\{0,16}"$/.exec(before.slice(Math.max(0, last - 16), last + 1))?.[0];
}
