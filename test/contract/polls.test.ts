// Open polls and the queue without HTTP: which poll gives way, and what is given back when nobody waits any more.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cancels } from '../../src/control-plane/queue/cancels.ts';
import { Doorbell } from '../../src/control-plane/queue/doorbell.ts';
import { type Poll, Polls } from '../../src/control-plane/queue/polls.ts';
import { Queue } from '../../src/control-plane/queue/queue.ts';
import { migrate, shippedMigrations } from '../../src/control-plane/store/migrate.ts';
import { openPglite } from '../../src/control-plane/store/pglite.ts';
import { openPostgres } from '../../src/control-plane/store/postgres.ts';
import type { Database } from '../../src/control-plane/store/sql.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { freshPostgres, pause } from './harness.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const open = {
  pglite: async () => openPglite(undefined),
  postgres: async () => openPostgres(await freshPostgres(), systemClock, log),
};
const USER_ID = '00000000-0000-4000-8000-000000000001';
const NEVER = new AbortController().signal;

class Bench {
  readonly queue: Queue;
  readonly cancels: Cancels;
  readonly polls: Polls;
  /** Called after every query of the queue, before its result is seen. */
  afterQuery = (): void => undefined;
  readonly #database: Database;
  readonly #doorbell: Doorbell;

  constructor(database: Database) {
    const observed: Database = {
      ...database,
      query: async (row, text, values) => {
        const rows = await database.query(row, text, values);
        this.afterQuery();
        return rows;
      },
    };
    this.#database = database;
    this.#doorbell = new Doorbell('here', () => undefined);
    this.queue = new Queue(observed, systemClock, systemRandom, { leaseMs: 60_000, maxCount: 1_000 });
    this.cancels = new Cancels(observed, systemClock);
    this.polls = new Polls({
      queue: this.queue,
      cancels: this.cancels,
      doorbell: this.#doorbell,
      clock: systemClock,
    });
  }

  async start(): Promise<void> {
    await migrate(this.#database, await shippedMigrations(), systemClock);
    await this.#database.execute(`INSERT INTO users (id, token_hash, created_at) VALUES ($1, 'x', now())`, [USER_ID]);
    await this.#doorbell.connect(this.#database);
  }

  async stop(): Promise<void> {
    await this.#database[Symbol.asyncDispose]();
  }

  async newDeployment(): Promise<string> {
    const hash = systemRandom.uuid();
    await this.#database.execute(
      'INSERT INTO deployments (deployment_hash, user_id, created_at) VALUES ($1, $2, now())',
      [hash, USER_ID],
    );
    return hash;
  }

  async enqueue(deploymentHash: string, queue = this.queue): Promise<string | undefined> {
    const more = { parameters: null, priority: 'normal', timeoutSeconds: 300, createdBy: USER_ID } as const;
    const row = await queue.enqueue({ deploymentHash, type: 'start', ...more });
    return row?.command_id;
  }

  queueOf(maxCount: number): Queue {
    return new Queue(this.#database, systemClock, systemRandom, { leaseMs: 60_000, maxCount });
  }

  /** Delivered commands that somebody wants cancelled. */
  async insertUnwanted(deploymentHash: string, count: number): Promise<void> {
    await this.#database.execute(
      `INSERT INTO commands (id, command_id, deployment_hash, type, status, priority, created_by, timeout_seconds, created_at, updated_at, lease_until, deliveries, cancel_requested_at)
       SELECT gen_random_uuid(), $1 || n, $1, 'start', 'sent', 1, 'x', 300, now(), now(), now() + interval '1 hour', 1, now() FROM generate_series(1, $2::integer) AS n`,
      [deploymentHash, count],
    );
  }

  pollOf(deploymentHash: string, arrival = this.polls.arrive()): Poll {
    return { agent: { agentId: deploymentHash, deploymentHash }, timeoutMs: 10_000, working: [], arrival };
  }
}

