// Wakes whoever waits for something to happen to a deployment: in this process at once, in others through the database's NOTIFY.
import type { Database } from '../store/sql.ts';

/**
 * `queue`: there may be a command to deliver. `outcome`: a command ended. `token`: the agent token was rotated.
 */
export type Topic = 'queue' | 'outcome' | 'token';
const TOPICS: readonly Topic[] = ['queue', 'outcome', 'token'];

/** The one NOTIFY channel; queries that change something ring in the same statement, so a waiter never wakes before the change is visible. */
export const CHANNEL = 'status_panel';

/** The payload of a NOTIFY on {@link CHANNEL}; built in SQL as `'<topic>:' || deployment_hash`. That of a token names its sender, too. */
function payloadOf(topic: Topic, deploymentHash: string): string {
  return `${topic}:${deploymentHash}`;
}

export class Doorbell {
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #origin: string;
  readonly #onToken: (deploymentHash: string | undefined) => void;

  /**
   * `origin` tells this process from the others, without a colon. `onToken` hears of each token rotated by another process; undefined
   * means that any may have been rotated.
   */
  constructor(origin: string, onToken: (deploymentHash: string | undefined) => void) {
    this.#origin = origin;
    this.#onToken = onToken;
  }

  async connect(database: Database): Promise<void> {
    await database.listen(
      CHANNEL,
      (payload) => this.#heard(payload),
      () => this.ringAll(),
    );
  }

  /** What tells the others that this process rotated a deployment's token. */
  tokenPayload(deploymentHash: string): string {
    return `${payloadOf('token', deploymentHash)}:${this.#origin}`;
  }

  /** Calls `wake` for every ring until disposed. Subscribe before looking into the database, or a ring in between is lost. */
  subscribe(topic: Topic, deploymentHash: string, wake: () => void): Disposable {
    const key = payloadOf(topic, deploymentHash);
    const waiting = this.#waiting.get(key) ?? new Set();
    waiting.add(wake);
    this.#waiting.set(key, waiting);
    return {
      [Symbol.dispose]: () => {
        waiting.delete(wake);
        if (waiting.size === 0 && this.#waiting.get(key) === waiting) this.#waiting.delete(key);
      },
    };
  }

  /** Everybody looks for themselves: notifications may have been missed. */
  ringAll(): void {
    this.#onToken(undefined);
    for (const waiting of this.#waiting.values()) for (const wake of waiting) wake();
  }

  #heard(payload: string): void {
    const topic = TOPICS.find((one) => payload.startsWith(`${one}:`));
    if (topic === undefined) return;
    if (topic === 'token') {
      const end = payload.lastIndexOf(':');
      // Of its own rotation a process knows, and what it has read since then may be all it has when Vault falls silent.
      if (payload.slice(end + 1) !== this.#origin) this.#onToken(payload.slice('token:'.length, end));
    }
    for (const wake of this.#waiting.get(payload) ?? []) wake();
  }
}
