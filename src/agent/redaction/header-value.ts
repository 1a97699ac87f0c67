// Masks credentials in HTTP headers: `Authorization` of any scheme, cookies, and a bare `Bearer …` or `Basic …` in prose.

import {
  ALPHANUMERIC,
  BASE64_ANY,
  classOf,
  inClass,
  isBlank,
  LETTER,
  runEnd,
  skipBlanks,
  TOKEN68,
} from './characters.ts';
import type { Scan } from './scan.ts';
import { MARK_BEGIN } from './spans.ts';
import { endOfBare, endOfQuoted } from './value-end.ts';
import { isAbsent, isReference, isStatusWord, looksGenerated, looksSecret } from './value-judgement.ts';

const SCHEME =
  /(?:bearer|basic|token|digest|negotiate|ntlm|apikey|api-key|key|ssws|geniekey|splunk|oauth|hawk|aws4-hmac-sha256|aws|bot|jwt|hoba|mutual|vapid|scram-sha-\d+|dpop|macaroon|discogs|zoho-oauthtoken|sharedkey|sharedkeylite|sharedaccesssignature|goog4-rsa-sha256|tc3-hmac-sha256|sso-key|client-id|secret|pve?apitoken|[a-z][a-z0-9-]{1,24})(?:[ \t]{1,4}|%20|\+|: ?)(?=\S)/iy;
/** Schemes whose value is a list of parameters: it goes to the end. */
const PARAMETERS =
  /^(?:digest|oauth|hawk|aws4|aws|vapid|mutual|scram|goog4|tc3|sharedaccess|signature|mediabrowser|dpop)/i;
const COMMON_SCHEME =
  /^(?:bearer|basic|token|api-?key|key|bot|jwt|negotiate|ntlm|splunk|ssws|geniekey|oauth|secret)\b/i;
const PARAMETER_VALUE = classOf('0-9', 'a-z', 'A-Z', '-._~+/=:%;');
const COOKIE_VALUE_END = classOf(';, "\'\\\r\n\t');
const COOKIE_ATTRIBUTES = new Set([
  'path',
  'domain',
  'expires',
  'max-age',
  'samesite',
  'secure',
  'httponly',
  'priority',
  'partitioned',
  'version',
  'comment',
]);
const PLAIN_COOKIES =
  /^(?:theme|lang|locale|tz|timezone|currency|country|region|consent|cookieconsent.*|_ga.*|_gid|_fbp|utm.*|ab_.*|variant|csrf.*|xsrf.*)$/i;

function isOpaque(value: string): boolean {
  return value !== '' && !isReference(value) && !isAbsent(value);
}

/** The value of an `Authorization`-like header in `[from, to)`; the scheme stays readable. */
export function matchAuthorization(scan: Scan, from: number, to: number): boolean {
  const { text } = scan;
  let at = from;
  SCHEME.lastIndex = from;
  const scheme = SCHEME.exec(text);
  let parameters = false;
  if (scheme !== null && SCHEME.lastIndex < to) {
    at = SCHEME.lastIndex;
    parameters = PARAMETERS.test(scheme[0]) || /^[a-z_]{1,24}="/i.test(text.slice(at, at + 32));
  }
  if (parameters && maskParameters(scan, at, to)) return true;
  if (text.charCodeAt(at) === 34 && !parameters) at += 1;
  const end = parameters ? to : Math.min(to, credentialEnd(scan, at, to));
  const value = text.slice(at, end);
  // `authorization: denied by policy`: no word of a sentence is a scheme.
  if (scheme !== null && !COMMON_SCHEME.test(scheme[0]) && /^[a-z]{1,11}$/.test(value)) return false;
  if (!isOpaque(value) || (isStatusWord(value) && value.length < 12 && scheme === null)) return false;
  if (scheme === null && !hasDigitOrLength(value)) return false;
  scan.add(at, end, 'api_token');
  scan.nameDone = Math.max(scan.nameDone, end);
  return true;
}

