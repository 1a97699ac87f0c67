// Masks private keys: PEM, OpenSSH, PGP and PuTTY blocks across lines or escaped in one, cut off at either end, or as bare base64.

import { BASE64, BASE64_ANY, classOf, HEX, inClass, isBoundary, runEnd, runStart } from './characters.ts';
import type { Scan } from './scan.ts';

/** A key of 16,384 bits has about 200 lines. */
const MOST_LINES = 220;
const LONGEST_LABEL = 64;
/** A body line is at least this long, except the last of a block. */
const SHORTEST_BODY = 16;
const SHORTEST_TAIL_LINE = 40;
const LONGEST_BODY_LINE = 80;
const ARMOR_HEADER = /^(?:Proc-Type|DEK-Info|Version|Comment|Hash|Charset|MessageID|Subject|X-[\w-]+)\s?: ?.*$/i;
const END_LITERAL = '-----END ';
const SEPARATORS = classOf(' \t,+"\'\\|');

interface Body {
  readonly from: number;
  readonly to: number;
}

/** Escapes that stand for a line break inside one line, at `at`: `\n`, `\\r\\n`, `%0A`, `&#10;`, `<br>`, `\u000a`. */
function breakAt(text: string, at: number): number {
  const match = /^(?:\\{1,8}(?:r|n|u000[aAdD])|%0[aAdD]|%5[cC]n|&#(?:10|13|x[aAdD]);|<br ?\/?>)/.exec(
    text.slice(at, at + 16),
  );
  return match === null ? 0 : match[0].length;
}

/** A base64 run in which `+`, `/` and `=` may be percent-encoded. */
function encodedRunEnd(text: string, from: number, limit: number): number {
  let end = runEnd(text, from, BASE64_ANY, limit);
  while (end < limit && /^%(?:2[bBfF]|3[dD])/.test(text.slice(end, end + 3)))
    end = runEnd(text, end + 3, BASE64_ANY, limit);
  return end;
}

/** In one line: base64 runs with escaped line breaks, blanks or quotes between them. Returns where the body ends. */
function maskInline(scan: Scan, from: number, limit: number): number {
  const { text } = scan;
  let at = from;
  while (at < limit) {
    const skip = breakAt(text, at);
    if (skip > 0) {
      at += skip;
      continue;
    }
    const end = encodedRunEnd(text, at, limit);
    const run = end - at;
    if (run > 0 && !(text.startsWith('-----', at) || text.startsWith('---- ', at))) {
      const dashes = scan.indexOf('-----', at);
      const stop = dashes !== -1 && dashes < end ? dashes : end;
      const closes = text.startsWith('-----', stop) || breakAt(text, stop) > 0;
      if (stop - at < SHORTEST_BODY && !closes && stop < limit && !inHeader(text, at, limit)) return at;
      scan.add(at, stop, 'private_key');
      at = stop;
      continue;
    }
    if (run > 0 || !(inClass(SEPARATORS, text.charCodeAt(at)) || ':;'.includes(text.charAt(at)))) return at;
    at += 1;
  }
  return at;
}

/** `Proc-Type: 4,ENCRYPTED\nDEK-Info: …` stands before the body; masking it too costs nothing. */
function inHeader(text: string, at: number, limit: number): boolean {
  return /^(?:Proc-Type|ENCRYPTED|DEK-Info|AES-|DES-|Version|Comment|4,)/.test(
    text.slice(at, Math.min(limit, at + 16)),
  );
}

