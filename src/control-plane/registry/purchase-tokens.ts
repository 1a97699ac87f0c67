// Purchase tokens: what a buyer registers servers with. Stored hashed, bound to a stack, limited, revocable (REQUIREMENTS B3).
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { problem } from '../http/problem.ts';
import { isSecret, newSecret, secretHash } from '../secret.ts';
import type { Database, Sql } from '../store/sql.ts';

export interface NewPurchaseToken {
  readonly userId: string;
  readonly stackId: string;
  readonly maxServers: number;
  /** RFC 3339. */
  readonly expiresAt: string | undefined;
}

const tokenRow = z.object({
  id: z.string(),
  user_id: z.string(),
  stack_id: z.string(),
  max_servers: z.int(),
  expires_at: z.date().nullable(),
  revoked_at: z.date().nullable(),
});
export type PurchaseToken = z.infer<typeof tokenRow>;

const idRow = z.object({ id: z.string() });

export class PurchaseTokens {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(database: Database, clock: Clock, random: Random) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
  }

  /** The token is returned once and cannot be read again. */
  async mint(wanted: NewPurchaseToken): Promise<{ readonly id: string; readonly purchaseToken: string }> {
    const id = this.#random.uuid();
    const purchaseToken = newSecret('purchase');
    await this.#database.execute(
      `INSERT INTO purchase_tokens (id, token_hash, user_id, stack_id, max_servers, expires_at, created_at)
       VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz)`,
      [
        id,
        secretHash(purchaseToken),
        wanted.userId,
        wanted.stackId,
        wanted.maxServers,
        wanted.expiresAt ?? null,
        new Date(this.#clock.now()).toISOString(),
      ],
    );
    return { id, purchaseToken };
  }

  /** Whether there was such a token. Servers registered with it keep working; it admits no new one and no repeat. */
  async revoke(id: string): Promise<boolean> {
    const now = new Date(this.#clock.now()).toISOString();
    const rows = await this.#database.query(
      idRow,
      'UPDATE purchase_tokens SET revoked_at = COALESCE(revoked_at, $2::timestamptz) WHERE id = $1 RETURNING id',
      [id, now],
    );
    return rows.length > 0;
  }

  /** The token's row while it is neither revoked nor expired; undefined for everything else, whatever the reason. */
  async valid(token: string): Promise<PurchaseToken | undefined> {
    if (!isSecret('purchase', token)) return undefined;
    const [row] = await this.#database.query(
      tokenRow,
      `SELECT id, user_id, stack_id, max_servers, expires_at, revoked_at FROM purchase_tokens WHERE token_hash = $1
       AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2::timestamptz)`,
      [secretHash(token), new Date(this.#clock.now()).toISOString()],
    );
    return row;
  }

  /**
   * The token, locked until the transaction ends so that its servers are counted one after another. Throws a Fault purchase_token_…
   * that says why it is refused: who holds the token may know, because the token itself is the secret.
   */
  async claim(sql: Sql, token: string, stackId: string): Promise<PurchaseToken> {
    const [row] = isSecret('purchase', token)
      ? await sql.query(
          tokenRow,
          `SELECT id, user_id, stack_id, max_servers, expires_at, revoked_at FROM purchase_tokens WHERE token_hash = $1 FOR UPDATE`,
          [secretHash(token)],
        )
      : [];
    if (row === undefined) {
      throw problem(
        'purchase_token_unknown',
        'this purchase token is not known here: copy it again from the purchase e-mail, whole',
      );
    }
    if (row.revoked_at !== null) {
      throw problem('purchase_token_revoked', 'this purchase token was revoked: ask the seller for a new one');
    }
    if (row.expires_at !== null && row.expires_at.getTime() <= this.#clock.now()) {
      const when = row.expires_at.toISOString();
      throw problem('purchase_token_expired', `this purchase token expired at ${when}: ask the seller for a new one`);
    }
    if (row.stack_id !== stackId) {
      throw problem(
        'purchase_token_stack',
        'this purchase token is for another stack: use the stack_id from the purchase e-mail',
      );
    }
    return row;
  }
}

const machine = z.object({ machine_id_hash: z.string().min(16).max(64) });

/** What a server is recognised by when it registers again: its machine id where it tells, else all it says of itself. */
export function serverIdentity(fingerprint: Readonly<Record<string, unknown>>): string {
  const parsed = machine.safeParse(fingerprint);
  if (parsed.success) return `machine:${parsed.data.machine_id_hash}`;
  return `print:${createHash('sha256').update(canonical(fingerprint)).digest('hex')}`;
}

// The order of keys carries no meaning, so it must not make another server.
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
