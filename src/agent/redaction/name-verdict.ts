// Decides from a name alone whether what is assigned to it is a secret, and of what sort.

import {
  BLACKLISTED_NAMES,
  DESCRIBING_WORDS,
  FURTHER_SECRET_NAMES,
  HARMLESS_QUALIFIERS,
  INNOCENT_WORDS,
  KEY_QUALIFIERS,
  PUBLIC_NAMES,
  SECRET_ENDINGS,
  SECRET_WORDS,
} from './secret-names.ts';

/**
 * - `password`: masked whatever it looks like; the strongest sort
 * - `secret`: masked unless it is a small number or a file path
 * - `authorization`, `cookie`: headers with a grammar of their own
 * - `location`: a URL that is secret as a whole unless it is a URL with a password, then the password alone
 * - `webhook`: a URL whose path is the secret
 * - `weak`: masked only where the value looks like a secret (`auth`, `session`)
 * - `query`: the same, and only as a parameter of a URL (`key`, `code`, `sig`)
 * - `digits`: a short number is the secret (`pin`, `cvv`)
 */
export type NameVerdict =
  | 'none'
  | 'password'
  | 'secret'
  | 'authorization'
  | 'cookie'
  | 'location'
  | 'webhook'
  | 'weak'
  | 'query'
  | 'digits';

const LONGEST_NAME = 128;
/** Names repeat from line to line; the memo is emptied when a hostile log invents ever new ones. */
const MEMO_SIZE = 4096;

const PASSWORD_WORDS = new Set(
  'password passwd passphrase passcode pwd pass pw passwort kennwort contrasena senha wachtwoord motdepasse passe requirepass dbpw masterauth authtok'.split(
    ' ',
  ),
);
const PASSWORD_ENDING = /(?:password|passwd|passphrase|pwd|pass|pw|passwort)$/;
const DIGIT_NAMES = new Set([
  'pin',
  'cvv',
  'cvc',
  'cvv2',
  'otp',
  'totp',
  'mfacode',
  'passcode',
  'verificationcode',
  'securitycode',
  'cpin',
  'cpin2',
]);
const QUERY_NAMES = new Set(
  'key sig signature code invite invitation sid hmac sign tok t k token2 ticket assertion appid hash hdnea hdnts samlart policy st magic nonce_token accessid'.split(
    ' ',
  ),
);
const WEAK_NAMES = new Set(
  'auth session sess sid authentication connectsid rememberme remember bearer identity sso authn sas xauth secretid'.split(
    ' ',
  ),
);
const COOKIE_NAMES = new Set([
  'cookie',
  'setcookie',
  'setcookie2',
  'cookies',
  'httpcookie',
  'cookiestring',
  'cookieheader',
]);

/** `X-Api-Key`, `apiKey` and `API_KEY` are one name. */
export function canonicalName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase();
}

export function segmentsOf(name: string): readonly string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replaceAll(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((segment) => segment !== '');
}

function secretSegment(segment: string): boolean {
  if (SECRET_WORDS.has(segment)) return true;
  const bare = segment.replace(/[0-9]{1,3}$/, '');
  if (SECRET_WORDS.has(bare)) return true;
  return !INNOCENT_WORDS.has(bare) && SECRET_ENDINGS.some((ending) => bare.endsWith(ending));
}

function passwordSegment(segment: string): boolean {
  const bare = segment.replace(/[0-9]{1,3}$/, '');
  return PASSWORD_WORDS.has(bare) || (!INNOCENT_WORDS.has(bare) && PASSWORD_ENDING.test(bare));
}

