// Nothing is left lying about: no mocked modules, no tests set aside, no notes to oneself, no traces of one machine.
import { describe, expect, it } from 'vitest';
import { filesUnder, tooFew } from './source-files.ts';
import { tidyFaults } from './tidy.ts';

const PLACES = ['src', 'test', 'scripts', 'docs', 'schema', 'systemd', '.ci'];
const ROOT_FILES = [
  'README.md',
  'ARCHITECTURE.md',
  'SECURITY.md',
  'CHANGELOG.md',
  'install.sh.tpl',
  'package.json',
  'vitest.config.ts',
];

describe('the project', () => {
  it('is tidy', () => {
    const files = filesUnder([...PLACES, ...ROOT_FILES], ['']);
    expect(tooFew(files, 180)).toEqual([]);
    expect(tidyFaults(files)).toEqual([]);
  });
});

describe('the checker', () => {
  // In pieces, so that this file passes the check itself.
  it.each([
    ['a mocked module', ['vi.m', "ock('undici');"]],
    ['a test that runs alone', ['it.on', "ly('x', () => {});"]],
    ['a suite that runs alone', ['describe.concurrent.on', "ly('x', () => {});"]],
    ['a test set aside', ['test.sk', "ip('x', () => {});"]],
    ['a test to be written', ['it.to', "do('x');"]],
    ['a note to oneself', ['// TO', 'DO: later']],
    ['another', ['// FIX', 'ME']],
    ['a path of one machine', ["const home = '/wo", "rk/main';"]],
    ['a registry host', ['https://reg', 'istry.acme.net/a.tgz']],
  ])('catches %s', (_, pieces) => {
    expect(tidyFaults([{ path: 'src/a.ts', text: `one\n${pieces.join('')}\n` }])).toHaveLength(1);
  });

  it.each([
    'registry.get(type)',
    'registry.has(one)',
    'const skip = 1;',
    'array.only',
    'src/agent/worker/poll.ts',
    './worker/x',
    'registry.example.org',
  ])('leaves %j alone', (text) => {
    expect(tidyFaults([{ path: 'src/a.ts', text }])).toEqual([]);
  });
});
