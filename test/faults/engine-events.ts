// What the Docker Engine itself says it has done: its event stream, kept for the whole of a test. The truth that reports are held against.
import { type ClientRequest, request } from 'node:http';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import type { EngineAddress } from '../../scripts/parts/engine-request.ts';

export interface EngineEvent {
  readonly containerId: string;
  readonly action: string;
  /** Nanoseconds since the epoch do not fit into a number; milliseconds with fractions do, near enough to order by. */
  readonly atMs: number;
}

const line = z.object({ Action: z.string(), Actor: z.object({ ID: z.string() }), timeNano: z.number() });

export class EngineEvents implements Disposable {
  readonly #events: EngineEvent[] = [];
  readonly #request: ClientRequest;
  #ended = false;

  private constructor(outgoing: ClientRequest) {
    this.#request = outgoing;
  }

  /** The engine keeps only its last few hundred events, so they are read as they happen. */
  static async follow(engine: EngineAddress): Promise<EngineEvents> {
    const filters = encodeURIComponent(JSON.stringify({ type: ['container'] }));
    const outgoing = request({ socketPath: engine.socketPath, path: `/events?filters=${filters}`, agent: false });
    const events = new EngineEvents(outgoing);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    outgoing.on('error', reject);
    outgoing.on('response', (answer) => {
      answer.on('error', () => undefined);
      answer.on('close', () => {
        events.#ended = true;
      });
      // An interface hands the error of its input on.
      createInterface({ input: answer })
        .on('line', (text) => events.#take(text))
        .on('error', () => undefined);
      resolve();
    });
    outgoing.end();
    await promise;
    outgoing.on('error', () => undefined);
    return events;
  }

  /** In the engine's order. Throws when the stream has broken off: then nothing can be counted. */
  of(containerId: string): readonly EngineEvent[] {
    if (this.#ended) throw new Error('the event stream of the Docker Engine has ended');
    return this.#events.filter((event) => event.containerId === containerId);
  }

  count(containerId: string, action: string): number {
    return this.of(containerId).filter((event) => event.action === action).length;
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }

  #take(text: string): void {
    const parsed = line.safeParse(JSON.parse(text));
    if (!parsed.success) return;
    const { Action: action, Actor: actor, timeNano } = parsed.data;
    this.#events.push({ containerId: actor.ID, action, atMs: timeNano / 1e6 });
  }
}
