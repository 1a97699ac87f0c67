// Files open with a sentence, have telling names and no default exports.
import { describe, expect, it } from 'vitest';
import { shapeFaults } from './shape.ts';
import { filesUnder, tooFew } from './source-files.ts';

describe('files', () => {
  it('have the shape of the house in src', () => {
    const sources = filesUnder(['src'], ['.ts']);
    expect(tooFew(sources, 120)).toEqual([]);
    expect(shapeFaults(sources)).toEqual([]);
  });

  it('have it in scripts and tests too', () => {
    const others = filesUnder(['scripts', 'test'], ['.ts']);
    expect(tooFew(others, 50)).toEqual([]);
    expect(shapeFaults(others)).toEqual([]);
  });
});

describe('the checker', () => {
  const good = '// Adds two numbers, for the sum of it.\n';

  it('is content with a file that opens as it should, with or without a #! line', () => {
    expect(shapeFaults([{ path: 'src/agent/sum.ts', text: good }])).toEqual([]);
    expect(shapeFaults([{ path: 'src/bin/sum.ts', text: `#!/usr/bin/env node\n${good}` }])).toEqual([]);
  });

  it.each([
    ['a barrel', 'src/agent/index.ts', good],
    ['a drawer for everything', 'src/agent/utils/text.ts', good],
    ['helpers', 'src/agent/helpers.ts', good],
    ['no opening sentence', 'src/agent/sum.ts', "import { z } from 'zod';\n"],
    ['an opening that is no sentence', 'src/agent/sum.ts', '// sum\n'],
    ['a default export', 'src/agent/sum.ts', `${good}export default function sum() {}\n`],
    ['a default export by another name', 'src/agent/sum.ts', `${good}export { sum as default };\n`],
  ])('catches %s', (_, path, text) => {
    expect(shapeFaults([{ path, text }])).toHaveLength(1);
  });
});
