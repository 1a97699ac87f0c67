// When each agent was last heard of: noted in memory at every poll, written to the database together and seldom.
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { Database } from '../store/sql.ts';

/** Ten thousand agents polling make one statement of this; an agent counts as offline after 300 s, so nobody notices the delay. */
const FLUSH_EVERY_MS = 2_000;

export class Heartbeats implements AsyncDisposable {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #pending = new Map<string, number>();

  constructor(database: Database, clock: Clock, log: Log) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.#running = this.#run();
  }

  note(agentId: string): void {
    this.#pending.set(agentId, this.#clock.now());
  }

  /** Writes what is pending. Called before a heartbeat is read, so that this process never shows one older than it knows. */
  async flush(): Promise<void> {
    if (this.#pending.size === 0) return;
    const pending = this.#pending;
    this.#pending = new Map();
    const rows = [...pending].map(([id, atMs]) => ({ id, at: new Date(atMs).toISOString() }));
    try {
      await this.#database.execute(
        `UPDATE agents SET last_heartbeat = beat.at FROM jsonb_to_recordset($1::jsonb) AS beat (id uuid, at timestamptz)
         WHERE agents.id = beat.id AND (agents.last_heartbeat IS NULL OR agents.last_heartbeat < beat.at)`,
        [JSON.stringify(rows)],
      );
    } catch (error) {
      for (const [id, atMs] of pending) this.#pending.set(id, Math.max(atMs, this.#pending.get(id) ?? 0));
      throw error;
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#clock.sleep(FLUSH_EVERY_MS, signal);
      await this.#flushOrWarn();
    }
  }

  async #flushOrWarn(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#log.warn('cannot record heartbeats, trying again', { reason: describeError(error) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}
