// Fills what a template leaves open with noise: ids, digests, numbers, addresses.

import { type Chance, letters, pick } from './shapes.ts';

export const NOISE_WORDS: readonly string[] =
  'harbor lantern copper meadow violet falcon ember cedar quartz tundra'.split(' ');

/** `{hex40}`: an alphabet and a length. */
const SIZED: Readonly<Record<string, string>> = {
  hex: 'X',
  hexU: '0123456789ABCDEF',
  b: 'B',
  n: 'N',
  V: 'V',
  l: 'L',
  A: 'A',
  u: 'U',
};

function noise(chance: Chance, name: string, words: readonly string[]): string | undefined {
  const sized = /^(hexU|hex|b|n|V|l|A|u)([0-9]+)u?$/.exec(name);
  if (sized !== null)
    return letters(chance, name.endsWith('u') ? 'U' : (SIZED[sized[1] ?? ''] ?? 'X'), Number(sized[2]));
  switch (name) {
    case 'sha':
      return letters(chance, 'X', 40);
    case 'uuid':
      return [8, 4, 4, 4, 12].map((size) => letters(chance, 'X', size)).join('-');
    case 'n':
      return String(chance(900) + 1);
    case 'd':
      return String(chance(9) + 1);
    case 'epoch':
      return `17${letters(chance, 'N', 8)}`;
    case 'ip':
      return `10.${chance(255)}.${chance(255)}.${chance(255)}`;
    case 'mac':
      return Array.from({ length: 6 }, () => letters(chance, 'X', 2)).join(':');
    case 'b64':
    case 'b64x':
      return `${letters(chance, 'B', 62)}==`;
    case 'word':
      return pick(chance, words);
    default:
      return undefined;
  }
}

/** What is no noise, `{S}` and the styles of names, stays as it stands. */
export function fillNoise(chance: Chance, template: string, words: readonly string[] = NOISE_WORDS): string {
  return template.replaceAll(/\{([A-Za-z]+[0-9]*u?)\}/g, (whole, name: string) => noise(chance, name, words) ?? whole);
}
