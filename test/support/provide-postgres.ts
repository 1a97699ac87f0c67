// Gives the tests a real PostgreSQL: a private one, or the one STATUS_PANEL_TEST_DATABASE_URL names.
import process from 'node:process';
import type { TestProject } from 'vitest/node';
import { startPrivatePostgres } from '../../scripts/parts/postgres.ts';
import { say, sharePart, type StartedPart } from './shared-part.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** For the `pg` package; its user may create databases, and each test should use one of its own. */
    postgresUrl: string;
  }
}

// Deliberately not DATABASE_URL: the tests create and drop what they like.
const URL_VARIABLE = 'STATUS_PANEL_TEST_DATABASE_URL';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { address, release } = await sharePart('postgres', startPostgres);
  project.provide('postgresUrl', address);
  return release;
}

async function startPostgres(): Promise<StartedPart> {
  const url = process.env[URL_VARIABLE] ?? '';
  if (url !== '') return { address: url, end: async () => {} };
  try {
    const postgres = await startPrivatePostgres({ say });
    return { address: postgres.url, end: () => postgres.stop() };
  } catch (error) {
    throw new Error(
      `These tests need a PostgreSQL of their own. They start one themselves on Debian 12 or newer; elsewhere, install PostgreSQL or name an empty one in ${URL_VARIABLE}.`,
      { cause: error },
    );
  }
}
