// Generates a corpus of synthetic log records, secret and benign, from a seed; the form is that of `redact --jsonl`.

import { BENIGN_TEMPLATES, ORDINARY_TEMPLATES, WORDS } from './benign.ts';
import { FOURTH_BENIGN, FOURTH_TEMPLATES } from './set-four.ts';
import { THIRD_BENIGN, THIRD_TEMPLATES } from './set-three.ts';
import { SECOND_BENIGN, SECOND_TEMPLATES } from './set-two.ts';
import { HELD_OUT_BENIGN, HELD_OUT_TEMPLATES } from './set-five.ts';
import { ASSIGNMENT_TEMPLATES, SECRET_NAMES } from './assignments.ts';
import { type Chance, chanceFrom, fromShape, letters, pick, TOKEN_SHAPES, TOKEN_TEMPLATES } from './shapes.ts';
import { KIND_TEMPLATES } from './secrets.ts';
import { cased, partOf } from './secret-parts.ts';
import { fillNoise } from './noise.ts';
import { recordsOf } from './text-set.ts';
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
      return recordOf(`a${index}-${round}`, `assignment`, template, partOf(chance, 'assigned', name), cased(name));
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
          return recordOf(`${mark}${kind}${index}-${round}`, kind, template, partOf(chance, part, name), cased(name));
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
  return Array.from({ length: count }, (_, index) => {
    const template = templates[index % templates.length] ?? '';
    return {
      id: `${mark}${index}`,
      kind: `benign`,
      text: fillNoise(chance, template, WORDS),
      secret: null,
      keep: [],
    };
  });
}

/** Lines as services write them, for the speed. */
export function ordinaryLines(seed: number, count: number): readonly string[] {
  return benign(chanceFrom(seed), ORDINARY_TEMPLATES, count, 'o').map((record) => record.text);
}

/** Sets of templates in text files; `--set NAME` measures one by itself, a new one before the rules have seen it. */
const TEXT_SETS = ['six', 'seven', 'eight', 'nine', 'ten'];

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
  const five = [...kinds(chance, HELD_OUT_TEMPLATES, 6, 'h-'), ...benign(chance, HELD_OUT_BENIGN, 1_000, 'hb')];
  const texts = TEXT_SETS.flatMap((set) => recordsOf(set, seed, 2, 600));
  return [...open, ...five, ...texts];
}
