// Secrets of the control plane in files: read only when nobody else can, made on the first start.
import { chmod, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

const SECRET_FILE_MAX_BYTES = 4_096;
const OTHERS_MASK = 0o077;

/** The first line of a file of mode 0600, or undefined when there is no such file. Throws when others may read it. */
export async function readSecretFile(path: string): Promise<string | undefined> {
  let mode: number;
  try {
    const stats = await stat(path);
    if (stats.size > SECRET_FILE_MAX_BYTES)
      throw new Error(`${path} is too long to hold a token: give the file that holds it`);
    ({ mode } = stats);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  if ((mode & OTHERS_MASK) !== 0) throw new Error(`${path} can be read by others: run "chmod 600 ${path}"`);
  const text = (await readFile(path, 'utf8')).trim();
  if (text === '') throw new Error(`${path} is empty: put the token into it, or remove it to have a new one made`);
  return text;
}

/** The secret in the file, which is made with mode 0600 on the first start. */
export async function readOrCreateSecretFile(path: string, create: () => string): Promise<string> {
  const known = await readSecretFile(path);
  if (known !== undefined) return known;
  await makePrivateFolder(dirname(path));
  const secret = create();
  // `wx`: of two processes that start together one makes the file, and the other one reads it on its next start.
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(`${secret}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return secret;
}

/** Makes a folder that only its owner can enter; one that is there already keeps its owner and gets that mode only if new. */
export async function makePrivateFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await chmod(path, 0o700);
}