function verdictOfSegments(name: string, segments: readonly string[]): NameVerdict {
  const last = segments.at(-1) ?? '';
  if (segments.some((segment) => segment === 'authorization') && !DESCRIBING_WORDS.has(last)) return 'authorization';
  if (segments.includes('webhook') && (last === 'url' || last === 'uri')) return 'webhook';
  // Trailing numbers and environments (`DB_PASSWORD_2`) say nothing.
  if (DESCRIBING_WORDS.has(last)) return /^sess(?:ion)?_?id$/.test(segments.slice(-2).join('_')) ? 'weak' : 'none';
  // `--discovery-token-ca-cert-hash`: what everybody may know of a certificate.
  if (last === 'hash' && segments.some((segment) => segment === 'cert' || segment === 'ca')) return 'none';
  // Helm: `existingSecret` and `existingSecretPasswordKey` say where to look.
  if (segments.includes('existing') && segments.includes('secret')) return 'none';
  const secret = segments.filter(secretSegment);
  if (secret.some(passwordSegment)) return 'password';
  const harmless = segments.slice(0, -1).some((segment) => HARMLESS_QUALIFIERS.has(segment));
  if (secret.length > 0) {
    const countedOrPaged = harmless && secret.every((segment) => segment.endsWith('token'));
    return countedOrPaged && !segments.some((segment) => TELLING.has(segment)) ? 'none' : 'secret';
  }
  const lastBare = last.replace(/[0-9]{1,3}$/, '');
  if (last === 'keys' && segments.at(-2) === 'app') return 'secret';
  // `feature_flag_sdk_key`: the word that stands by the key says what it is for.
  if (lastBare === 'key' && harmless && TELLING_OF_KEYS.has(segments.at(-2) ?? '') && !segments.some(isPublic))
    return 'secret';
  if (lastBare === 'key' && !harmless) {
    const qualified = segments
      .slice(0, -1)
      .some((s) => KEY_QUALIFIERS.has(s) || s.endsWith('api') || s.endsWith('secret'));
    return qualified ? 'secret' : 'none';
  }
  if ((last === 'auth' || last === 'session' || last === 'sess' || last === 'sid') && segments.length > 1)
    return 'weak';
  return /^[A-Z][A-Z0-9_]*_AUTH$/.test(name) ? 'weak' : 'none';
}

/** `next-auth.session-token`: what the token is for says more than what stands before it. */
const TELLING = new Set('session auth access refresh id bearer api admin service login secret oauth'.split(' '));

const TELLING_OF_KEYS = new Set('api sdk secret private access encryption signing auth master'.split(' '));

function isPublic(segment: string): boolean {
  return segment === 'public' || segment === 'pub' || segment === 'publishable';
}

export class NameVerdicts {
  readonly #exact = new Map<string, NameVerdict>();
  readonly #memo = new Map<string, NameVerdict>();

  constructor(extraNames: readonly string[] = []) {
    for (const name of FURTHER_SECRET_NAMES) this.#exact.set(canonicalName(name), 'secret');
    for (const name of PUBLIC_NAMES) this.#exact.set(canonicalName(name), 'none');
    for (const name of WEAK_NAMES) this.#exact.set(name, 'weak');
    for (const name of QUERY_NAMES) this.#exact.set(name, 'query');
    for (const name of DIGIT_NAMES) this.#exact.set(name, 'digits');
    this.#exact.set('pw', 'secret');
    for (const name of COOKIE_NAMES) this.#exact.set(name, 'cookie');
    for (const name of BLACKLISTED_NAMES) this.#exact.set(canonicalName(name), 'password');
    this.#exact.set(canonicalName('DATABASE_URL'), 'location');
    for (const name of extraNames) this.#exact.set(canonicalName(name), 'password');
  }

  of(name: string): NameVerdict {
    if (name.length > LONGEST_NAME) return 'none';
    const known = this.#memo.get(name);
    if (known !== undefined) return known;
    const verdict = this.#exact.get(canonicalName(name)) ?? this.#bySuffix(name);
    if (this.#memo.size >= MEMO_SIZE) this.#memo.clear();
    this.#memo.set(name, verdict);
    return verdict;
  }

  /** `spring.datasource.api-key` and `app.DATABASE_URL` are judged by their last dotted part first. */
  #bySuffix(name: string): NameVerdict {
    const verdict = verdictOfSegments(name, segmentsOf(name));
    if (verdict !== 'none') return verdict;
    const dot = name.lastIndexOf('.');
    if (dot <= 0) return 'none';
    const exact = this.#exact.get(canonicalName(name.slice(dot + 1)));
    return exact === 'password' || exact === 'location' || exact === 'cookie' ? exact : 'none';
  }
}
