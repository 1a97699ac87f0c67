// The project's files as path and text: what the house checkers look at.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

export interface SourceFile {
  /** Relative to the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

export const ROOT = join(import.meta.dirname, '..', '..');

/** Every file under `places` (folders or files, those that exist) whose name ends in one of `endings`. */
export function filesUnder(places: readonly string[], endings: readonly string[]): readonly SourceFile[] {
  return places
    .flatMap((place) => [...walk(join(ROOT, place))])
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }));
}

function* walk(path: string): Generator<string> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isFile()) {
    yield path;
    return;
  }
  for (const entry of readdirSync(path).toSorted()) yield* walk(join(path, entry));
}

/** A check that looked at hardly anything proves nothing: says so instead of passing. */
export function tooFew(looked: readonly unknown[], atLeast: number): readonly string[] {
  return looked.length >= atLeast ? [] : [`looked at ${looked.length} files only, there should be at least ${atLeast}`];
}

/** The comment a file opens with, as one line; a `#!` line may stand before it. */
export function openingComment(text: string): string {
  const lines = text.split('\n');
  const first = lines[0]?.startsWith('#!') === true ? 1 : 0;
  const comment: string[] = [];
  for (const line of lines.slice(first)) {
    if (!line.startsWith('//')) break;
    comment.push(line.slice(2).trim());
  }
  return comment.join(' ').trim();
}
