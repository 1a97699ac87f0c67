// One command: one file, one registry entry, one test. Compares the three lists.
import { basename } from 'node:path';
import type { SourceFile } from './source-files.ts';

/** How a file makes a command, whatever helper it uses. */
const DEFINES = /^export const \w+(?:: \w+)? = (?:defineCommand|stateChange)\b/mu;

export function commandListFaults(
  commandFiles: readonly SourceFile[],
  testFiles: readonly SourceFile[],
  registered: readonly string[],
): readonly string[] {
  const names = commandFiles.filter((file) => DEFINES.test(file.text)).map((file) => basename(file.path, '.ts'));
  const allNames = new Set(commandFiles.map((file) => basename(file.path, '.ts')));
  const tested = testFiles.map((file) => basename(file.path)).filter((name) => name.endsWith('.test.ts'));
  const entries = registered.map((type) => type.replaceAll('_', '-'));
  return [
    ...names.filter((name) => !entries.includes(name)).map((name) => `${name}: has a file but no registry entry`),
    ...entries
      .filter((name) => !names.includes(name))
      .map((name) => `${name}: is registered but has no file of its own`),
    ...entries.filter((name, at) => entries.indexOf(name) !== at).map((name) => `${name}: is registered twice`),
    ...entries.filter((name) => !tested.includes(`${name}.test.ts`)).map((name) => `${name}: has no test`),
    ...tested
      .map((name) => name.replace(/\.test\.ts$/u, ''))
      .filter((name) => !allNames.has(name))
      .map((name) => `${name}: has a test but no file`),
  ];
}
