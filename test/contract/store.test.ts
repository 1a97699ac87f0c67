// The store: migrations, what lies in the database, and one process for each data directory.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/platform/clock.ts';
import { startControlPlane } from '../../src/control-plane/control-plane.ts';
import { migrate, shippedMigrations } from '../../src/control-plane/store/migrate.ts';
import { openPglite } from '../../src/control-plane/store/pglite.ts';
import { openPostgres } from '../../src/control-plane/store/postgres.ts';
import type { Database } from '../../src/control-plane/store/sql.ts';
import { freshPostgres, TestAgent, World, temporaryFolder } from './harness.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
let lite: Database | undefined;
/** The embedded database is emptied and used again: a start takes more than a second. */
async function emptyPglite(): Promise<Database> {
  lite ??= await openPglite(undefined);
  await lite.transaction((sql) => sql.script('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
  return { ...lite, [Symbol.asyncDispose]: async () => undefined };
}
afterAll(async () => {
  await lite?.[Symbol.asyncDispose]();
});

const open = {
  pglite: emptyPglite,
  postgres: async () => openPostgres(await freshPostgres(), systemClock, log),
};
const count = z.object({ count: z.int() });
const text = z.object({ text: z.string().nullable() });

describe.each(['pglite', 'postgres'] as const)('migrations on %s', (kind) => {
  test('a second time changes nothing', async () => {
    await using database = await open[kind]();
    const shipped = await shippedMigrations();
    expect(await migrate(database, shipped, systemClock)).toEqual(shipped.map((migration) => migration.name));
    expect(await migrate(database, shipped, systemClock)).toEqual([]);
  });

  test('a database of the first version is brought up with what it holds', async () => {
    await using database = await open[kind]();
    const [first] = await shippedMigrations();
    if (first === undefined) throw new Error('no migration is shipped');
    await migrate(database, [first], systemClock);
    const id = '00000000-0000-4000-8000-000000000001';
    await database.execute(`INSERT INTO users (id, token_hash, created_at) VALUES ($1, 'x', now())`, [id]);
    const next = { name: '9999-next.sql', text: `ALTER TABLE users ADD COLUMN note text NOT NULL DEFAULT 'kept'` };
    const all = [...(await shippedMigrations()), next];
    expect(await migrate(database, all, systemClock)).toContain('9999-next.sql');
    expect(await database.query(text, 'SELECT note AS text FROM users WHERE id = $1', [id])).toEqual([
      { text: 'kept' },
    ]);
  });

  test('one that fails leaves nothing of itself', async () => {
    await using database = await open[kind]();
    const broken = { name: '9999-broken.sql', text: 'CREATE TABLE half (id int); SELECT 1 / 0' };
    await expect(migrate(database, [...(await shippedMigrations()), broken], systemClock)).rejects.toThrow(
      'division by zero',
    );
    const left = await database.query(text, `SELECT to_regclass('half')::text AS text`);
    expect(left).toEqual([{ text: null }]);
  });

  test('a changed or a newer one stops the start with what to do', async () => {
    await using database = await open[kind]();
    const [first] = await shippedMigrations();
    if (first === undefined) throw new Error('no migration is shipped');
    await migrate(database, [first, { name: '0009-newer.sql', text: 'SELECT 1' }], systemClock);
    await expect(migrate(database, [first], systemClock)).rejects.toThrow('newer version (0009-newer.sql)');
    const changed = { ...first, text: `${first.text}\n-- changed` };
    await expect(migrate(database, [changed], systemClock)).rejects.toThrow('was changed after it was applied');
  });
});

test('processes that start together on an empty database migrate it once', async () => {
  const url = await freshPostgres();
  const databases: Database[] = Array.from({ length: 5 }, () => openPostgres(url, systemClock, log));
  const shipped = await shippedMigrations();
  const applied = await Promise.all(databases.map((database) => migrate(database, shipped, systemClock)));
  expect(applied.flat().toSorted()).toEqual(shipped.map((migration) => migration.name));
  for (const database of databases) await database[Symbol.asyncDispose]();
});

test('no token of any kind lies in the database', async () => {
  const databaseUrl = await freshPostgres();
  const world = await World.around(await startControlPlane({ databaseUrl }));
  const { purchase_token } = await world.mint();
  const agent = TestAgent.from(world.controlPlane.url, await world.registerWith(purchase_token));
  await world.enqueue(agent.deploymentHash);
  await agent.poll();
  await using database = openPostgres(databaseUrl, systemClock, log);
  const tables = await database.query(
    text,
    `SELECT tablename::text AS text FROM pg_tables WHERE schemaname = 'public'`,
  );
  expect(tables.length).toBeGreaterThan(4);
  for (const secret of [purchase_token, agent.token, world.owner.token, world.controlPlane.adminToken]) {
    for (const table of tables) {
      const found = await database.query(
        count,
        `SELECT count(*)::int AS count FROM ${table.text} AS t WHERE t::text LIKE '%' || $1 || '%'`,
        [secret],
      );
      expect(found).toEqual([{ count: 0 }]);
    }
  }
  await world.controlPlane.stop();
});

test('a data directory survives a restart, is private, and takes one process', async () => {
  const dataDir = join(await temporaryFolder(), 'data');
  const first = await World.around(await startControlPlane({ dataDir }));
  const agent = await first.newAgent();
  const commandId = await first.enqueue(agent.deploymentHash);
  await expect(startControlPlane({ dataDir })).rejects.toThrow(`another control plane uses ${dataDir}`);
  await first.controlPlane.stop();
  expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  expect((await stat(join(dataDir, 'admin-token'))).mode & 0o777).toBe(0o600);
  expect((await readFile(join(dataDir, 'admin-token'), 'utf8')).trim()).toBe(first.controlPlane.adminToken);
  await using second = await startControlPlane({ dataDir });
  expect(second.adminToken).toBe(first.controlPlane.adminToken);
  expect((await agent.at(second.url).poll()).commandId).toBe(commandId);
});
