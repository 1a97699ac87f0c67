// A name that was judged, and what that judgement means for the value assigned to it.

import { classOf, inClass } from './characters.ts';
import type { NameVerdict } from './name-verdict.ts';
import type { RedactionCategory } from './redactor.ts';
import type { Scan } from './scan.ts';
import {
  isAbsent,
  isNumber,
  isObjectReference,
  isPath,
  isReference,
  isStatusWord,
  looksGenerated,
  looksSecret,
  UUID,
} from './value-judgement.ts';

export interface Named {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly verdict: NameVerdict;
}

export function categoryOf(named: Named): RedactionCategory {
  if (named.verdict === 'authorization' || named.verdict === 'cookie') return 'api_token';
  if (named.verdict === 'location' || named.verdict === 'webhook' || named.verdict === 'query')
    return 'cloud_db_credential';
  const first = named.name.charCodeAt(0);
  return (first === 120 || first === 88) && named.name.charCodeAt(1) === 45 ? 'api_token' : 'env_assignment';
}

const BEFORE_PARAMETER = classOf('?&;6fF#');

export function isQueryParameter(text: string, named: Named): boolean {
  // The last characters of the spellings below.
  if (!inClass(BEFORE_PARAMETER, text.charCodeAt(named.from - 1))) return false;
  const before = text.slice(Math.max(0, named.from - 6), named.from);
  return /(?:[?&]|&amp;|%26|%3[fF]|\\u0026|&#38;|\?#|#)$/.test(before);
}

/** What validators say about a password in its place. */
const COMPLAINT =
  /^(?:is|can't|cannot|must|should|has|this|please|too|may|does|doesn't|needs|field|invalid|required|incorrect|wrong|missing) [a-z]|^(?:required|invalid|incorrect|missing)$/i;

/** A label or a message of a form, which is a sentence about a password: `Forgot your password?` */
const SPEAKS_OF_PASSWORDS =
  /^[^0-9]* (?:password|passphrase|passcode|passwort|kennwort|passe|contraseña|senha|wachtwoord)s?\b[^0-9]*$/i;
/** The word itself, as a label in some language. */
const LABEL =
  /^(?:your |enter |new |old |current |confirm |repeat )?(?:password|passphrase|passwort|kennwort|mot de passe|contraseña|senha|wachtwoord|hasło|heslo|jelszó|lösenord|adgangskode|salasana|parola|пароль|密码|密碼|パスワード|비밀번호)\s?[*:?]?$/i;

function isLabel(named: Named, value: string): boolean {
  return (
    value.length < 128 &&
    !/^[A-Z][A-Z0-9_]*$/.test(named.name) &&
    (LABEL.test(value) || (value.includes(' ') && SPEAKS_OF_PASSWORDS.test(value)))
  );
}

/** `PWD=/app` of every shell; the same three letters are a password in `;Pwd=…`. */
export function isWorkingDirectory(named: Named, value: string): boolean {
  return named.name.length === 3 && /^pwd$/i.test(named.name) && (isPath(value) || value.startsWith('/'));
}

/** nginx passes requests on to what stands behind `proxy_pass`; the same words name the password of a proxy. */
export function isUpstream(named: Named, value: string): boolean {
  return /^proxy_?pass$/i.test(named.name) && (value.includes(':') || !looksGenerated(value));
}

/** What is said of an object that is called by its name: `secret: "web-tls" not found`. */
const SAID_OF_OBJECT = /^["'`] (?:not found|does not exist|already exists|is forbidden|is invalid|is missing)\b/;

/** Kubernetes and its kin quote the name of the secret that they miss. */
export function isMissedObject(text: string, named: Named, from: number, end: number): boolean {
  if (named.verdict !== 'secret' || !SAID_OF_OBJECT.test(text.slice(end, end + 24))) return false;
  const value = text.slice(from, end);
  return /^[a-z][a-z0-9./-]*$/.test(value) && !looksGenerated(value);
}

/** Three digits are a check number of a card; the pin of an appliance is a small number too, that of a person has four or more. */
export function isShortCode(name: string, value: string): boolean {
  return (value.length <= 10 && /^[0-9]{4,10}$/.test(value)) || (/^cv/i.test(name) && /^[0-9]{3}$/.test(value));
}

/** Vault's `secret_id` is a secret and generated; that of AWS is a name that somebody chose. */
export function isSecretId(name: string): boolean {
  return name.length < 11 && /^secret_?id$/i.test(name);
}

export function isGeneratedId(value: string): boolean {
  return UUID.test(value) || looksGenerated(value, 20);
}

/** Whether a value that is quoted, or delimited beyond doubt, is to be masked. */
export function acceptsDelimited(named: Named, value: string): boolean {
  if (isReference(value) || isAbsent(value) || isWorkingDirectory(named, value)) return false;
  // A label repeats the name it labels.
  if (value.length < 24 && value.toLowerCase() === named.name.toLowerCase()) return false;
  switch (named.verdict) {
    case 'password':
      return !COMPLAINT.test(value) && !isLabel(named, value) && !isUpstream(named, value);
    case 'digits':
      // `pin: GPIO17` is one of a circuit.
      return isShortCode(named.name, value) || (!/^pin$/i.test(named.name) && looksSecret(value));
    case 'weak':
      return isSecretId(named.name) ? isGeneratedId(value) : looksSecret(value) && value.length >= 8;
    case 'query':
      return looksGenerated(value, 20) && !/^(?:sha|md5|cache|user|session)/i.test(value);
    case 'secret':
    case 'location':
    case 'webhook':
    case 'authorization':
    case 'cookie':
    case 'none':
      return !isPath(value) && !isObjectReference(value) && !(isNumber(value) && value.length < 6);
  }
}

/** `token=5` counts, `pass=3` is a test result; a number is a secret only under a name that says password in full. */
export function acceptsBare(text: string, named: Named, value: string): boolean {
  if (isReference(value) || isAbsent(value) || isWorkingDirectory(named, value)) return false;
  switch (named.verdict) {
    case 'password':
      return (
        !(isNumber(value) && value.length < 4) &&
        !isLabel(named, value) &&
        !isUpstream(named, value) &&
        !(/^pass$/i.test(named.name) && isNumber(value))
      );
    case 'digits':
      return isShortCode(named.name, value) || (!/^pin$/i.test(named.name) && looksSecret(value));
    case 'weak':
      if (isSecretId(named.name)) return isGeneratedId(value);
      // Dovecot: `auth: passwd-file(bob,…): unknown user`; Samba: `Auth: [SMB2,(null)]`.
      if (/^(?:[a-z]+(?:-[a-z]+)*\(|\[)/.test(value)) return false;
      return (
        value.length >= 8 &&
        looksSecret(value) &&
        (isQueryParameter(text, named) || looksGenerated(value, 8) || value.includes(':'))
      );
    case 'query':
      return value.length >= 10 && isQueryParameter(text, named) && looksSecret(value);
    case 'secret':
    case 'location':
    case 'webhook':
    case 'authorization':
    case 'cookie':
    case 'none':
      return (
        value.length >= (/^token$/i.test(named.name) ? 6 : 4) &&
        !isPath(value) &&
        !isObjectReference(value) &&
        !(isNumber(value) && value.length < 6) &&
        !(value.length < 16 && isStatusWord(value))
      );
  }
}

/** A URL keeps what an operator needs (host, database); anything else goes as a whole. */
export function maskValue(scan: Scan, named: Named, from: number, to: number, quote = ''): void {
  const { text } = scan;
  const value = text.slice(from, Math.min(to, from + 64));
  // The URL matcher, which is called at `://`, masks the password in it.
  if (named.verdict === 'location' && /^[a-z][a-z0-9+.-]*:(?:\\?\/){2}/i.test(value)) return;
  if (named.verdict === 'webhook') {
    const path = /^https?:(?:\\?\/){2}[^/\\]{1,56}\\?\//i.exec(value);
    if (path !== null) {
      scan.add(from + path[0].length, to, 'api_token');
      scan.nameDone = Math.max(scan.nameDone, to);
      return;
    }
  }
  scan.add(from, to, categoryOf(named), quote);
  scan.nameDone = Math.max(scan.nameDone, to);
}
