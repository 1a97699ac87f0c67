// The SQL port: what the control plane needs of a database, the same on PGlite and on PostgreSQL.
import type { z } from 'zod';

/** Times travel as ISO strings with a `::timestamptz` cast and JSON as text with `::jsonb`: drivers differ in everything else. */
export type SqlValue = string | number | boolean | null;

export interface Sql {
  /** Runs one statement with `$1…` parameters; every row is parsed, so that drivers that differ in types fail loudly. */
  query<Row>(row: z.ZodType<Row>, text: string, values?: readonly SqlValue[]): Promise<readonly Row[]>;
  /** Runs one statement whose rows, if any, nobody wants. */
  execute(text: string, values?: readonly SqlValue[]): Promise<void>;
}

export interface Transaction extends Sql {
  /** Runs several statements without parameters: a migration. */
  script(text: string): Promise<void>;
}

export interface Database extends Sql, AsyncDisposable {
  readonly kind: 'pglite' | 'postgres';
  /** Commits when `run` resolves and rolls back when it rejects. */
  transaction<Result>(run: (sql: Transaction) => Promise<Result>): Promise<Result>;
  /**
   * Calls `onNotification` with the payload of each NOTIFY on `channel` by any process on this database. `onGap` is called when
   * notifications may have been missed: whoever waits must look for itself. The listening ends with the database.
   */
  listen(channel: string, onNotification: (payload: string) => void, onGap: () => void): Promise<void>;
}
