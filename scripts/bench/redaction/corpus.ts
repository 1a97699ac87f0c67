// Generates a corpus of synthetic log records, secret and benign, from a seed; the form is that of `redact --jsonl`.

import { Buffer } from 'node:buffer';
import { BENIGN_TEMPLATES, ORDINARY_TEMPLATES, WORDS } from './benign.ts';
import { FOURTH_BENIGN, FOURTH_TEMPLATES } from './set-four.ts';
import { THIRD_BENIGN, THIRD_TEMPLATES } from './set-three.ts';
import { SECOND_BENIGN, SECOND_TEMPLATES } from './set-two.ts';
import { HELD_OUT_BENIGN, HELD_OUT_TEMPLATES } from './set-five.ts';
import { ASSIGNMENT_TEMPLATES, SECRET_NAMES } from './assignments.ts';
import { type Chance, chanceFrom, fromShape, letters, pick, TOKEN_SHAPES, TOKEN_TEMPLATES } from './shapes.ts';
import { KIND_TEMPLATES } from './secrets.ts';
import { environmentValues, privateKeys } from './keys.ts';

export interface CorpusRecord {
  readonly id: string;
  readonly kind: string;
  readonly text: string;
  /** null: benign, must not change. */
  readonly secret: string | null;
  readonly keep: readonly string[];
  /** Every one of these must go; `secret` alone where absent. */
  readonly secrets?: readonly string[];
  readonly chunks?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly heldOut?: boolean;
}

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

const PARTS: Readonly<Record<string, (chance: Chance) => string>> = {
  mixed: (chance) => letters(chance, 'A', 12 + chance(12)),
  urlsafe: (chance) => letters(chance, 'A', 15) + pick(chance, ['', '%21', '.', '~x', '$1']),
  opaque: (chance) =>
    pick(chance, [
      letters(chance, 'X', 40),
      letters(chance, 'U', 43).replace(/^[-_]|[-_]$/g, 'a'),
      letters(chance, 'A', 24),
    ]),
  hex64: (chance) => letters(chance, 'X', 64),
  basic: (chance) => Buffer.from(`u${letters(chance, 'L', 3)}:${letters(chance, 'A', 16)}`).toString('base64'),
  jwt: (chance) =>
    `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.${Buffer.from(`{"sub":"${letters(chance, 'L', 6)}","n":1}`).toString('base64url')}.${letters(chance, 'U', 43)}`,
  card,
  email: (chance) =>
    `${letters(chance, 'L', 4)}.${pick(chance, WORDS)}@${pick(chance, WORDS)}.${pick(chance, ['example.org', 'example.com', 'test', 'co.uk', 'io'])}`,
};

/** The values that follow a secret's name: generated, hexadecimal, with symbols, weak. */
function assignedValue(chance: Chance, password: boolean): string {
  const kind = chance(10);
  if (kind < 5) return letters(chance, 'A', 15 + chance(6));
  if (kind < 7) return letters(chance, 'X', 32 + 8 * chance(2));
  if (kind === 7)
    return `${letters(chance, 'A', 6)}${pick(chance, ['!', '#', '@', '$', '%', '^', '*', '+', '/', '~'])}${letters(chance, 'A', 6)}`;
  if (kind === 8) return `${letters(chance, 'B', 43)}=`;
  return password
    ? pick(chance, ['toor99', 'hunter2', 'S3cret!', 'Passw0rd', 'qwe123rty', 'dragon42'])
    : letters(chance, 'U', 22).replaceAll(/^[-_]|[-_]$/g, 'x');
}

