// Judges a value by its looks: is it a secret at all, or a reference, a status, a path, a small number.

import { classOf, DIGIT, inClass, LETTER, LOWER, runEnd, UPPER } from './characters.ts';
import { MARK_BEGIN } from './spans.ts';

/** Longer values are judged by their beginning. */
const JUDGED_LENGTH = 256;
/** Enough to see letters beside digits, or the case changing. */
const SHAPED_LENGTH = 64;

/** An expression of a program: a call, an element, a template. Its value stands elsewhere. */
const EXPRESSION =
  /^(?:[A-Za-z_$][\w$]{0,40}(?:(?:\.|::|->|\?\.)[A-Za-z_][\w$]{0,40}){0,6}(?:\(|\[["'A-Za-z]|\?\.)|[A-Za-z_$][\w$]{0,3}[)}\]]{1,4}[({;.]|<[%?]|(?:new|await|typeof) [A-Za-z])/;

const REFERENCE =
  /^(?:\*{3,}.*|[x•●*.#]{3,}|…|~|\[\.*\]|\{\.*\}|\$\{.*|\$\(.*|\$[A-Za-z_][A-Za-z0-9_]*|\$[0-9]|\{\{.*|%\(.*|%[sdvq@]|%[A-Z_]+%|\?|:[a-z_]+|@[A-Za-z_][A-Za-z0-9_]*|@[A-Za-z_][A-Za-z0-9_.]*\(.*|\*[a-z ]+\*|<[A-Za-z][A-Za-z _.-]*>?|\[[A-Za-z][A-Za-z _.-]*\]?|\([a-z][a-z -]*\)?|(?:process\.env|os\.environ|System\.getenv|ENV|env|var|vault|secrets?|data|local|config|settings|self|this|req|params|options|module)[.[(:][A-Za-z_"'[].*|arn:aws:.*|file:.*|ENC\[.*|hmac-sha256:[0-9a-f]{64}|!ref .*|!vault.*|-+)$/s;

/** What stands after a secret's name and is said about it, rather than being it. */
const STATUS_WORDS = new Set(
  `null none nil nan true false undefined empty unset set not n/a na yes no ok on off is was are the a an to of for from in and or with must should cannot could
  can failed failure fail error errors invalid valid missing required expired expiring rejected denied accepted unknown wrong incorrect malformed
  mismatch mismatched unauthorized forbidden revoked rotated updated created deleted changed found loaded loading refreshed refreshing issued
  configured disabled enabled default hidden masked redacted removed filtered protected encrypted hashed present absent provided received sent ignored
  skipped verified validated unverified checking context connection unable unexpected no-op include omit same-origin string str object number boolean int bytes text varchar bigint jsonb bytea
  function any void optional private public readonly pending success succeeded ready stored unchanged generated generating using reset resetting read
  write get set open parse decode request requests response dial rpc lookup timeout get post put secret password token key value type length field line file too
  short long weak strong match matches does do did will would has have been already only require requires supplied accepted mounted synced
  deadline exceeded client server internal bad insufficient rate query at signature issuer audience claim claims noecho securestring sensitive confidential omitted suppressed concealed undisclosed writeonly write-only this that it your my you we please enter`.split(
    /\s+/,
  ),
);

/** Signs a reference may begin with, and letters with which a known holder of references (`process.env`, `vault.`) does. */
const REFERENCE_BEGINS = classOf('*x.#~[{$%?:@<(!-', 'pPoOsSeEvVdDcCtTlLrRmMaAfFh');
const EXPRESSION_BEGINS = classOf('a-z', 'A-Z', '_$<');
const EXPRESSION_WORD = classOf('0-9', 'a-z', 'A-Z', '_$');
/** What makes a word an expression: a call, an index, a member, or the blank behind `new`. */
const EXPRESSION_GOES_ON = classOf('([?.:- )}]');
/** Signs an expression may be recognised by, once a member follows. */
const LONGEST_WORD = 42;

function mayBeExpression(value: string, first: number): boolean {
  if (first === 60) return true;
  if (!inClass(EXPRESSION_BEGINS, first)) return false;
  return inClass(EXPRESSION_GOES_ON, value.charCodeAt(runEnd(value, 1, EXPRESSION_WORD, LONGEST_WORD)));
}

export function isReference(value: string): boolean {
  if (value === '') return true;
  const judged = value.length > JUDGED_LENGTH ? value.slice(0, JUDGED_LENGTH) : value;
  const first = judged.charCodeAt(0);
  // What holds a mask was masked as far as it can be: masking twice changes nothing.
  if (judged.includes(MARK_BEGIN)) return true;
  if ((first >= 128 || inClass(REFERENCE_BEGINS, first)) && REFERENCE.test(judged)) return true;
  return mayBeExpression(judged, first) && EXPRESSION.test(judged);
}

const ABSENT = new Set(
  'null none nil true false undefined nan (null) <nil> n/a unset yes no on off same-origin include omit'.split(' '),
);

const ABSENT_BEGINS = classOf('ntfu(<yosiNTFUYOSI');

export function isAbsent(value: string): boolean {
  return value.length < 12 && inClass(ABSENT_BEGINS, value.charCodeAt(0)) && ABSENT.has(value.toLowerCase());
}

export function isStatusWord(value: string): boolean {
  if (value.length >= 20 || !inClass(LETTER, value.charCodeAt(0))) return false;
  const word = value.toLowerCase();
  const ends = inClass(LETTER, word.charCodeAt(word.length - 1));
  return STATUS_WORDS.has(ends ? word : word.replace(/[.,;:!?]+$/, ''));
}

const NUMBER_BEGINS = classOf('0-9', '+-');

export function isNumber(value: string): boolean {
  return (
    value.length < 40 &&
    inClass(NUMBER_BEGINS, value.charCodeAt(0)) &&
    /^[+-]?[0-9]+(?:[.,][0-9]+)*(?:%|[a-zA-Z]{1,3})?$/.test(value)
  );
}

const PATH_CHARACTERS = classOf('0-9', 'a-z', '._@%-');

function isSeparator(code: number): boolean {
  return code === 47 || code === 92;
}

/** Where the first separator of a path stands (`/x`, `../x`, `~/x`, `C:\x`), or -1: the first characters of most values say that they are none. */
function firstSeparator(value: string): number {
  const first = value.charCodeAt(0);
  if (isSeparator(first)) return 0;
  let at = 1;
  if (first === 46) at = value.charCodeAt(1) === 46 ? 2 : 1;
  else if (inClass(LETTER, first) && value.charCodeAt(1) === 58) at = 2;
  else if (first !== 126) return -1;
  return isSeparator(value.charCodeAt(at)) ? at : -1;
}

/** Lower-case with at most its first letter a capital, or nothing but capitals. */
function isPathPart(value: string, from: number, to: number): boolean {
  const rest = inClass(LETTER, value.charCodeAt(from)) ? from + 1 : from;
  return runEnd(value, rest, PATH_CHARACTERS, to) >= to || runEnd(value, from, UPPER, to) === to;
}

/** A file path: lower-case names between slashes. Base64 may begin with a slash too, and mixes cases. */
export function isPath(value: string): boolean {
  if (value.length > JUDGED_LENGTH) return false;
  let separator = firstSeparator(value);
  if (separator === -1) return false;
  while (separator < value.length) {
    const from = separator + 1;
    separator = from;
    while (separator < value.length && !isSeparator(value.charCodeAt(separator))) separator += 1;
    if (separator > from && !isPathPart(value, from, separator)) return false;
  }
  return true;
}

/** `default/regcred`: namespace and name of an object that holds a secret. */
export function isObjectReference(value: string): boolean {
  return value.length < JUDGED_LENGTH && /^[a-z]+(?:-[a-z]+)*\/[a-z]+(?:[-.][a-z]+)*$/.test(value);
}

interface Shape {
  readonly digits: number;
  readonly letters: number;
  /** Changes from lower to upper case and between letters and digits. */
  readonly turns: number;
  readonly mixed: boolean;
  readonly symbols: number;
}

/** 1 lower case, 2 upper case, 3 digit, 4 anything else. */
const KINDS = Uint8Array.from({ length: 128 }, (_, code) =>
  inClass(LOWER, code) ? 1 : inClass(UPPER, code) ? 2 : inClass(DIGIT, code) ? 3 : 4,
);

function kindOf(code: number): number {
  return code < 128 ? (KINDS[code] ?? 4) : 4;
}

function shapeOf(value: string): Shape {
  let digits = 0;
  let letters = 0;
  let symbols = 0;
  let turns = 0;
  let mixed = false;
  let previous = 0;
  const length = Math.min(value.length, SHAPED_LENGTH);
  for (let i = 0; i < length; i += 1) {
    const kind = kindOf(value.charCodeAt(i));
    if (kind === 3) digits += 1;
    else if (kind === 4) symbols += 1;
    else letters += 1;
    if (kind === 2 && previous === 1) mixed = true;
    if (previous !== 0 && kind !== previous && !(previous === 2 && kind === 1)) turns += 1;
    previous = kind;
  }
  return { digits, letters, symbols, turns, mixed };
}

/** `TokenExpiredError`, `connectionString`: words stuck together; random letters change case more often and lack vowels. */
function isIdentifier(value: string): boolean {
  if (!/^[A-Za-z]+$/.test(value)) return false;
  const humps = value
    .replaceAll(/([a-z])([A-Z])/g, '$1 $2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1 $2')
    .split(' ');
  const odd = humps.filter((hump) => !/[aeiouy]/i.test(hump) && !/^[A-Z]+$/.test(hump));
  const acronyms = humps.filter((hump) => hump.length > 1 && /^[A-Z]+$/.test(hump));
  return (
    value.length / humps.length >= 3.8 &&
    odd.length <= 1 &&
    acronyms.length <= 1 &&
    !/[bcdfghjklmnpqrstvwxz]{6}/i.test(value)
  );
}

/** Digit beside letter, or case changing inside: what a generated secret looks like and prose does not. */
export function looksSecret(whole: string): boolean {
  const value = whole.length > JUDGED_LENGTH ? whole.slice(0, JUDGED_LENGTH) : whole;
  if (value.length < 6 || isNumber(value) || isReference(value) || isStatusWord(value) || isPath(value)) return false;
  const shape = shapeOf(value);
  if (shape.letters === 0) return shape.symbols > 1 && shape.digits > 3 && /[!#$%^&*@]/.test(value);
  if (shape.digits > 0) return true;
  if ((shape.symbols > 0 || value.length > SHAPED_LENGTH) && /[!#$%^&*]/.test(value)) return true;
  return shape.mixed && !isIdentifier(value);
}

export const UUID = /^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$/;

const PART_ENDS = classOf('-_.:/@=+');

/** The longest part between dashes, dots and the like; of several the first. */
function longestPart(value: string): string {
  let bestFrom = 0;
  let bestTo = 0;
  for (let from = 0, i = 0; i <= value.length; i += 1) {
    if (i < value.length && !inClass(PART_ENDS, value.charCodeAt(i))) continue;
    if (i - from > bestTo - bestFrom) {
      bestFrom = from;
      bestTo = i;
    }
    from = i + 1;
  }
  return value.slice(bestFrom, bestTo);
}

/**
 * Stricter, for values that follow a name in prose: one unbroken part of at least `minimum` characters that is generated
 * (so `prod-db-2`, a date, an address or a UUID is none).
 */
export function looksGenerated(whole: string, minimum = 10): boolean {
  const value = whole.length > JUDGED_LENGTH ? whole.slice(0, JUDGED_LENGTH) : whole;
  if (value.length < minimum) return false;
  const longest = longestPart(value);
  if (longest.length < Math.min(minimum, 8)) return false;
  if ((value.length === 36 && UUID.test(value)) || isPath(value) || isReference(value)) return false;
  if (/^[a-z]+(?:[:/][^/:].*)$/i.test(value) || /^[0-9.:TZ+-]+$/.test(value)) return false;
  const shape = shapeOf(longest);
  if (shape.letters === 0) return false;
  if (shape.digits > 0)
    return (
      shape.turns >= 3 || (shape.mixed && shape.turns >= 2) || (/^[0-9a-f]+$/.test(longest) && longest.length >= 16)
    );
  return shape.mixed && !isIdentifier(longest);
}

export function isWordOnly(value: string): boolean {
  if (value.length > JUDGED_LENGTH) return false;
  for (let i = 0; i < value.length; i += 1) if (!inClass(LETTER, value.charCodeAt(i))) return false;
  return value.length > 0;
}
