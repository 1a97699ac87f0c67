// The containers of a soak run, and the commands for each: in such an order that every command has exactly one effect the engine tells of.
import type { EngineAddress } from '../parts/engine-request.ts';
import { removeContainer, runContainer } from '../parts/containers.ts';
import type { Seeded } from './seeded.ts';

/** What a container is for: which commands go to it, one after another. */
export type Role = 'pausing' | 'stopping' | 'restarting';

export interface FleetContainer {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

export interface Asked {
  readonly type: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Of the container. */
  readonly name: string;
  readonly changes: boolean;
}

const ROLES: readonly Role[] = ['pausing', 'pausing', 'pausing', 'stopping', 'stopping', 'restarting', 'restarting'];
/** Restarts take a second each, the look whether the container keeps running included. */
const RESTART_SHARE = 0.04;
const STOP_SHARE = 0.12;
const READ_SHARE = 0.3;

export class Fleet implements AsyncDisposable {
  readonly containers: readonly FleetContainer[];
  readonly #engine: EngineAddress;
  readonly #turns = new Map<string, number>();

  private constructor(engine: EngineAddress, containers: readonly FleetContainer[]) {
    this.#engine = engine;
    this.containers = containers;
  }

  static async start(engine: EngineAddress, image: string, prefix: string): Promise<Fleet> {
    const started = ROLES.map(async (role, at) => {
      const name = `${prefix}-${role}-${at}`;
      const script = "trap 'exit 0' TERM; echo started; sleep 36000 & wait $!";
      const id = await runContainer(engine, { image, name, command: ['sh', '-c', script], stopTimeoutSeconds: 10 });
      return { id, name, role };
    });
    return new Fleet(engine, await Promise.all(started));
  }

  /** The next command: pause and unpause in turn, stop and start in turn, restart, and reads between them. */
  next(random: Seeded): Asked {
    const draw = random.fraction();
    const role = draw < RESTART_SHARE ? 'restarting' : draw < RESTART_SHARE + STOP_SHARE ? 'stopping' : 'pausing';
    const candidates = this.containers.filter((one) => one.role === role);
    const container = candidates[random.below(candidates.length)];
    if (container === undefined) throw new Error(`no container is ${role}`);
    const { name } = container;
    if (random.chance(READ_SHARE)) {
      const parameters = { app_code: name, include_metrics: false };
      return { type: 'health', parameters, name, changes: false };
    }
    const turn = this.#turns.get(name) ?? 0;
    this.#turns.set(name, turn + 1);
    const [first, second] = {
      pausing: ['pause', 'unpause'],
      stopping: ['stop', 'start'],
      restarting: ['restart', 'restart'],
    }[role];
    const type = (turn % 2 === 0 ? first : second) ?? '';
    return {
      type,
      parameters: { app_code: name, ...(type === 'restart' ? { force: true } : {}) },
      name,
      changes: true,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.containers.map((one) => removeContainer(this.#engine, one.id)));
  }
}