/** The base64 run that ends a line, after any prefix (`app-1 | `, a timestamp, quotes, indentation). */
function bodyOfLine(text: string, from: number, to: number, shortest: number): Body | undefined {
  let end = to;
  while (end > from && (inClass(SEPARATORS, text.charCodeAt(end - 1)) || text.charCodeAt(end - 1) === 13)) end -= 1;
  if (end - from > 2 && text.charAt(end - 1) === 'n' && text.charAt(end - 2) === '\\') end -= 2;
  const start = runStart(text, end, BASE64, from);
  if (end - start < shortest) return undefined;
  const before = text.slice(Math.max(from, start - 2), start);
  if (start > from && !/[\s"'|:>]$/.test(before)) return undefined;
  return { from: start, to: end };
}

function looksLikeBody(text: string, body: Body): boolean {
  const value = text.slice(body.from, Math.min(body.to, body.from + 96));
  return /[A-Z]/.test(value) && /[a-z]/.test(value) && (/[0-9+/]/.test(value) || value.length < 32);
}

/** Lines after `BEGIN`, until `END`, the first line that is no body, or the cap. */
function maskFollowing(scan: Scan, headerEnd: number): void {
  const { text } = scan;
  let newline = text.indexOf('\n', headerEnd);
  for (let count = 0; newline !== -1 && count < MOST_LINES; count += 1) {
    const from = newline + 1;
    newline = text.indexOf('\n', from);
    const to = newline === -1 ? text.length : newline;
    scan.keyDone = Math.max(scan.keyDone, from);
    const dashes = scan.indexOf('-----END', from);
    if (dashes !== -1 && dashes < to) {
      maskInline(scan, from, dashes);
      return;
    }
    const body = bodyOfLine(text, from, to, 1);
    const line = to - from < 256 ? text.slice(from, to).trim() : '';
    if (
      to - from < 256 &&
      (line === '' || line.endsWith('|') || ARMOR_HEADER.test(line.replace(/^\S+\s*\| /, '')) || line.includes('***'))
    )
      continue;
    if (body === undefined) return;
    // What follows a block in YAML: `kind: Secret`.
    if (/^[ \t]*[\w.-]{1,64}: $/.test(text.slice(from, Math.min(body.from, from + 80)))) return;
    const short = body.to - body.from < SHORTEST_BODY;
    if (short && !/^(?:=[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]*={0,2})$/.test(text.slice(body.from, body.to))) return;
    if (short && body.from - from > 64) return;
    if (!short && body.to - body.from < 32 && !looksLikeBody(text, body)) return;
    scan.add(body.from, body.to, 'private_key');
    scan.nameDone = Math.max(scan.nameDone, body.to);
  }
}

/** Called just behind `-----BEGIN ` (or the four dashes and blank of SSH2). */
export function matchKeyBegin(scan: Scan, from: number): void {
  if (from < scan.keyDone) return;
  const { text } = scan;
  const label = /^(?:[A-Z0-9 +]|%20){0,40}PRIVATE(?: |%20|\+)KEY(?:(?: |%20|\+)BLOCK)?(?:-{2,5}| -{4})?/.exec(
    text.slice(from, from + LONGEST_LABEL),
  );
  if (label === null) return;
  const header = from + label[0].length;
  const limit = scan.lineEnd(header);
  const end = maskInline(scan, header, limit);
  scan.keyDone = Math.max(scan.keyDone, end);
  scan.nameDone = Math.max(scan.nameDone, end);
  if (end >= limit || text.slice(end, limit).trim() === '' || limit - end < 8) maskFollowing(scan, limit);
}

/** `END … PRIVATE KEY` whose beginning is not in the window: the body lines above it. Called just behind `-----END `. */
export function matchKeyEnd(scan: Scan, from: number): void {
  const { text } = scan;
  if (!/^[A-Z0-9 ]{0,40}PRIVATE KEY/.test(text.slice(from, from + LONGEST_LABEL))) return;
  const dashes = from - END_LITERAL.length;
  maskTailInline(scan, dashes);
  let to = scan.lineStart(dashes) - 1;
  let short = true;
  for (let count = 0; to > scan.keyDone && count < MOST_LINES; count += 1) {
    const start = text.lastIndexOf('\n', to - 1) + 1;
    const body = to - start > 512 ? undefined : bodyOfLine(text, start, to, short ? 1 : SHORTEST_TAIL_LINE);
    if (body === undefined || body.to - body.from > LONGEST_BODY_LINE) break;
    scan.add(body.from, body.to, 'private_key');
    short = false;
    to = start - 1;
  }
  scan.keyDone = Math.max(scan.keyDone, from);
}

/** `…base64\n-----END PRIVATE KEY-----` within one line. */
function maskTailInline(scan: Scan, dashes: number): void {
  const { text } = scan;
  const floor = Math.max(scan.lineStart(dashes), scan.keyDone);
  let at = dashes;
  for (;;) {
    const escape = /(?:\\{1,8}[nr]|%0[aAdD]|\s)$/.exec(text.slice(Math.max(floor, at - 10), at));
    if (escape !== null) at -= escape[0].length;
    const start = runStart(text, at, BASE64, floor);
    if (start === at) return;
    // The `n` of an escaped line break is no base64 although it looks so.
    const own = text.charAt(start - 1) === '\\' ? start + 1 : start;
    if (at - own < (at === dashes ? 1 : SHORTEST_BODY)) {
      if (escape === null) return;
    }
    scan.add(own, at, 'private_key');
    at = own;
    if (escape === null && own === start) return;
    if (at <= floor) return;
  }
}

/** A base64 blob that begins like an encoded private key. */
export function matchEncodedKey(scan: Scan, from: number): void {
  if (from < scan.encodedKeyDone || !isBoundary(scan.text, from)) return;
  const { text } = scan;
  const end = runEnd(text, from, BASE64_ANY);
  scan.encodedKeyDone = end;
  const decoded = Buffer.from(text.slice(from, from + 96), 'base64').toString('latin1');
  if (decoded.startsWith('-----BEGIN') && !/PRIVATE KEY/.test(decoded)) return;
  if (end - from < 24) return;
  scan.add(from, end, 'private_key');
  scan.nameDone = Math.max(scan.nameDone, end);
  // Wrapped base64 goes on in the lines below, unless an earlier key led here.
  if (end === scan.lineEnd(end) && end >= scan.keyDone) maskFollowing(scan, end);
}

/** PuTTY: `Private-Lines: 14`, then as many lines. Called just behind the literal. */
export function matchPuttyLines(scan: Scan, from: number): void {
  if (from < scan.keyDone) return;
  maskFollowing(scan, scan.lineEnd(from));
}

/** `Private-MAC: …` of PuTTY. */
export function matchPuttyMac(scan: Scan, from: number): void {
  const end = runEnd(scan.text, from, HEX);
  if (end - from >= 32) scan.add(from, end, 'private_key');
}

/** A window of nothing but body lines lies in the middle of a block whose label nobody can see: masked to be safe. */
export function matchBareWindow(scan: Scan): void {
  const { text } = scan;
  const bodies: Body[] = [];
  if (!text.includes('\n')) return;
  for (let from = 0; from <= text.length; ) {
    const newline = text.indexOf('\n', from);
    const to = newline === -1 ? text.length : newline;
    const body = bodyOfLine(text, from, to, from === 0 ? SHORTEST_BODY : 60);
    if (body === undefined || body.to - body.from > LONGEST_BODY_LINE || !looksLikeBody(text, body)) return;
    bodies.push(body);
    from = to + 1;
  }
  if (bodies.length < 2) return;
  for (const body of bodies) scan.add(body.from, body.to, 'private_key');
}
