// What known secrets are looked for as: their values, and what encoders commonly make of them, in parts where they are long. Pure.

import type { NameVerdicts } from './name-verdict.ts';
import { isNumber, isPath, isReference } from './value-judgement.ts';

const SHORTEST_SECRET = 8;
/** Six and seven characters only with three sorts of characters: shorter values occur in text by chance. */
const SHORTEST_MIXED_SECRET = 6;
const SHORTEST_LINE = 16;
/** A longer needle is looked for in parts, so that a value cut off in the middle is still found. */
const PART_LENGTH = 16;
const LONGEST_UNDIVIDED = 32;
const LONGEST_VALUE = 65_536;
/** No needle is shorter. */
export const SHORTEST_NEEDLE = 6;

/** Values that everybody uses and that appear in logs for other reasons. */
const COMMON_VALUES = new Set(
  `postgres postgresql password password1 changeme production development staging localhost admin administrator root test testing example default secret
  mysql mariadb mongodb rabbitmq username database redis-server minioadmin wordpress nextcloud guest passw0rd 12345678 123456789 1234567890 qwertyui
  undefined disabled enabled required optional internal external superuser letmein welcome service server client application container docker
  traefik grafana keycloak elastic metabase supabase anonymous changeit supersecret topsecret secretsecret`.split(
    /\s+/,
  ),
);

export interface KnownValueSources {
  readonly env: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly mounted: readonly string[];
  readonly ownerValues: readonly string[];
  readonly publicValues: readonly string[];
}

function sortsOfCharacters(value: string): number {
  return [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/].filter((sort) => sort.test(value)).length;
}

/** The stated rule by which a value is too short or too common to be looked for outside its own name. */
function isSearchable(value: string, publicValues: ReadonlySet<string>): boolean {
  if (value.length < SHORTEST_MIXED_SECRET || (value.length < SHORTEST_SECRET && sortsOfCharacters(value) < 3))
    return false;
  if (publicValues.has(value) || COMMON_VALUES.has(value.toLowerCase()) || isReference(value) || isPath(value))
    return false;
  return !(isNumber(value) && value.length < 10);
}

function urlPasswords(value: string): readonly string[] {
  const found = /^[a-z][a-z0-9+.-]*:\/\/([^/?#\s]*)@/i.exec(value) ?? /^[a-z][a-z0-9+.-]*:\/\/(\S*)@/i.exec(value);
  const info = found?.[1];
  if (info === undefined) return [];
  const colon = info.indexOf(':');
  const password = colon === -1 ? '' : info.slice(colon + 1);
  return password === '' ? [] : [password, decoded(password)];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

const PASSWORD_FIELD =
  /(?:^|[;\s,?&])(?:password|pwd|passwd|accountkey|sharedaccesskey|secret|token|api_?key|sig)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^;\s&]+))/gi;

function fieldPasswords(value: string): readonly string[] {
  return [...value.matchAll(PASSWORD_FIELD)].map((match) => match[1] ?? match[2] ?? match[3] ?? '');
}

function jsonLeaves(value: unknown, name: string, names: NameVerdicts, depth = 0): readonly string[] {
  if (depth > 8) return [];
  if (typeof value === 'string') return isSecretName(names, name) ? linesOf(value) : [...urlPasswords(value)];
  if (Array.isArray(value)) return value.flatMap((item) => jsonLeaves(item, name, names, depth + 1));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => jsonLeaves(item, key, names, depth + 1));
}

function isSecretName(names: NameVerdicts, name: string): boolean {
  const verdict = names.of(name);
  return verdict === 'password' || verdict === 'secret' || verdict === 'digits' || verdict === 'authorization';
}

