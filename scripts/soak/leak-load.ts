// What the agent is asked during the leak check: every command, and what is refused, in shares that the engine can keep up with.
import { removeContainer, runContainer } from '../parts/containers.ts';
import type { EngineAddress } from '../parts/engine-request.ts';
import { Fleet, type Role } from './fleet.ts';
import type { Seeded } from './seeded.ts';

export interface Question {
  readonly type: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** Of a thousand. Starts, restarts and figures of resource use take the engine a hundred times as long as the rest. */
const SHARES = {
  health: 440,
  logs: 200,
  pause: 280,
  stop: 24,
  restart: 2,
  metrics: 14,
  'no such container': 20,
  'no such command': 20,
} as const;
type Kind = keyof typeof SHARES;
const SUM = Object.values(SHARES).reduce((sum: number, share) => sum + share, 0);

/** Its log does not grow, or the pages would, and the memory with them. Some of its lines have something in them to be masked. */
const TALKER = 'leak-talking';
const LINES =
  'for i in $(seq 300); do echo "$i request served user=u$i password=secret$i took 12 ms"; done; sleep 36000';
const LOG_LIMIT = 40;

export class LeakLoad implements AsyncDisposable {
  readonly #fleet: Fleet;
  readonly #engine: EngineAddress;
  readonly #random: Seeded;
  readonly #turns = new Map<string, number>();

  private constructor(engine: EngineAddress, fleet: Fleet, random: Seeded) {
    this.#engine = engine;
    this.#fleet = fleet;
    this.#random = random;
  }

  static async start(engine: EngineAddress, image: string, random: Seeded): Promise<LeakLoad> {
    const fleet = await Fleet.start(engine, image, 'leak');
    await runContainer(engine, { image, name: TALKER, command: ['sh', '-c', LINES], init: true });
    return new LeakLoad(engine, fleet, random);
  }

  next(): Question {
    const kind = this.#kind();
    switch (kind) {
      case 'health':
      case 'metrics':
        return {
          type: 'health',
          parameters: { app_code: this.#nameOf('pausing'), include_metrics: kind === 'metrics' },
        };
      case 'logs':
        return { type: 'logs', parameters: { app_code: TALKER, limit: LOG_LIMIT } };
      case 'pause':
        return this.#change('pausing', 'pause', 'unpause');
      case 'stop':
        return this.#change('stopping', 'stop', 'start');
      case 'restart':
        return this.#change('restarting', 'restart', 'restart');
      case 'no such container':
        return { type: 'health', parameters: { app_code: 'leak-absent' } };
      case 'no such command':
        return { type: 'leak_absent', parameters: {} };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeContainer(this.#engine, TALKER);
    await this.#fleet[Symbol.asyncDispose]();
  }

  #kind(): Kind {
    let left = this.#random.below(SUM);
    for (const kind of KINDS) {
      left -= SHARES[kind];
      if (left < 0) return kind;
    }
    return 'health';
  }

  #change(role: Role, first: string, second: string): Question {
    const name = this.#nameOf(role);
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, turn + 1);
    return { type: turn % 2 === 0 ? first : second, parameters: { app_code: name } };
  }

  #nameOf(role: Role): string {
    const candidates = this.#fleet.containers.filter((one) => one.role === role);
    const container = candidates[this.#random.below(candidates.length)];
    if (container === undefined) throw new Error(`no container is ${role}`);
    return container.name;
  }
}

const KINDS = [
  'health',
  'logs',
  'pause',
  'stop',
  'restart',
  'metrics',
  'no such container',
  'no such command',
] as const;
