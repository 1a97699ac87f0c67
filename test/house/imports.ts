// What a TypeScript file imports: static, type-only and dynamic imports, relative ones as paths from the project's root.
import { posix } from 'node:path';
import type { SourceFile } from './source-files.ts';

export interface Import {
  readonly from: string;
  /** `src/…` for a file of the project, `node:…` for Node's own, else the name of a package. */
  readonly target: string;
  readonly kind: 'file' | 'node' | 'package';
  /** Gone when the types are stripped. */
  readonly typeOnly: boolean;
}

const STATIC = /^(?:import|export)\b([^;'"]*?)\bfrom\s*'([^']+)';/gmu;
const SIDE_EFFECT = /^import\s*'([^']+)';/gmu;
const DYNAMIC = /\bimport\(\s*'([^']+)'\s*\)/gu;

export function importsOf(file: SourceFile): readonly Import[] {
  const found: Import[] = [];
  for (const [, clause = '', specifier = ''] of file.text.matchAll(STATIC)) {
    found.push(importOf(file.path, specifier, isTypeOnly(clause)));
  }
  for (const pattern of [SIDE_EFFECT, DYNAMIC]) {
    for (const [, specifier = ''] of file.text.matchAll(pattern)) found.push(importOf(file.path, specifier, false));
  }
  return found;
}

function isTypeOnly(clause: string): boolean {
  if (/^\s*type\b/u.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/u.exec(clause)?.[1];
  const parts = (names ?? '').split(',').filter((name) => name.trim() !== '');
  return parts.length > 0 && parts.every((name) => /^\s*type\s/u.test(name));
}

function importOf(from: string, specifier: string, typeOnly: boolean): Import {
  if (specifier.startsWith('.')) {
    return { from, target: posix.join(posix.dirname(from), specifier), kind: 'file', typeOnly };
  }
  if (specifier.startsWith('node:')) return { from, target: specifier, kind: 'node', typeOnly };
  const segments = specifier.split('/');
  const name = segments.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  return { from, target: name, kind: 'package', typeOnly };
}
