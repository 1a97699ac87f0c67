// Reads a set of templates from its text file and fills it from a seed: one template a line, under a heading for its kind.

import { readFileSync } from 'node:fs';
import type { CorpusRecord } from './corpus.ts';
import { fillNoise } from './noise.ts';
import { cased, partOf } from './secret-parts.ts';
import { type Chance, chanceFrom, fromShape, pick } from './shapes.ts';

/** What a file holds: `## kind|part` begins a section; `names`, `tokens` and `benign` are sections of their own. */
interface TemplateSet {
  readonly names: readonly string[];
  /** `issuer format`, the format as in shapes.ts. */
  readonly tokens: readonly string[];
  readonly benign: readonly string[];
  readonly secret: readonly { readonly kind: string; readonly part: string; readonly template: string }[];
}

const VISIBLE: Readonly<Record<string, string>> = { '⏎': '\n', '⇥': '\t', '␛': '\u001b', '␍': '\r' };

function readSet(name: string): TemplateSet {
  const sections = new Map<string, string[]>();
  let section: string[] = [];
  const text = readFileSync(new URL(`sets/${name}.txt`, import.meta.url), 'utf8');
  for (const line of text.split('\n')) {
    if (line.startsWith('## ')) {
      section = sections.get(line.slice(3)) ?? [];
      sections.set(line.slice(3), section);
    } else if (line !== '' && !line.startsWith('# '))
      section.push(line.replaceAll(/[⏎⇥␛␍]/g, (sign) => VISIBLE[sign] ?? sign));
  }
  const secret = [...sections].flatMap(([heading, templates]) => {
    const [kind = '', part = 'assigned'] = heading.split('|');
    if (['names', 'tokens', 'benign'].includes(kind)) return [];
    return templates.map((template) => ({ kind, part, template }));
  });
  return {
    names: sections.get('names') ?? [],
    tokens: sections.get('tokens') ?? [],
    benign: sections.get('benign') ?? [],
    secret,
  };
}

function recordOf(
  chance: Chance,
  id: string,
  kind: string,
  template: string,
  part: string,
  name: string,
): CorpusRecord {
  const styles = cased(name);
  const secrets: string[] = [];
  const filled = fillNoise(chance, template)
    .replaceAll(/\{(snake|kebab|dotted|UPPER|camel|Pascal)\}/g, (_, style: string) => styles[style] ?? '')
    .replaceAll(/\{(?:S|S2|B:([A-Za-z0-9]+))\}/g, (_, own: string | undefined) => {
      const secret = partOf(chance, own ?? part, name);
      secrets.push(secret);
      return secret;
    });
  const keep = [...filled.matchAll(/«([^»]*)»/g)].map((match) => (match[1] ?? '').trim()).filter((kept) => kept !== '');
  return { id, kind, text: filled.replaceAll(/[«»]/g, ''), secret: secrets[0] ?? null, secrets, keep };
}

function tokenRecords(
  chance: Chance,
  set: string,
  tokens: readonly string[],
  frames: readonly string[],
): CorpusRecord[] {
  return tokens.flatMap((line, index) => {
    const [kind = '', shape = ''] = line.split(' ');
    return Array.from({ length: 4 }, (_, round) => {
      const secret = fromShape(chance, shape);
      const [before = '', after = ''] = pick(chance, frames).split('{S}');
      return { id: `${set}-t${index}-${round}`, kind, text: before + secret + after, secret, keep: [] };
    });
  });
}

/** Lines of a log in which an issuer's token may turn up. */
const TOKEN_FRAMES: readonly string[] = [
  'sync refused: {S}',
  'got {S}, giving up',
  '{"m":"using {S}","n":1}',
  'GET /x?t={S}&n=1 200',
  "client('{S}')",
  '[{S}]',
  '<a>{S}</a>',
  'id:{S};',
  '\u001b[31m{S}\u001b[0m',
  '"{S}\\n"',
  'x={S}',
  '({S})',
];

export function recordsOf(set: string, seed: number, rounds: number, benignCount: number): readonly CorpusRecord[] {
  const chance = chanceFrom(seed);
  const { names, tokens, benign, secret } = readSet(set);
  const secretRecords = secret.flatMap(({ kind, part, template }, index) =>
    Array.from({ length: rounds }, (_, round) =>
      recordOf(chance, `${set}-s${index}-${round}`, kind, template, part, pick(chance, names)),
    ),
  );
  const benignRecords = Array.from({ length: benign.length === 0 ? 0 : benignCount }, (_, index): CorpusRecord => {
    const text = fillNoise(chance, benign[index % benign.length] ?? '');
    return { id: `${set}-b${index}`, kind: 'benign', text, secret: null, keep: [] };
  });
  return [...secretRecords, ...tokenRecords(chance, set, tokens, TOKEN_FRAMES), ...benignRecords];
}
