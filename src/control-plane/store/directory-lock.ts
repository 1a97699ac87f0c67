// Keeps a second process out of a data directory: PGlite does not, and two on one directory destroy it.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Holds the directory until disposed. The lock is the operating system's, taken through an empty SQLite file: it ends with the
 * process, however that ends, so there is never a stale one to remove. Throws at once when another process holds it.
 */
export function lockDirectory(directory: string): Disposable {
  const file = new DatabaseSync(join(directory, 'lock'));
  try {
    file.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    file.close();
    throw new Error(`another control plane uses ${directory}: stop it, or give this one its own data directory`, {
      cause: error,
    });
  }
  return { [Symbol.dispose]: () => file.close() };
}
