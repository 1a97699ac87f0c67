// The embedded database: PostgreSQL as WebAssembly inside this process, in a directory or in memory.
import { PGlite } from '@electric-sql/pglite';
import type { z } from 'zod';
import type { Database, SqlValue } from './sql.ts';

interface Runner {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

/** `directory` undefined keeps everything in memory. One process only: PGlite has no locking between processes. */
export async function openPglite(directory: string | undefined): Promise<Database> {
  const lite = await (directory === undefined ? PGlite.create() : PGlite.create(directory));
  return {
    kind: 'pglite',
    ...statements(lite),
    transaction: (run) =>
      lite.transaction(async (inner) =>
        run({
          ...statements(inner),
          script: async (text) => {
            await inner.exec(text);
          },
        }),
      ),
    listen: async (channel, onNotification) => {
      await lite.listen(channel, onNotification);
    },
    [Symbol.asyncDispose]: () => lite.close(),
  };
}

function statements(runner: Runner): Pick<Database, 'query' | 'execute'> {
  return {
    query: async <Row>(row: z.ZodType<Row>, text: string, values: readonly SqlValue[] = []) =>
      (await runner.query(text, [...values])).rows.map((one) => row.parse(one)),
    execute: async (text, values = []) => {
      await runner.query(text, [...values]);
    },
  };
}
