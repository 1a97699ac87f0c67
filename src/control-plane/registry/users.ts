// Users: whom deployments belong to. A user is an id and the hash of a token.
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { isSecret, newSecret, secretHash } from '../secret.ts';
import type { Database } from '../store/sql.ts';

const idRow = z.object({ id: z.string() });

export class Users {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(database: Database, clock: Clock, random: Random) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
  }

  /** The token is returned once and cannot be read again. */
  async create(): Promise<{ readonly userId: string; readonly userToken: string }> {
    const userId = this.#random.uuid();
    const userToken = newSecret('user');
    await this.#database.execute('INSERT INTO users (id, token_hash, created_at) VALUES ($1, $2, $3::timestamptz)', [
      userId,
      secretHash(userToken),
      new Date(this.#clock.now()).toISOString(),
    ]);
    return { userId, userToken };
  }

  async exists(userId: string): Promise<boolean> {
    return (await this.#database.query(idRow, 'SELECT id FROM users WHERE id = $1', [userId])).length > 0;
  }

  /** The user's id, or undefined for a token that is none. */
  async byToken(token: string): Promise<string | undefined> {
    if (!isSecret('user', token)) return undefined;
    const [row] = await this.#database.query(idRow, 'SELECT id FROM users WHERE token_hash = $1', [secretHash(token)]);
    return row?.id;
  }
}
