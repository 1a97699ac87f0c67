// The long polls that are open now: one for each agent, woken by the doorbell, ended by a newer one, by a lost client or by a stop.
import type { Clock } from '../../platform/clock.ts';
import type { Identity } from '../registry/agents.ts';
import type { Cancels } from './cancels.ts';
import type { CommandRow } from './command-row.ts';
import type { Doorbell } from './doorbell.ts';
import { lookUntil } from './look-until.ts';
import type { Queue } from './queue.ts';

export interface Poll {
  readonly agent: Identity;
  readonly timeoutMs: number;
  /** The command_ids that the agent has and has not reported yet. */
  readonly working: readonly string[];
  /** Which process of the agent polls, if it says so. */
  readonly instance?: string | undefined;
  /** From {@link Polls.arrive}, taken before anything was awaited. */
  readonly arrival: number;
}

/** What a poll is answered with: a command or none, and the command_ids that are not wanted any more. */
export interface Delivery {
  readonly command: CommandRow | undefined;
  readonly cancel: readonly string[];
}

export type PollOutcome =
  | ({ readonly kind: 'delivery' } & Delivery)
  /** A newer poll of the same agent took over; in this process only, between processes the lease alone keeps them apart. */
  | { readonly kind: 'superseded' };

export interface PollsParts {
  readonly queue: Queue;
  readonly cancels: Cancels;
  readonly doorbell: Doorbell;
  readonly clock: Clock;
}

interface OpenPoll {
  readonly arrival: number;
  readonly end: AbortController;
  /** Settles when the poll has given back what it could not deliver. */
  readonly over: Promise<void>;
}

/** More than ever poll side by side: two agents with one identity must not look new in turn. */
const INSTANCES_KEPT_COUNT = 8;

const NOTHING: PollOutcome = { kind: 'delivery', command: undefined, cancel: [] };

export class Polls {
  readonly #parts: PollsParts;
  readonly #open = new Map<string, OpenPoll>();
  /** Which processes of an agent have polled, the newest last. */
  readonly #instances = new Map<string, string[]>();
  #draining = false;
  #arrivals = 0;

  constructor(parts: PollsParts) {
    this.#parts = parts;
  }

  /** Which of two polls is the older one is decided by this and not by which of them was authenticated first. */
  arrive(): number {
    this.#arrivals += 1;
    return this.#arrivals;
  }

  /**
   * Waits until there is a command of the agent, which is then leased, or a cancel. `gone` aborts when the client has closed its
   * connection. The leases of what the agent is working on are prolonged first.
   */
  async next(poll: Poll, gone: AbortSignal): Promise<PollOutcome> {
    const end = new AbortController();
    const over = Promise.withResolvers<void>();
    const before = gone.aborted ? undefined : this.#open.get(poll.agent.agentId)?.over;
    if (!this.#takePlace(poll, { arrival: poll.arrival, end, over: over.promise }, gone)) return { kind: 'superseded' };
    const release = new AbortController();
    gone.addEventListener('abort', () => end.abort('gone'), { signal: release.signal });
    try {
      // The poll before this one may hold a command at this moment, which has to come back first, or a newer one overtakes it.
      await before;
      const delivery = await this.#wait(poll, end.signal);
      if (delivery !== undefined && (!end.signal.aborted || end.signal.reason === 'draining'))
        return { kind: 'delivery', ...delivery };
      // Nobody reads this answer any more, and not a byte of it was sent: the next poll gets what is in it at once.
      if (delivery !== undefined) await this.giveBack(poll.agent, delivery);
      return end.signal.reason === 'superseded' ? { kind: 'superseded' } : NOTHING;
    } finally {
      release.abort();
      over.resolve();
      if (this.#open.get(poll.agent.agentId)?.end === end) this.#open.delete(poll.agent.agentId);
    }
  }

  /** Gives back a delivery that certainly did not reach the agent. */
  async giveBack(agent: Identity, { command, cancel }: Delivery): Promise<void> {
    if (command !== undefined) await this.#parts.queue.giveBack(command);
    await this.#parts.cancels.giveBack(agent.deploymentHash, cancel);
  }

  /** Answers every open poll with nothing; later ones look once and do not wait. */
  drain(): void {
    this.#draining = true;
    for (const { end } of this.#open.values()) end.abort('draining');
  }

  #isNew({ agentId }: Identity, instance: string): boolean {
    const known = this.#instances.get(agentId) ?? [];
    if (known.includes(instance)) return false;
    this.#instances.set(agentId, [...known, instance].slice(-INSTANCES_KEPT_COUNT));
    return true;
  }

  /** False when a newer poll is open already. One whose client has gone neither gives way nor has to be given way to. */
  #takePlace({ agent, arrival }: Poll, open: OpenPoll, gone: AbortSignal): boolean {
    if (gone.aborted) {
      open.end.abort('gone');
      return true;
    }
    const other = this.#open.get(agent.agentId);
    if (other !== undefined && other.arrival > arrival && !other.end.signal.aborted) return false;
    other?.end.abort('superseded');
    this.#open.set(agent.agentId, open);
    return true;
  }

  async #wait({ agent, timeoutMs, working, instance }: Poll, signal: AbortSignal): Promise<Delivery | undefined> {
    const { queue, cancels, doorbell, clock } = this.#parts;
    const { deploymentHash } = agent;
    if (instance !== undefined) await queue.endLost(deploymentHash, working, instance, this.#isNew(agent, instance));
    await queue.renew(deploymentHash, working);
    let nextLeaseEndMs: number | undefined;
    const look = async (): Promise<Delivery | undefined> => {
      const leased = await queue.lease(deploymentHash, working, instance);
      nextLeaseEndMs = leased.nextLeaseEndMs;
      const cancel = leased.hasCancels ? await cancels.take(deploymentHash, working) : [];
      return leased.command === undefined && cancel.length === 0 ? undefined : { command: leased.command, cancel };
    };
    const wanted = {
      doorbell,
      clock,
      topic: 'queue' as const,
      deploymentHash,
      timeoutMs: this.#draining ? 0 : timeoutMs,
      look,
      nextAtMs: () => nextLeaseEndMs,
    };
    return lookUntil(wanted, signal);
  }
}
