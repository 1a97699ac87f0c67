// Sorts of secrets, each made up from chance: assigned values, opaque tokens, cards, addresses; and the casings of names.

import { Buffer } from 'node:buffer';
import { fillNoise, NOISE_WORDS } from './noise.ts';
import { type Chance, letters, pick } from './shapes.ts';

function luhnComplete(prefix: string, chance: Chance, length: number): string {
  const body = prefix + letters(chance, 'N', length - prefix.length - 1);
  const sum = body
    .split('')
    .toReversed()
    .reduce((total, digit, index) => {
      const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return body + String((10 - (sum % 10)) % 10);
}

function card(chance: Chance): string {
  const [prefix, length] = pick<readonly [string, number]>(chance, [
    ['4', 16],
    ['51', 16],
    ['37', 15],
    ['6011', 16],
    ['2221', 16],
    ['65', 16],
  ]);
  const number = luhnComplete(prefix, chance, length);
  const separator = pick(chance, ['', ' ', '-']);
  if (separator === '') return number;
  return length === 15
    ? [number.slice(0, 4), number.slice(4, 10), number.slice(10)].join(separator)
    : (number.match(/.{4}/g) ?? []).join(separator);
}

/** The values that follow a secret's name: generated, hexadecimal, with symbols, weak. */
function assigned(chance: Chance, name: string): string {
  const kind = chance(10);
  if (kind < 5) return letters(chance, 'A', 15 + chance(6));
  if (kind < 7) return letters(chance, 'X', 32 + 8 * chance(2));
  if (kind === 7)
    return `${letters(chance, 'A', 6)}${pick(chance, ['!', '#', '@', '$', '%', '^', '*', '+', '/', '~'])}${letters(chance, 'A', 6)}`;
  if (kind === 8) return `${letters(chance, 'B', 43)}=`;
  return /pass|pwd/.test(name)
    ? pick(chance, ['toor99', 'hunter2', 'S3cret!', 'Passw0rd', 'qwe123rty', 'dragon42'])
    : urlSafe(chance, 22);
}

function urlSafe(chance: Chance, length: number): string {
  return letters(chance, 'U', length).replaceAll(/^[-_]|[-_]$/g, 'x');
}

function email(chance: Chance): string {
  const domain = pick(chance, ['example.org', 'example.com', 'test', 'co.uk', 'io']);
  return `${letters(chance, 'L', 4)}.${pick(chance, NOISE_WORDS)}@${pick(chance, NOISE_WORDS)}.${domain}`;
}

type Part = (chance: Chance, name: string) => string;

const SECRET_PARTS: Readonly<Record<string, Part>> = {
  assigned,
  mixed: (chance) => letters(chance, 'A', 12 + chance(12)),
  mixed24: (chance) => letters(chance, 'A', 24),
  urlsafe: (chance) => letters(chance, 'A', 15) + pick(chance, ['', '%21', '.', '~x', '$1']),
  urlsafe43: (chance) => urlSafe(chance, 43),
  urlsafe68: (chance) => urlSafe(chance, 68),
  opaque: (chance) => pick(chance, [letters(chance, 'X', 40), urlSafe(chance, 43), letters(chance, 'A', 24)]),
  hex32: (chance) => letters(chance, 'X', 32),
  hex64: (chance) => letters(chance, 'X', 64),
  hex128: (chance) => letters(chance, 'X', 128),
  b64: (chance) => `${letters(chance, 'B', 22)}==`,
  sig: (chance) => `${letters(chance, 'A', 30)}%2B${letters(chance, 'A', 11)}%3D`,
  cf: (chance) => `${letters(chance, 'A', 80)}~${letters(chance, 'A', 90)}__`,
  b64a: (chance) => letters(chance, 'B', 64),
  cf28: (chance) => `${letters(chance, 'A', 26)}%3D`,
  tg: (chance) => `AA${urlSafe(chance, 33)}`,
  zap: (chance) => letters(chance, 'L', 7),
  aws: (chance) => letters(chance, 'A', 40),
  azure: (chance) => `${letters(chance, 'B', 86)}==`,
  azure44: (chance) => `${letters(chance, 'B', 43)}=`,
  weak: (chance) => pick(chance, ['toor', 'changeme', 'letmein', 'dragon', 'secret', 'Winter 2024']),
  pin: (chance) => letters(chance, 'N', 6),
  basic: (chance) => Buffer.from(`u${letters(chance, 'L', 3)}:${letters(chance, 'A', 16)}`).toString('base64'),
  jwt: (chance) =>
    `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.${Buffer.from(`{"sub":"${letters(chance, 'L', 6)}","n":1}`).toString('base64url')}.${urlSafe(chance, 43)}`,
  card,
  email,
  emailenc: (chance) => encodeURIComponent(email(chance)),
};

export function cased(name: string): Readonly<Record<string, string>> {
  const words = name.split(' ');
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return {
    snake: words.join('_'),
    kebab: words.join('-'),
    dotted: `app.${words.join('.')}`,
    UPPER: words.join('_').toUpperCase(),
    camel: pascal.charAt(0).toLowerCase() + pascal.slice(1),
    Pascal: pascal,
  };
}

/** A secret of the named sort; `hex32` and the like are an alphabet and a length. */
export function partOf(chance: Chance, part: string, name: string): string {
  const make = SECRET_PARTS[part];
  if (make !== undefined) return make(chance, name);
  const placeholder = `{${part}}`;
  const filled = fillNoise(chance, placeholder);
  if (filled === placeholder) throw new Error(`there is no sort of secret named ${part}`);
  return filled;
}
