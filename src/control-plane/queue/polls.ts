// The long polls that are open now: one for each agent, woken by the doorbell, ended by a newer one, by a lost client or by a stop.
import type { Clock } from '../../platform/clock.ts';
import type { Identity } from '../registry/agents.ts';
import type { CommandRow } from './command-row.ts';
import type { Doorbell } from './doorbell.ts';
import { type Look, lookUntil } from './look-until.ts';
import type { Queue } from './queue.ts';

export type PollOutcome =
  | { readonly kind: 'command'; readonly command: CommandRow }
  | { readonly kind: 'nothing' }
  /** A newer poll of the same agent took over; in this process only, between processes the lease alone keeps them apart. */
  | { readonly kind: 'superseded' };

export class Polls {
  readonly #queue: Queue;
  readonly #doorbell: Doorbell;
  readonly #clock: Clock;
  readonly #open = new Map<string, AbortController>();
  #draining = false;

  constructor(queue: Queue, doorbell: Doorbell, clock: Clock) {
    this.#queue = queue;
    this.#doorbell = doorbell;
    this.#clock = clock;
  }

  /** Waits up to `timeoutMs` for a command of the agent and leases it. `gone` aborts when the client has closed its connection. */
  async next(agent: Identity, timeoutMs: number, gone: AbortSignal): Promise<PollOutcome> {
    const end = new AbortController();
    this.#open.get(agent.agentId)?.abort('superseded');
    this.#open.set(agent.agentId, end);
    const release = new AbortController();
    gone.addEventListener('abort', () => end.abort('gone'), { signal: release.signal });
    if (gone.aborted) end.abort('gone');
    try {
      const command = await lookUntil(this.#look(agent.deploymentHash, this.#draining ? 0 : timeoutMs), end.signal);
      if (command === undefined)
        return end.signal.reason === 'superseded' ? { kind: 'superseded' } : { kind: 'nothing' };
      if (!end.signal.aborted || end.signal.reason === 'draining') return { kind: 'command', command };
      // Nobody reads this answer any more, and not a byte of it was sent: the next poll gets the command at once.
      await this.#queue.giveBack(command);
      return end.signal.reason === 'superseded' ? { kind: 'superseded' } : { kind: 'nothing' };
    } finally {
      release.abort();
      if (this.#open.get(agent.agentId) === end) this.#open.delete(agent.agentId);
    }
  }

  /** Answers every open poll with nothing; later ones look once and do not wait. */
  drain(): void {
    this.#draining = true;
    for (const end of this.#open.values()) end.abort('draining');
  }

  #look(deploymentHash: string, timeoutMs: number): Look<CommandRow> {
    return {
      doorbell: this.#doorbell,
      clock: this.#clock,
      topic: 'queue',
      deploymentHash,
      timeoutMs,
      look: () => this.#queue.lease(deploymentHash),
      nextAtMs: () => this.#queue.nextLeaseEndMs(deploymentHash),
    };
  }
}