/** Parameters of a credential that say who and what, and are no secret. */
const OPEN_PARAMETERS =
  /^(?:username|user|realm|uri|qop|nc|algorithm|signedheaders|oauth_consumer_key|oauth_timestamp|oauth_version|oauth_signature_method|oauth_callback|keyid|id|ts|ext|client|device|deviceid|version|charset|stale|domain|userhash|headers|created|expires|se|sr|skn)$/i;
const PARAMETER = /[\s,&;]{0,8}([A-Za-z_][\w-]{0,40})\s{0,2}=\s{0,2}(\\{0,8}")?/y;
const MOST_PARAMETERS = 32;

/** `Digest username="bob", response="…"`: the secret parameters alone. False when it is no list of parameters to its end. */
function maskParameters(scan: Scan, from: number, to: number): boolean {
  const { text } = scan;
  const found: { readonly from: number; readonly to: number }[] = [];
  let at = from;
  for (let count = 0; at < to; count += 1) {
    PARAMETER.lastIndex = at;
    const parameter = PARAMETER.exec(text);
    if (parameter === null || count === MOST_PARAMETERS) return false;
    const quote = parameter[2] ?? '';
    const start = PARAMETER.lastIndex;
    let end = quote === '' ? runEnd(text, start, PARAMETER_VALUE, to) : endOfQuoted(scan, start, quote, to);
    if (end > to) return false;
    if (!OPEN_PARAMETERS.test(parameter[1] ?? '') && isOpaque(text.slice(start, Math.min(end, start + 256))))
      found.push({ from: start, to: end });
    end += quote.length;
    at = end;
    while (at < to && text.charCodeAt(at) <= 32) at += 1;
  }
  for (const range of found) scan.add(range.from, range.to, 'api_token');
  scan.nameDone = Math.max(scan.nameDone, to);
  return found.length > 0;
}

function hasDigitOrLength(value: string): boolean {
  return value.length >= 16 || looksSecret(value);
}

function credentialEnd(scan: Scan, from: number, limit: number): number {
  const run = scan.runEnd(from, TOKEN68);
  const bare = endOfBare(scan, from);
  return Math.min(limit, Math.max(run, bare));
}

/** A header's value goes to the end of its line, or to the quote it stands in (`-H 'Authorization: …'`). */
export function headerEnd(scan: Scan, from: number, limit: number, quote: string): number {
  if (quote !== '') return endOfQuoted(scan, from, quote, limit);
  // The end does not depend on where the value began, so one walk serves every header name on the way.
  if (from < scan.header.from || from > scan.header.to)
    scan.header = { from, to: unquotedHeaderEnd(scan, from, limit) };
  return scan.header.to;
}

function unquotedHeaderEnd(scan: Scan, from: number, limit: number): number {
  const { text } = scan;
  let i = from;
  while (i < limit) {
    const code = text.charCodeAt(i);
    if (code === 92 && /^\\+[rn"]/.test(text.slice(i, i + 8))) break;
    if (code === 34 && text.charCodeAt(i - 1) === 61) {
      // A quoted parameter: response="…"
      const close = scan.indexOf('"', i + 1);
      if (close === -1 || close >= limit) return limit;
      i = close;
    } else if (code === 34 && !inClass(LETTER, text.charCodeAt(i + 1))) break;
    i += 1;
  }
  return i;
}

/** The cookies in `[from, to)`: those with a secret name or a generated value; attributes and preferences stay. */
export function matchCookies(scan: Scan, from: number, to: number, headerName: string): boolean {
  if (from < scan.cookieDone) return false;
  scan.cookieDone = to;
  const { text } = scan;
  const setting = /set/i.test(headerName);
  let at = from;
  let masked = false;
  let first = true;
  while (at < to) {
    at = skipBlanks(text, at);
    const equals = scan.indexOf('=', at);
    if (equals === -1 || equals >= to) break;
    const name = text.slice(at, equals).trim();
    let valueFrom = equals + 1;
    if (text.charCodeAt(valueFrom) === 34) valueFrom += 1;
    let end = valueFrom;
    while (end < to && !inClass(COOKIE_VALUE_END, text.charCodeAt(end))) end += 1;
    const value = text.slice(valueFrom, end);
    const attribute = COOKIE_ATTRIBUTES.has(name.toLowerCase());
    const isPair = name.length < 128 && /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !name.includes(MARK_BEGIN);
    if (value.includes(MARK_BEGIN)) {
      // Masked before: what is skipped must be the same each time.
      scan.nameDone = Math.max(scan.nameDone, end);
      masked = true;
    } else if (isPair && !attribute && isOpaque(value) && isSecretCookie(scan, name, value, setting && first)) {
      scan.add(valueFrom, end, 'api_token');
      scan.nameDone = Math.max(scan.nameDone, end);
      masked = true;
    }
    first = false;
    const semicolon = scan.indexOf(';', end);
    if (semicolon === -1 || semicolon >= to) break;
    at = semicolon + 1;
  }
  return masked;
}

function isSecretCookie(scan: Scan, name: string, value: string, set: boolean): boolean {
  if (PLAIN_COOKIES.test(name)) return false;
  const verdict = scan.verdict(name);
  if (verdict === 'password' || verdict === 'secret') return true;
  if (verdict !== 'none' || /sess|sid$|auth|remember/i.test(name)) return looksSecret(value);
  return looksGenerated(value, set ? 12 : 16);
}

const STRANGE = classOf('%!#$^*');

/** `Bearer x` where no header name was seen. Called just behind the word. */
export function matchBearer(scan: Scan, wordEnd: number): void {
  if (wordEnd <= scan.proseDone) return;
  const { text } = scan;
  const at = afterScheme(text, wordEnd);
  if (at === -1) return;
  const run = runEnd(text, at, TOKEN68);
  // Passwords that somebody made up are sent as tokens, too, with signs outside the alphabet of tokens: half of one would be left.
  const goesOn = inClass(STRANGE, text.charCodeAt(run)) && inClass(ALPHANUMERIC, text.charCodeAt(run + 1));
  const end = goesOn ? Math.max(run, endOfBare(scan, at)) : run;
  scan.proseDone = end;
  const value = text.slice(at, end);
  if (
    value.length < 8 ||
    isReference(value) ||
    (text.charAt(end) === '"' && value.endsWith('=') && !looksGenerated(value, 12))
  )
    return;
  if (looksGenerated(value, 8) || (value.length >= 20 && looksSecret(value))) scan.add(at, end, 'api_token');
}

function afterScheme(text: string, wordEnd: number): number {
  if (text.startsWith('%20', wordEnd)) return wordEnd + 3;
  const code = text.charCodeAt(wordEnd);
  if (code === 43 || code === 44 || code === 58 || code === 61) return skipBlanks(text, wordEnd + 1);
  if (!isBlank(code)) return -1;
  const at = skipBlanks(text, wordEnd);
  return text.charCodeAt(at) === 34 || text.charCodeAt(at) === 39 ? at + 1 : at;
}

/** `Basic x` where no header name was seen: only if it decodes to `user:password`. */
export function matchBasic(scan: Scan, wordEnd: number): void {
  if (wordEnd <= scan.proseDone) return;
  const { text } = scan;
  const at = afterScheme(text, wordEnd);
  if (at === -1) return;
  const end = runEnd(text, at, BASE64_ANY);
  scan.proseDone = end;
  if (end - at < 8 || isWordLike(text.slice(at, Math.min(end, at + 64)))) return;
  if (decodesToPair(text.slice(at, Math.min(end, at + 1024)))) scan.add(at, end, 'api_token');
}

function isWordLike(value: string): boolean {
  return /^[a-z-]+$/.test(value);
}

export function decodesToPair(value: string): boolean {
  const decoded = Buffer.from(value, 'base64').toString('latin1');
  return /^[\x20-\x7e\xa0-\xff]*:[\x20-\x7e\xa0-\xff]*/.test(decoded) && decoded.includes(':');
}
