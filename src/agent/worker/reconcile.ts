// Compares what the server believes to have delivered with what arrived (REQUIREMENTS A11).
import type { Clock } from '../../platform/clock.ts';
import type { Doorbell } from '../../platform/doorbell.ts';
import type { Log } from '../../platform/log.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { TOKEN_READ_MAX_MS } from '../credentials/credentials.ts';
import type { Progress } from '../liveness/progress.ts';
import { type LostCircumstances, lostDeliveries } from './lost-deliveries.ts';
import type { Worker } from './worker.ts';

export interface ReconcilerOptions {
  readonly upstream: Upstream;
  readonly worker: Worker;
  /** What is known now; undefined while the journal cannot be read, when nothing can be said to be lost. */
  readonly circumstances: () => LostCircumstances | undefined;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

/** `cannot`: this server does not tell, and asking again is of no use. `later`: it did not answer. */
export type Reconciled = 'done' | 'later' | 'cannot';

export class Reconciler {
  readonly #options: ReconcilerOptions;
  #running: Promise<Reconciled> | undefined;
  #told = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /** Asks once; whoever asks meanwhile waits for the same answer. */
  async run(): Promise<Reconciled> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return await this.#running;
  }

  async #run(): Promise<Reconciled> {
    const { upstream, worker, log, stopping, circumstances } = this.#options;
    try {
      const snapshot = await upstream.snapshot(stopping);
      if (
        snapshot.kind === 'forbidden' ||
        snapshot.kind === 'rejected' ||
        (snapshot.kind !== 'commands' && snapshot.status === 404)
      ) {
        if (!this.#told) log.warn('cannot ask the control plane for lost deliveries', { reason: snapshot.reason });
        this.#told = true;
        return 'cannot';
      }
      const around = snapshot.kind === 'commands' ? circumstances() : undefined;
      if (snapshot.kind !== 'commands' || around === undefined) return 'later';
      for (const { command, action } of lostDeliveries(snapshot.commands, around)) {
        log.warn('command was sent but never arrived', { command_id: command.command_id, type: command.type, action });
        if (action === 'run') worker.accept(command);
        else worker.refuseLost(command);
      }
      return 'done';
    } catch (error) {
      if (stopping.aborted) return 'later';
      throw error;
    }
  }
}

/** Reconciles whenever the bell is rung: on a schedule, for what no poll has noticed. */
export async function reconcileUntilStopped(
  reconciler: Reconciler,
  bell: Doorbell,
  around: { readonly clock: Clock; readonly progress: Progress; readonly stopping: AbortSignal },
): Promise<void> {
  const { clock, progress, stopping } = around;
  while (!stopping.aborted) {
    // The schedule rings, and is watched itself: nothing to be seen here meanwhile.
    await bell.wait(stopping);
    if (stopping.aborted) return;
    {
      using _step = progress.begin('reconcile', 'asks for lost commands', ASK_MAX_MS + TOKEN_READ_MAX_MS);
      await reconciler.run();
    }
    await clock.sleep(GAP_MS, stopping);
  }
}

/** A server in trouble is not asked more often for it. */
const GAP_MS = 5_000;
/** The question's own deadline, and some air. */
const ASK_MAX_MS = 8_000;
