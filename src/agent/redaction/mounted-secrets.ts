// Reads the secrets that are mounted into a container, where the agent may: compose `secrets:`, and files that `…_FILE` variables name.

import { readdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { readSmallFile } from './owner-rules.ts';

export interface Mount {
  /** Path on the host. */
  readonly source: string;
  /** Path in the container. */
  readonly destination: string;
}

const SECRETS_DIRECTORIES = ['/run/secrets', '/var/run/secrets'];
const FILES_MAX_COUNT = 32;
const FILE_MAX_BYTES = 65_536;

/** Host paths worth reading: what lies below /run/secrets, and what a variable named `…_FILE` points at. Pure. */
export function secretPaths(mounts: readonly Mount[], env: Readonly<Record<string, string>>): readonly string[] {
  const named = Object.entries(env)
    .filter(([name]) => name.endsWith('_FILE'))
    .map(([, value]) => value);
  const paths = mounts.flatMap(({ source, destination }) => {
    const place = posix.normalize(destination);
    if (SECRETS_DIRECTORIES.some((directory) => place === directory || place.startsWith(`${directory}/`)))
      return [source];
    return named.flatMap((file) => {
      if (file === place) return [source];
      return file.startsWith(`${place}/`) ? [join(source, file.slice(place.length + 1))] : [];
    });
  });
  return [...new Set(paths)].slice(0, FILES_MAX_COUNT);
}

/** Their contents. A file that may not be read, is gone, or is no small text is left out: the patterns still apply to what it holds. */
export function readMountedSecrets(paths: readonly string[]): readonly string[] {
  return paths
    .flatMap(filesAt)
    .slice(0, FILES_MAX_COUNT)
    .flatMap((path) => {
      const text = readable(path);
      return text === undefined || !isSecretText(text) ? [] : [text];
    });
}

function filesAt(path: string): readonly string[] {
  try {
    return readdirSync(path)
      .slice(0, FILES_MAX_COUNT)
      .map((name) => join(path, name));
  } catch {
    return [path];
  }
}

function readable(path: string): string | undefined {
  try {
    return readSmallFile(path, FILE_MAX_BYTES);
  } catch {
    return undefined;
  }
}

/** A certificate is mounted beside its key and is public; binary content is no text that a log would show. */
function isSecretText(text: string): boolean {
  if (text.includes('\u0000') || text.includes('\ufffd')) return false;
  return !/-----BEGIN (?:CERTIFICATE|PUBLIC KEY)/.test(text) || text.includes('PRIVATE KEY');
}
