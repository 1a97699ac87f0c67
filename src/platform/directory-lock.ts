// Keeps a second process out of a directory that only one may change at a time.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Holds the directory until disposed. The lock is the operating system's, taken through an empty SQLite file: it ends with the
 * process, however that ends, so there is never a stale one to remove. Throws at once when another process holds it, or the file
 * cannot be opened; `other` is what that process would be.
 */
export function lockDirectory(directory: string, other: string): Disposable {
  const file = new DatabaseSync(join(directory, 'lock'));
  try {
    file.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    throw new Error(`${other} uses ${directory}: stop it, or use another directory`, { cause: error });
  }
  return { [Symbol.dispose]: () => file.close() };
}
