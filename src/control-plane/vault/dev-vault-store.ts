// What the development Vault holds: secrets by path and tokens by hash, in memory or in a file of mode 0600.
import { chmod, open, readFile, rename } from 'node:fs/promises';
import { z } from 'zod';
import { newAgentToken, secretHash } from '../secret.ts';

const SECRETS_MAX_COUNT = 100_000;

const secretEntry = z.object({
  value: z.record(z.string(), z.unknown()),
  version: z.int(),
  createdAt: z.string(),
  deleted: z.boolean(),
});
export type SecretEntry = z.infer<typeof secretEntry>;

const tokenEntry = z.object({
  name: z.string(),
  /** Paths below these prefixes may be read; undefined for the root token, which may do everything. */
  readPrefixes: z.array(z.string()).optional(),
});
export type TokenEntry = z.infer<typeof tokenEntry>;

const state = z.object({ secrets: z.record(z.string(), secretEntry), tokens: z.record(z.string(), tokenEntry) });

export class DevVaultStore {
  readonly #file: string | undefined;
  readonly #secrets: Map<string, SecretEntry>;
  readonly #tokens: Map<string, TokenEntry>;
  #saving: Promise<void> = Promise.resolve();

  private constructor(file: string | undefined, stored: z.infer<typeof state>) {
    this.#file = file;
    this.#secrets = new Map(Object.entries(stored.secrets));
    this.#tokens = new Map(Object.entries(stored.tokens));
  }

  /** `file` undefined keeps everything in memory. */
  static async open(file: string | undefined): Promise<DevVaultStore> {
    return new DevVaultStore(file, file === undefined ? { secrets: {}, tokens: {} } : await load(file));
  }

  get(path: string): SecretEntry | undefined {
    return this.#secrets.get(path);
  }

  /** Settles when the secret would survive a crash. */
  async put(path: string, entry: SecretEntry): Promise<void> {
    if (this.#secrets.size >= SECRETS_MAX_COUNT && !this.#secrets.has(path)) {
      throw new Error(`the development Vault holds at most ${SECRETS_MAX_COUNT} secrets: use a real one`);
    }
    this.#secrets.set(path, entry);
    await this.#save();
  }

  async remove(path: string): Promise<void> {
    if (this.#secrets.delete(path)) await this.#save();
  }

  /** Names directly below a folder, folders with a trailing slash, as Vault lists them. */
  list(folder: string): readonly string[] {
    const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
    const names = new Set<string>();
    for (const path of this.#secrets.keys()) {
      if (!path.startsWith(prefix)) continue;
      const rest = path.slice(prefix.length);
      const slash = rest.indexOf('/');
      names.add(slash < 0 ? rest : rest.slice(0, slash + 1));
    }
    return [...names].toSorted();
  }

  /** A new token; only its hash is kept. */
  async mintToken(entry: TokenEntry): Promise<string> {
    const token = `hvs.${newAgentToken()}`;
    await this.addToken(token, entry);
    return token;
  }

  async addToken(token: string, entry: TokenEntry): Promise<void> {
    this.#tokens.set(secretHash(token), entry);
    await this.#save();
  }

  token(token: string): TokenEntry | undefined {
    return this.#tokens.get(secretHash(token));
  }

  // One write at a time, each of the state as it is when its turn comes: the file never goes back in time.
  async #save(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const next = this.#saving.then(() => this.#write(file));
    this.#saving = next.catch(() => undefined);
    await next;
  }

  async #write(file: string): Promise<void> {
    const text = JSON.stringify({
      secrets: Object.fromEntries(this.#secrets),
      tokens: Object.fromEntries(this.#tokens),
    });
    const fresh = `${file}.new`;
    const handle = await open(fresh, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await chmod(fresh, 0o600);
    await rename(fresh, file);
  }
}

async function load(file: string): Promise<z.infer<typeof state>> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { secrets: {}, tokens: {} };
    throw error;
  }
  const parsed = state.safeParse(JSON.parse(text));
  if (!parsed.success)
    throw new Error(`${file} is not a file of the development Vault: move it away to start with an empty one`);
  return parsed.data;
}