describe.each(['pglite', 'postgres'] as const)('polls on %s', (kind) => {
  let started: Bench | undefined;
  const bench = (): Bench => {
    if (started === undefined) throw new Error('the database has not started');
    return started;
  };
  beforeAll(async () => {
    started = new Bench(await open[kind]());
    await started.start();
  });
  afterAll(async () => {
    await started?.stop();
  });

  test('the older one gives way, also when it was authenticated later', async () => {
    const { polls } = bench();
    const hash = await bench().newDeployment();
    const [first, second] = [polls.arrive(), polls.arrive()];
    const newer = polls.next(bench().pollOf(hash, second), NEVER);
    expect(await polls.next(bench().pollOf(hash, first), NEVER)).toEqual({ kind: 'superseded' });
    const commandId = await bench().enqueue(hash);
    expect(await newer).toMatchObject({ kind: 'delivery', command: { command_id: commandId } });
  });

  test('one whose client has gone does not make an older one give way', async () => {
    const { polls } = bench();
    const hash = await bench().newDeployment();
    const [first, second] = [polls.arrive(), polls.arrive()];
    const gone = new AbortController();
    const newer = polls.next(bench().pollOf(hash, second), gone.signal);
    // In the same turn: the newer one is still in its first look.
    gone.abort();
    const older = polls.next(bench().pollOf(hash, first), NEVER);
    expect(await newer).toEqual({ kind: 'delivery', command: undefined, cancel: [] });
    const commandId = await bench().enqueue(hash);
    expect(await older).toMatchObject({ kind: 'delivery', command: { command_id: commandId } });
  });

  test('one whose client had gone before it could start takes no place', async () => {
    const { polls } = bench();
    const hash = await bench().newDeployment();
    const waiting = polls.next(bench().pollOf(hash), NEVER);
    expect(await polls.next(bench().pollOf(hash), AbortSignal.abort())).toMatchObject({ command: undefined });
    const commandId = await bench().enqueue(hash);
    expect(await waiting).toMatchObject({ kind: 'delivery', command: { command_id: commandId } });
  });

  test.each(['gone', 'superseded'] as const)(
    'what was found for a poll that is %s goes to the next one',
    async (why) => {
      const { polls, cancels } = bench();
      const hash = await bench().newDeployment();
      const unwanted = await bench().enqueue(hash);
      await polls.next(bench().pollOf(hash), NEVER);
      await cancels.request(hash, unwanted ?? '');
      const commandId = await bench().enqueue(hash);
      const gone = new AbortController();
      let next: ReturnType<Polls['next']> | undefined;
      bench().afterQuery = () => {
        bench().afterQuery = () => undefined;
        if (why === 'gone') gone.abort();
        else next = polls.next(bench().pollOf(hash), NEVER);
      };
      const first = await polls.next(bench().pollOf(hash), gone.signal);
      expect(first).toMatchObject(why === 'gone' ? { command: undefined, cancel: [] } : { kind: 'superseded' });
      next ??= polls.next(bench().pollOf(hash), NEVER);
      const seen = [await next];
      // The newer poll may look between the two that are given back.
      await pause(100);
      const rest = new AbortController();
      const last = polls.next(bench().pollOf(hash), rest.signal);
      await pause(100);
      rest.abort();
      seen.push(await last);
      const deliveries = seen.flatMap((outcome) => (outcome.kind === 'delivery' ? [outcome] : []));
      const commands = deliveries.flatMap(({ command }) => command ?? []);
      expect(commands).toMatchObject([{ command_id: commandId, deliveries: 1 }]);
      expect(deliveries.flatMap(({ cancel }) => cancel)).toEqual([unwanted]);
    },
  );

  test('a command that is given back after its cancel is cancelled', async () => {
    const { queue, cancels } = bench();
    const hash = await bench().newDeployment();
    const commandId = await bench().enqueue(hash);
    const { command } = await queue.lease(hash, []);
    if (command === undefined) throw new Error('nothing was leased');
    expect(await cancels.request(hash, commandId ?? '')).toMatchObject({ status: 'sent' });
    await queue.giveBack(command);
    expect(await queue.byCommandId(commandId ?? '')).toMatchObject({ status: 'cancelled', deliveries: 0 });
    expect(await queue.lease(hash, [])).toMatchObject({ command: undefined, hasCancels: false });
  });

  test('of ten commands at the same moment one gets the last place', async () => {
    const queue = bench().queueOf(1);
    // Several rounds: in the first one opening connections spreads them out.
    for (let round = 0; round < 10; round += 1) {
      const hash = await bench().newDeployment();
      const ids = await Promise.all(Array.from({ length: 10 }, () => bench().enqueue(hash, queue)));
      expect(ids.filter((commandId) => commandId !== undefined)).toHaveLength(1);
    }
  });

  test('at most 200 cancels are handed out at once, the rest next', async () => {
    const { polls } = bench();
    const hash = await bench().newDeployment();
    await bench().insertUnwanted(hash, 250);
    const taken: number[] = [];
    const ids = new Set<string>();
    for (let round = 0; round < 2; round += 1) {
      const outcome = await polls.next(bench().pollOf(hash), NEVER);
      const cancel = outcome.kind === 'delivery' ? outcome.cancel : [];
      taken.push(cancel.length);
      for (const commandId of cancel) ids.add(commandId);
    }
    expect(taken).toEqual([200, 50]);
    expect(ids.size).toBe(250);
  });
});
