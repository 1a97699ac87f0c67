// Masks the secret among the arguments of calls that are known to take one: `HTTPBasicAuth('bob', '…')`, frames of PHP's traces.

import { inClass, isBlank, WORD } from './characters.ts';
import type { Scan } from './scan.ts';
import { endOfBare, endOfQuoted, quoteAt } from './value-end.ts';
import { isReference, looksSecret } from './value-judgement.ts';

const MOST_ARGUMENTS = 8;
const REACH = 2048;

/** Where the secret stands: `after-user` behind the first argument, `any` also as the first. */
type Place = 'after-user' | 'any';

const CALLS: Readonly<Record<string, Place>> = {
  'basicauth(': 'after-user',
  'basic_auth(': 'after-user',
  'digestauth(': 'after-user',
  '.auth(': 'after-user',
  'auth=(': 'after-user',
  'auth: (': 'after-user',
  'auth=[': 'after-user',
  'login(': 'after-user',
  'authenticate(': 'after-user',
  'attempt(': 'after-user',
  'signin(': 'after-user',
  'logon(': 'after-user',
  'mysqli_connect(': 'after-user',
  'mysqli_real_connect(': 'after-user',
  'mysqli->real_connect(': 'after-user',
  'mysql_connect(': 'after-user',
  'mysqli->__construct(': 'after-user',
  'pdo->__construct(': 'after-user',
  'pg_connect(': 'any',
  'oci_connect(': 'after-user',
  'ldap_bind(': 'after-user',
  'ftp_login(': 'after-user',
  'ssh2_auth_password(': 'after-user',
  'imap_open(': 'after-user',
  'drivermanager.getconnection(': 'after-user',
  'usernamepasswordcredentials(': 'after-user',
  'passwordauthentication(': 'after-user',
  'networkcredential(': 'after-user',
  'plainauth(': 'after-user',
  'setbasicauth(': 'after-user',
  'verify_password(': 'any',
  'password_verify(': 'any',
  'password_hash(': 'any',
  'check_password(': 'any',
  'set_password(': 'any',
  'hashpw(': 'any',
  'bcrypt.compare(': 'any',
  'jwt.sign(': 'after-user',
  'jwt.verify(': 'after-user',
  'jwt.encode(': 'after-user',
  'jwt.decode(': 'after-user',
  'hash_hmac(': 'after-user',
  'createhmac(': 'after-user',
  'pgp_sym_encrypt(': 'after-user',
  'pgp_sym_decrypt(': 'after-user',
  'aes_encrypt(': 'after-user',
  'aes_decrypt(': 'after-user',
  'plaintext,': 'any',
  'sp_addlogin ': 'after-user',
  'sp_password ': 'any',
};

export const CALLED: readonly string[] = Object.keys(CALLS);

/** Skips a nested value (`{ id: 1 }`, `[…]`, `f(x)`) whose content is no argument of this call. */
function afterNested(text: string, from: number, limit: number): number {
  let depth = 0;
  for (let i = from; i < limit; i += 1) {
    const character = text.charAt(i);
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) {
      depth -= 1;
      if (depth <= 0) return i + 1;
    }
  }
  return limit;
}

/** Called just behind the opening bracket. */
export function matchCall(scan: Scan, literal: string, end: number): void {
  if (end < scan.callDone) return;
  const { text } = scan;
  const before = text.charCodeAt(end - literal.length - 1);
  // `httpbasicauth(` ends in the literal as well; `is_login(` takes no password.
  if (!/^[a-z]/.test(literal) && inClass(WORD, before) && !literal.startsWith('.')) return;
  const limit = Math.min(scan.lineEnd(end), end + REACH);
  let at = end;
  for (let index = 0; index < MOST_ARGUMENTS && at < limit; index += 1) {
    while (at < limit && (isBlank(text.charCodeAt(at)) || text.charCodeAt(at) === 44)) at += 1;
    if (text.startsWith('<<"', at)) at += 2;
    else if (/^[a-z_]{1,24}[=:] ?["']/i.test(text.slice(at, at + 27)))
      at += /["']/.exec(text.slice(at, at + 27))?.index ?? 0;
    const quote = quoteAt(text, at);
    if (quote === '') {
      const object = /^[A-Za-z_\\][\w\\]{0,63}(?=\([\w\\]{0,64}\))/.exec(text.slice(at, at + 132));
      if (object !== null) at = afterNested(text, at + object[0].length, limit);
      else if ('{[('.includes(text.charAt(at)) && at < limit) at = afterNested(text, at, limit);
      else at = Math.min(limit, Math.max(at + 1, endOfBare(scan, at)));
      if (text.charCodeAt(at) === 41 || (text.charCodeAt(at - 1) === 41 && text.charCodeAt(at) !== 44)) break;
      continue;
    }
    const from = at + quote.length;
    const stop = endOfQuoted(scan, from, quote, limit);
    const value = text.slice(from, Math.min(stop, from + 512));
    const placed = index > 0 || CALLS[literal] === 'any';
    if (placed && stop < limit && isArgumentSecret(value)) scan.add(from, stop, 'env_assignment');
    at = stop + quote.length;
    if (text.charCodeAt(at) !== 44 && !isBlank(text.charCodeAt(at))) break;
  }
  scan.callDone = Math.max(at, end);
}

function isArgumentSecret(value: string): boolean {
  return (
    !isReference(value) &&
    !value.includes(' ') &&
    !value.includes('://') &&
    !/^(?:h|r|e)s\d{3}$|^sha-?\d+$|^aes-/i.test(value) &&
    looksSecret(value)
  );
}