function cased(name: string): Readonly<Record<string, string>> {
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

/** Takes the «…» marks out of a template and returns what they held. */
function marked(template: string, fill: (text: string) => string): { text: string; keep: string[] } {
  const keep = [...template.matchAll(/«([^»]*)»/g)]
    .map((match) => fill(match[1] ?? '').trim())
    .filter((part) => part !== '');
  return { text: fill(template.replaceAll(/[«»]/g, '')), keep };
}

function recordOf(
  id: string,
  kind: string,
  template: string,
  secret: string,
  names: Readonly<Record<string, string>> = {},
): CorpusRecord {
  const fill = (text: string): string =>
    text
      .replaceAll(/\{(snake|kebab|dotted|UPPER|camel|Pascal)\}/g, (_, style: string) => names[style] ?? '')
      .replaceAll('{S}', () => secret);
  const { text, keep } = marked(template.replace(/\|(?:skip|pw)$/, ''), fill);
  return { id, kind, text, secret, keep };
}

function assignments(chance: Chance, rounds: number): CorpusRecord[] {
  return ASSIGNMENT_TEMPLATES.filter((template) => !template.endsWith('|skip')).flatMap((template, index) =>
    Array.from({ length: rounds }, (_, round) => {
      const usable = template.endsWith('|pw') ? SECRET_NAMES.filter((name) => /password/.test(name)) : SECRET_NAMES;
      const name = pick(chance, usable);
      return recordOf(
        `a${index}-${round}`,
        `assignment`,
        template,
        assignedValue(chance, /pass|pwd/.test(name)),
        cased(name),
      );
    }),
  );
}

function kinds(
  chance: Chance,
  templates: Readonly<Record<string, readonly string[]>>,
  rounds: number,
  mark: string,
): CorpusRecord[] {
  return Object.entries(templates).flatMap(([key, list]) => {
    const [kind = '', part = 'mixed'] = key.split('|');
    return list
      .filter((template) => !template.endsWith('|skip'))
      .flatMap((template, index) =>
        Array.from({ length: rounds }, (_, round) => {
          const name = pick(chance, SECRET_NAMES);
          return recordOf(
            `${mark}${kind}${index}-${round}`,
            kind,
            template,
            (PARTS[part] ?? letters)(chance, 'A', 16),
            cased(name),
          );
        }),
      );
  });
}

function tokens(chance: Chance): CorpusRecord[] {
  return Object.entries(TOKEN_SHAPES).flatMap(([kind, shape]) =>
    TOKEN_TEMPLATES.map((template, index) => recordOf(`t-${kind}-${index}`, kind, template, fromShape(chance, shape))),
  );
}

function splits(chance: Chance): CorpusRecord[] {
  return Array.from({ length: 24 }, (_, index) => {
    const secret = letters(chance, 'A', 24);
    const head = '{"dump":"';
    const at = 16_384 - head.length - 18 - chance(20);
    const text = `${head}${'lorem '.repeat(3000).slice(0, at)}","client_secret":"${secret}","end":1}`;
    return {
      id: `p${index}`,
      kind: 'split',
      text,
      secret,
      keep: ['client_secret', '"end":1'],
      chunks: [text.slice(0, 16_384), text.slice(16_384)],
    };
  });
}

function benign(chance: Chance, templates: readonly string[], count: number, mark: string): CorpusRecord[] {
  const fill = (name: string): string => {
    const sized = /^(hex|b|n)([0-9]+)$/.exec(name);
    if (sized !== null)
      return letters(chance, sized[1] === 'hex' ? 'X' : sized[1] === 'b' ? 'B' : 'N', Number(sized[2]));
    switch (name) {
      case 'sha':
        return letters(chance, 'X', 40);
      case 'uuid':
        return [8, 4, 4, 4, 12].map((size) => letters(chance, 'X', size)).join('-');
      case 'n':
        return String(chance(900) + 1);
      case 'epoch':
        return `17${letters(chance, 'N', 8)}`;
      case 'ip':
        return `10.${chance(255)}.${chance(255)}.${chance(255)}`;
      case 'mac':
        return Array.from({ length: 6 }, () => letters(chance, 'X', 2)).join(':');
      case 'b64':
        return `${letters(chance, 'B', 86)}==`;
      case 'word':
        return pick(chance, WORDS);
      default:
        return `{${name}}`;
    }
  };
  return Array.from({ length: count }, (_, index) => {
    const template = templates[index % templates.length] ?? '';
    return {
      id: `${mark}${index}`,
      kind: `benign`,
      text: template.replaceAll(/\{([a-z0-9]+)\}/g, (_whole, name: string) => fill(name)),
      secret: null,
      keep: [],
    };
  });
}

/** Lines as services write them, for the speed. */
export function ordinaryLines(seed: number, count: number): readonly string[] {
  return benign(chanceFrom(seed), ORDINARY_TEMPLATES, count, 'o').map((record) => record.text);
}

/** The last set of templates is reported apart; write a fresh one into its file before measuring a change of the rules. */
export function generateCorpus(seed: number): readonly CorpusRecord[] {
  const chance = chanceFrom(seed);
  const open = [
    ...assignments(chance, 12),
    ...kinds(chance, KIND_TEMPLATES, 6, 's-'),
    ...tokens(chance),
    ...privateKeys(chance),
    ...environmentValues(chance),
    ...splits(chance),
    ...benign(chance, [...BENIGN_TEMPLATES, ...SECOND_BENIGN, ...THIRD_BENIGN, ...FOURTH_BENIGN], 10_500, 'b'),
    ...kinds(chance, SECOND_TEMPLATES, 6, 'z-'),
    ...kinds(chance, THIRD_TEMPLATES, 6, 'y-'),
    ...kinds(chance, FOURTH_TEMPLATES, 6, 'x-'),
  ];
  const heldOut = [...kinds(chance, HELD_OUT_TEMPLATES, 6, 'h-'), ...benign(chance, HELD_OUT_BENIGN, 1_000, 'hb')];
  return [...open, ...heldOut.map((record) => ({ ...record, heldOut: true }))];
}
