// What the agent can do is what the registry lists, and each of it is in its own file and has its own test.
import { describe, expect, it } from 'vitest';
import { COMMANDS } from '../../src/commands/registry.ts';
import { commandListFaults } from './command-lists.ts';
import { filesUnder, tooFew } from './source-files.ts';

describe('commands', () => {
  it('are in three lists that agree', () => {
    const files = filesUnder(['src/commands'], ['.ts']);
    const tests = filesUnder(['test/commands'], ['.ts']);
    expect(tooFew(files, 10)).toEqual([]);
    expect(
      commandListFaults(
        files,
        tests,
        COMMANDS.map((command) => command.type),
      ),
    ).toEqual([]);
  });
});

describe('the checker', () => {
  const file = (path: string, text = ''): { path: string; text: string } => ({ path, text });
  const health = file('src/commands/health.ts', 'export const health = defineCommand<A, B>({');
  const pause = file('src/commands/pause.ts', 'export const pause = stateChange({');
  const healthTest = file('test/commands/health.test.ts');

  it('is content with one of each', () => {
    expect(commandListFaults([health, file('src/commands/definition.ts')], [healthTest], ['health'])).toEqual([]);
  });

  it.each([
    ['a file without an entry', [health, pause], [healthTest], ['health'], 'pause: has a file but no registry entry'],
    [
      'an entry without a file',
      [health],
      [healthTest],
      ['health', 'stop'],
      'stop: is registered but has no file of its own',
    ],
    ['a command without a test', [health], [], ['health'], 'health: has no test'],
    [
      'a test of nothing',
      [health],
      [healthTest, file('test/commands/gone.test.ts')],
      ['health'],
      'gone: has a test but no file',
    ],
    ['two entries', [health], [healthTest], ['health', 'health'], 'health: is registered twice'],
  ])('catches %s', (_, files, tests, registered, fault) => {
    expect(commandListFaults(files, tests, registered)).toContain(fault);
  });
});
