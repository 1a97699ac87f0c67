// The shared database: a pool of connections to PostgreSQL, and one connection of its own that listens.
import { Client, Pool, type PoolClient } from 'pg';
import type { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { Database, SqlValue, Transaction } from './sql.ts';

const CONNECTIONS_MAX_COUNT = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** A listening connection is silent for hours: this is how soon a dead peer is noticed. */
const LISTEN_PROBE_MS = 20_000;
const RECONNECT_MIN_MS = 200;
const RECONNECT_MAX_MS = 10_000;

interface Runner {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
}

export function openPostgres(url: string, clock: Clock, log: Log): Database {
  const pool = new Pool({
    connectionString: url,
    max: CONNECTIONS_MAX_COUNT,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'status-panel-control-plane',
  });
  // An idle connection that breaks is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => log.warn('database connection lost', { reason: describeError(error) }));
  const closing = new AbortController();
  const listening: Promise<void>[] = [];
  return {
    kind: 'postgres',
    ...statements(pool),
    transaction: (run) => inTransaction(pool, run),
    listen: async (channel, onNotification, onGap) => {
      const first = Promise.withResolvers<void>();
      const listener = new Listener(url, channel, onNotification, log);
      listening.push(keepListening(listener, { onGap, clock, signal: closing.signal, onFirst: first.resolve, log }));
      await first.promise;
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await Promise.all(listening);
      await pool.end();
    },
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

async function inTransaction<Result>(pool: Pool, run: (sql: Transaction) => Promise<Result>): Promise<Result> {
  const client = await pool.connect();
  let broken = false;
  try {
    await client.query('BEGIN');
    const result = await run({ ...statements(client), script: (text) => script(client, text) });
    await client.query('COMMIT');
    return result;
  } catch (error) {
    // A connection that cannot even roll back must not go back to the pool in the middle of a transaction.
    await client.query('ROLLBACK').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}

async function script(client: PoolClient, text: string): Promise<void> {
  await client.query(text);
}

/** One listening connection. Opened again and again by {@link keepListening}, because it lives as long as the process does. */
class Listener {
  readonly #url: string;
  readonly #channel: string;
  readonly #onNotification: (payload: string) => void;
  readonly #log: Log;

  constructor(url: string, channel: string, onNotification: (payload: string) => void, log: Log) {
    this.#url = url;
    this.#channel = channel;
    this.#onNotification = onNotification;
    this.#log = log;
  }

  /** Calls `onReady` once it listens and returns when the connection is lost or `signal` aborts. Rejects if it never came up. */
  async run(clock: Clock, signal: AbortSignal, onReady: () => void): Promise<void> {
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
      keepAlive: true,
    });
    const lost = new AbortController();
    client.on('error', (error) => {
      this.#log.warn('listening connection lost', { reason: describeError(error) });
      lost.abort();
    });
    client.on('end', () => lost.abort());
    client.on('notification', (message) => this.#onNotification(message.payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${this.#channel}`);
      onReady();
      while (!lost.signal.aborted && !signal.aborted) {
        using probe = clock.deadline(LISTEN_PROBE_MS, lost.signal, signal);
        await untilAborted(probe.signal);
        if (!lost.signal.aborted && !signal.aborted) await client.query('SELECT 1');
      }
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', () => resolve(), { once: true });
  return promise;
}

interface Keeping {
  readonly onGap: () => void;
  readonly onFirst: () => void;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: Log;
}

async function keepListening(listener: Listener, keeping: Keeping): Promise<void> {
  let waitMs = RECONNECT_MIN_MS;
  while (!keeping.signal.aborted) {
    try {
      await listener.run(keeping.clock, keeping.signal, () => {
        waitMs = RECONNECT_MIN_MS;
        keeping.onFirst();
        keeping.onGap();
      });
    } catch (error) {
      keeping.log.warn('cannot listen on the database, trying again', {
        reason: describeError(error),
        retry_ms: waitMs,
      });
    }
    await keeping.clock.sleep(waitMs, keeping.signal);
    waitMs = Math.min(waitMs * 2, RECONNECT_MAX_MS);
  }
  keeping.onFirst();
}
