// The shape of source files: how they open, what they are called and how they export.
import { basename } from 'node:path';
import { openingComment, type SourceFile } from './source-files.ts';

/** Words that say nothing about what is inside. */
const EMPTY_NAMES = new Set(['utils', 'util', 'helpers', 'helper', 'common', 'lib', 'misc', 'shared', 'index']);
const OPENING_MIN_CHARS = 20;

export function shapeFaults(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => [...faultsOf(file)]);
}

function* faultsOf({ path, text }: SourceFile): Generator<string> {
  const names = path.split('/').map((name) => basename(name, '.ts').replace(/\.test$/u, ''));
  const empty = names.find((name) => EMPTY_NAMES.has(name));
  if (empty !== undefined) yield `${path}: "${empty}" does not say what is inside`;
  const opening = openingComment(text);
  if (opening.length < OPENING_MIN_CHARS || !opening.includes('.')) {
    yield `${path}: does not open with a // sentence of what it is for`;
  }
  // Vitest asks for one in what it runs before the tests.
  const isSetup = path.startsWith('test/support/provide-');
  if (!isSetup && /^export\s+default\b|^export\s*\{[^}]*\bas\s+default\b/mu.test(text))
    yield `${path}: has a default export`;
}
