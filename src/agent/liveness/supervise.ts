// Tells the service manager that the agent lives, as long as every loop moves on: whether a server answers plays no part in it.
import type { Clock } from '../../platform/clock.ts';
import type { Doorbell } from '../../platform/doorbell.ts';
import type { Log } from '../../platform/log.ts';
import type { ServiceManager } from '../../platform/service-manager.ts';
import { type Condition, lateSteps, sentenceOf } from './liveness.ts';
import type { Progress } from './progress.ts';

export interface SuperviseOptions {
  readonly manager: ServiceManager;
  readonly progress: Progress;
  readonly condition: () => Condition;
  /** Rung when the condition has changed, so that it is not told only at the next look. */
  readonly news: Doorbell;
  /** Everybody on the host may read the sentence. */
  readonly mask: (text: string) => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopped: AbortSignal;
}

/** At most; a third of the service manager's patience if that is less. */
const LOOK_EVERY_MS = 10_000;
/** A machine that was paused makes all loops late at once, and they are a moment later where they should be. */
const SECOND_LOOK_MS = 1_000;
/** A look that comes so much later than it was meant to: the whole process had to wait, and nobody can be blamed. For so many looks. */
const HELD_UP_MS = 2_000;
const HELD_UP_MAX_COUNT = 3;

/** Tells that the agent is ready, for its loops have begun, and supervises until it is disposed of. */
export function supervise(options: Omit<SuperviseOptions, 'stopped'>): AsyncDisposable {
  // Ready is who has begun, not who has an answer: a control plane that is down must not keep a host from booting.
  options.manager.ready();
  const ended = new AbortController();
  const supervising = superviseUntilStopped({ ...options, stopped: ended.signal });
  return {
    async [Symbol.asyncDispose]() {
      ended.abort(null);
      await supervising;
    },
  };
}

/** Ends when `stopped` aborts. */
export async function superviseUntilStopped(options: SuperviseOptions): Promise<void> {
  const { manager, clock, stopped } = options;
  const everyMs = Math.min(LOOK_EVERY_MS, (manager.watchdogMs ?? Number.POSITIVE_INFINITY) / 3);
  const supervisor = new Supervisor(options);
  while (!stopped.aborted) {
    await supervisor.look();
    supervisor.nextLookMs = clock.monotonicMs() + everyMs;
    await rest(everyMs, options);
  }
}

/** Until the next look is due or there is news. Made of the plainest timer there is: it must turn when all else does not. */
async function rest(ms: number, { news, clock, stopped }: SuperviseOptions): Promise<void> {
  const over = new AbortController();
  stopped.addEventListener('abort', () => over.abort(null), { once: true, signal: over.signal });
  await Promise.race([clock.sleep(ms, over.signal), news.wait(over.signal)]);
  over.abort(null);
}

class Supervisor {
  readonly #options: SuperviseOptions;
  #sentence = '';
  #wasLate = false;
  #heldUpCount = 0;
  /** When the next look is meant to be, by the monotonic clock. */
  nextLookMs = Number.POSITIVE_INFINITY;

  constructor(options: SuperviseOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { manager, progress, clock, stopped } = this.#options;
    const isHeldUp = clock.monotonicMs() > this.nextLookMs + HELD_UP_MS;
    this.#heldUpCount = isHeldUp ? this.#heldUpCount + 1 : 0;
    if (this.#late().length > 0) await clock.sleep(SECOND_LOOK_MS, stopped);
    const isExcused = isHeldUp && this.#heldUpCount <= HELD_UP_MAX_COUNT;
    if (this.#late().length > 0 && !isExcused) {
      this.#tell();
      manager.stuck();
    } else {
      if (this.#wasLate) this.#options.log.info('all loops move on again');
      this.#wasLate = false;
      manager.alive();
    }
    const sentence = this.#options.mask(sentenceOf(this.#options.condition(), progress.steps));
    if (sentence !== this.#sentence) manager.status(sentence);
    this.#sentence = sentence;
  }

  #late(): ReturnType<typeof lateSteps> {
    const { progress, clock } = this.#options;
    return lateSteps(progress.steps, clock.monotonicMs());
  }

  // The last line before the service manager ends the process: who is stuck, with what, and for how long.
  #tell(): void {
    if (this.#wasLate) return;
    this.#wasLate = true;
    const nowMs = this.#options.clock.monotonicMs();
    for (const { who, doing, sinceMs } of this.#late()) {
      this.#options.log.error('stuck: the agent has to be started anew', {
        loop: who,
        doing,
        for_s: Math.round((nowMs - sinceMs) / 1000),
        watched: this.#options.manager.watchdogMs !== undefined,
      });
    }
  }
}
