// Brings a database to this version's schema: numbered SQL files, each applied once, in order, in a transaction of its own.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Database, Transaction } from './sql.ts';

export interface Migration {
  /** File name: `NNNN-what.sql`. */
  readonly name: string;
  readonly text: string;
}

const FOLDER = new URL('./migrations/', import.meta.url);
const FILE_NAME = /^\d{4}-[a-z0-9-]+\.sql$/u;

// Any number will do as long as no other program on the same database takes the same one.
const ADVISORY_LOCK = 7_364_202_611;

const appliedRow = z.object({ checksum: z.string() });
const nameRow = z.object({ name: z.string() });

export async function shippedMigrations(): Promise<readonly Migration[]> {
  const names = (await readdir(FOLDER)).filter((name) => FILE_NAME.test(name)).toSorted();
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(new URL(name, FOLDER), 'utf8') })));
}

/**
 * Applies what is missing and returns the names it applied. Processes that start together take turns under an advisory lock.
 * Throws if an applied file was changed since, or if the database is newer than this program: both need a person.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[],
  clock: Clock,
): Promise<readonly string[]> {
  await database.transaction(async (sql) => {
    await lock(sql);
    await sql.script(
      'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL)',
    );
  });
  const applied: string[] = [];
  for (const migration of migrations) {
    if (await database.transaction((sql) => applyOnce(sql, migration, clock))) applied.push(migration.name);
  }
  await refuseNewer(database, migrations);
  return applied;
}

async function applyOnce(sql: Transaction, migration: Migration, clock: Clock): Promise<boolean> {
  await lock(sql);
  const checksum = createHash('sha256').update(migration.text).digest('hex');
  const [known] = await sql.query(appliedRow, 'SELECT checksum FROM schema_migrations WHERE name = $1', [
    migration.name,
  ]);
  if (known !== undefined) {
    if (known.checksum === checksum) return false;
    throw new Error(
      `migration ${migration.name} was changed after it was applied: restore the file and put the change into a new migration`,
    );
  }
  await sql.script(migration.text);
  await sql.execute('INSERT INTO schema_migrations (name, checksum, applied_at) VALUES ($1, $2, $3::timestamptz)', [
    migration.name,
    checksum,
    new Date(clock.now()).toISOString(),
  ]);
  return true;
}

async function lock(sql: Transaction): Promise<void> {
  await sql.execute('SELECT pg_advisory_xact_lock($1::bigint)', [ADVISORY_LOCK]);
}

async function refuseNewer(database: Database, migrations: readonly Migration[]): Promise<void> {
  const rows = await database.query(nameRow, 'SELECT name FROM schema_migrations ORDER BY name');
  const unknown = rows
    .map((row) => row.name)
    .filter((name) => !migrations.some((migration) => migration.name === name));
  if (unknown.length > 0) {
    throw new Error(
      `the database was made by a newer version (${unknown.join(', ')}): start that version, or restore a backup`,
    );
  }
}
