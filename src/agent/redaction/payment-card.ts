// Masks payment card numbers: 13 to 19 digits of a known issuer whose check digit is right.

import { DIGIT, inClass, LETTER } from './characters.ts';
import type { Scan } from './scan.ts';

const MOST_DIGITS = 19;
const BLANK = 32;
const DASH = 45;
/** The blank of a form: `card=4111+1111+…`. */
const PLUS = 43;

/** Issuer by the first four digits → lengths in use. */
function lengthsOf(prefix: number): readonly number[] {
  if (prefix >= 4000 && prefix <= 4999) return [16, 19];
  if ((prefix >= 5100 && prefix <= 5599) || (prefix >= 2221 && prefix <= 2720)) return [16];
  const two = Math.floor(prefix / 100);
  if (two === 34 || two === 37) return [15];
  if (prefix === 6011 || two === 65 || (prefix >= 6440 && prefix <= 6499)) return [16, 19];
  if (prefix >= 3528 && prefix <= 3589) return [16];
  if ((prefix >= 3000 && prefix <= 3059) || two === 36 || two === 38 || two === 39) return [14];
  if (two === 62) return [16];
  return [];
}

function passesLuhn(digits: readonly number[]): boolean {
  let sum = 0;
  for (const [index, digit] of digits.toReversed().entries()) {
    const doubled = index % 2 === 1 ? digit * 2 : digit;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** Groups as printed on cards; any other grouping is a phone number, a range or a table. */
const GROUPINGS = new Set(['4-4-4-4', '4-6-5', '4-6-4', '4-4-4-4-3', '4-4-4-1', '6-13', '4-5-6', '8-8']);

interface Candidate {
  readonly digits: readonly number[];
  readonly end: number;
  readonly groups: readonly number[];
}

function candidateAt(text: string, from: number): Candidate {
  const digits: number[] = [];
  const groups: number[] = [];
  let group = 0;
  let separator = 0;
  let i = from;
  for (; i < text.length && digits.length <= MOST_DIGITS; i += 1) {
    const code = text.charCodeAt(i);
    if (inClass(DIGIT, code)) {
      digits.push(code - 48);
      group += 1;
      continue;
    }
    const separates = (code === BLANK || code === DASH || code === PLUS) && (separator === 0 || separator === code);
    if (!separates || !inClass(DIGIT, text.charCodeAt(i + 1))) break;
    separator = code;
    groups.push(group);
    group = 0;
  }
  groups.push(group);
  return { digits, end: i, groups };
}

/** Letters, dots and dashes around it make it part of something else: a hexadecimal id, a decimal, a UUID. */
function standsAlone(text: string, from: number, end: number): boolean {
  const before = text.charCodeAt(from - 1);
  const after = text.charCodeAt(end);
  const escaped = text.charAt(from - 2) === '\\' || text.charAt(from - 3) === '%';
  if (from > 0 && ((inClass(LETTER, before) && !escaped) || '.-_#@'.includes(text.charAt(from - 1)))) return false;
  if (end >= text.length) return true;
  if (text.charAt(end) === '.' || text.charAt(end) === '-')
    return !inClass(DIGIT, text.charCodeAt(end + 1)) && !inClass(LETTER, text.charCodeAt(end + 1));
  return !inClass(LETTER, after) && text.charAt(end) !== '_' && !inClass(DIGIT, after);
}

/** One in ten numbers of a right length passes the check: what an unbroken one is called decides. */
function isCounted(text: string, from: number): boolean {
  const before = text.slice(Math.max(0, from - 32), from);
  return /(?:order|offset|seq|sequence|invoice|tracking|ticket|job|batch|run|uid|rev|revision|block|txid|snowflake)(?:[ _-]?(?:id|no|nr))?[ =:#"]{1,3}$/i.test(
    before,
  );
}

/** Counters of 64 bits are as long as the longest cards: `dd.trace_id=…`. */
function isTraceId(text: string, from: number): boolean {
  return /(?:trace|span|parent|request|message|channel|guild|event|job|msg)(?:[ ._-]?id)["']?[ =:"']{1,4}$/i.test(
    text.slice(Math.max(0, from - 32), from),
  );
}

/** Called where as many digits begin as a card has at least; does nothing unless they begin a run. */
export function matchCard(scan: Scan, from: number): void {
  const { text } = scan;
  if (from < scan.cardDone || inClass(DIGIT, text.charCodeAt(from - 1))) return;
  const lengths = lengthsOf(Number(text.slice(from, from + 4)));
  if (lengths.length === 0 || isCounted(text, from)) return;
  const whole = candidateAt(text, from);
  // Digits that follow after a blank may be another number: shorter readings are tried group by group.
  for (let used = whole.groups.length; used >= 1; used -= 1) {
    const groups = whole.groups.slice(0, used);
    const count = groups.reduce((sum, size) => sum + size, 0);
    const stop = from + count + used - 1;
    const shaped = used === 1 || GROUPINGS.has(groups.join('-'));
    if (!shaped || !lengths.includes(count) || !standsAlone(text, from, stop)) continue;
    if (!passesLuhn(whole.digits.slice(0, count)) || (count > 16 && isTraceId(text, from))) continue;
    scan.add(from, stop, 'payment_card');
    scan.cardDone = stop;
    return;
  }
}