function parsedJson(value: string): unknown {
  if (!/^\s*[[{]/.test(value)) return undefined;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** A value of several lines is logged line by line; PEM labels are no secret. */
function linesOf(value: string): readonly string[] {
  if (!value.includes('\n')) return [value];
  return value
    .split(/\r?\n/)
    .filter((line) => line.trim().length >= SHORTEST_LINE && !line.startsWith('-----'))
    .map((line) => line.trim());
}

function secretParts(name: string, value: string, names: NameVerdicts): readonly string[] {
  const json = parsedJson(value);
  if (json !== undefined) return jsonLeaves(json, name, names);
  const fromUrl = urlPasswords(value);
  if (fromUrl.length > 0) return fromUrl;
  const verdict = names.of(name);
  if (
    /(?:_DSN|_CONNECTION_STRING|_CONN_STR|_CONN|_CONNSTR|_URL|_URI)$/i.test(name) ||
    /^\w[\w ]{0,32}=[^=;]*;/.test(value)
  ) {
    const fields = fieldPasswords(value);
    if (fields.length > 0) return fields;
    const goDsn = /^[^:@/\s]+:(\S+)@(?:tcp|unix)?\(/.exec(value)?.[1];
    if (goDsn !== undefined) return [goDsn];
  }
  if (verdict === 'webhook') return [value.replace(/^https?:\/\/[^/]*\//, '')];
  if (verdict === 'location') return /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? [] : linesOf(value);
  if (verdict === 'weak') return value.includes(':') ? [value, value.slice(value.indexOf(':') + 1)] : linesOf(value);
  return isSecretName(names, name) ? linesOf(value) : [];
}

/** A mounted file is a secret as a whole, or holds `NAME=value` lines or JSON, whose secret names then count. */
function mountedParts(text: string, names: NameVerdicts): readonly string[] {
  const json = parsedJson(text);
  if (json !== undefined) return jsonLeaves(json, '', names);
  const lines = text.split(/\r?\n/);
  const pairs = lines.flatMap((line) => {
    const pair = /^(?:export )?([A-Za-z_][A-Za-z0-9_.-]{0,127})=(.*)$/.exec(line.trim());
    return pair === null ? [] : [secretParts(pair[1] ?? '', (pair[2] ?? '').replaceAll(/^["']|["']$/g, ''), names)];
  });
  if (pairs.length > 0 && pairs.length >= lines.filter((line) => line.trim() !== '').length / 2) return pairs.flat();
  return [...urlPasswords(text), ...linesOf(text)];
}

function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value, 'utf8');
  return [0, 1, 2].flatMap((offset) => {
    // Only characters whose six bits all come from the value are the same whatever stands around it.
    const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString('base64');
    const first = Math.ceil((offset * 8) / 6);
    const last = Math.floor(((offset + bytes.length) * 8) / 6);
    const determined = whole.slice(first, last);
    return [determined, determined.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

function xmlEscaped(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** What encoders make of a value. */
export function formsOf(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const wellFormed = value.toWellFormed();
  const uri = encodeURIComponent(wellFormed);
  const strict = uri.replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
  const hex = Buffer.from(value, 'utf8').toString('hex');
  const forms = [
    value,
    json,
    JSON.stringify(json).slice(1, -1),
    json.replaceAll('/', '\\/'),
    encodeURI(wellFormed),
    uri,
    lower(uri),
    strict,
    lower(strict),
    strict.replaceAll('%20', '+'),
    encodeURIComponent(strict),
    ...base64Forms(value),
    hex,
    hex.toUpperCase(),
    xmlEscaped(value),
    xmlEscaped(value).replaceAll('&#39;', '&apos;').replaceAll('&quot;', '&#34;'),
    value.replaceAll("'", "'\\''"),
    value.replaceAll("'", "''"),
    value.replaceAll(/[^A-Za-z0-9_@%+=:,./-]/g, '\\$&'),
  ];
  return [...new Set(forms)].filter((form) => form.length >= SHORTEST_NEEDLE);
}

/** Long needles in parts that overlap at the end, so that the parts cover the whole. */
function partsOf(needle: string): readonly string[] {
  if (needle.length <= LONGEST_UNDIVIDED) return [needle];
  const parts: string[] = [];
  for (let from = 0; from + PART_LENGTH <= needle.length; from += PART_LENGTH)
    parts.push(needle.slice(from, from + PART_LENGTH));
  parts.push(needle.slice(-PART_LENGTH));
  return parts;
}

/** Everything that is looked for because of these sources. */
export function needlesOf(sources: KnownValueSources, names: NameVerdicts): readonly string[] {
  const entries = Object.entries(sources.env);
  const secretNames = entries.filter(([name, value]) => secretParts(name, value, names).length > 0);
  const secretKeys = new Set(secretNames.map(([name]) => name));
  // A value that another, harmless variable shows too (`POSTGRES_USER=postgres`) is no secret in this container.
  const publicValues = new Set([
    ...sources.publicValues,
    ...entries.filter(([name]) => !secretKeys.has(name)).map(([, value]) => value),
  ]);
  const values: string[] = secretNames.flatMap(([name, value]) =>
    secretParts(name, value.slice(0, LONGEST_VALUE), names),
  );
  values.push(...sources.mounted.flatMap((text) => mountedParts(text.slice(0, LONGEST_VALUE).trim(), names)));
  const wanted = new Set(values.map((value) => value.trim()).filter((value) => isSearchable(value, publicValues)));
  for (const secret of sources.secrets) {
    for (const line of linesOf(secret.trim())) if (line.length >= SHORTEST_SECRET) wanted.add(line);
  }
  for (const value of sources.ownerValues) {
    for (const line of linesOf(value.trim())) if (line.length >= SHORTEST_MIXED_SECRET) wanted.add(line);
  }
  return [...wanted].flatMap((value) => formsOf(value).flatMap(partsOf));
}
