// Which deployments have said that their stack is up: once for each (PROTOCOL.md §1.5).
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Database } from '../store/sql.ts';

const deploymentRow = z.object({
  deployment_hash: z.string(),
  stack_id: z.string().nullable(),
  purchase_token_id: z.string().nullable(),
});
export type Deployment = z.infer<typeof deploymentRow>;

const hashRow = z.object({ deployment_hash: z.string() });

export class Deployed {
  readonly #database: Database;
  readonly #clock: Clock;

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async find(deploymentHash: string): Promise<Deployment | undefined> {
    const text = 'SELECT deployment_hash, stack_id, purchase_token_id FROM deployments WHERE deployment_hash = $1';
    return (await this.#database.query(deploymentRow, text, [deploymentHash]))[0];
  }

  /** True the first time. Two at the same moment make one first time. */
  async note(deploymentHash: string, serverIp: string | undefined): Promise<boolean> {
    const rows = await this.#database.query(
      hashRow,
      `UPDATE deployments SET deployed_at = $2::timestamptz, server_ip = COALESCE($3, server_ip)
       WHERE deployment_hash = $1 AND deployed_at IS NULL RETURNING deployment_hash`,
      [deploymentHash, new Date(this.#clock.now()).toISOString(), serverIp ?? null],
    );
    return rows.length > 0;
  }
}
