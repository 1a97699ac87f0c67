// The reconciling loop: compares what the server believes to have delivered with what arrived (REQUIREMENTS A11).
import type { Clock } from '../../platform/clock.ts';
import type { Doorbell } from '../../platform/doorbell.ts';
import type { Log } from '../../platform/log.ts';
import type { Upstream } from '../upstream/upstream.ts';
import { type LostCircumstances, lostDeliveries } from './lost-deliveries.ts';
import type { Worker } from './worker.ts';

export interface ReconcileOptions {
  readonly upstream: Upstream;
  readonly worker: Worker;
  /** Rung on start, after a poll that did not end as it should, and on a schedule. */
  readonly bell: Doorbell;
  /** What is known now; undefined while the journal cannot be read, when nothing can be said to be lost. */
  readonly circumstances: () => LostCircumstances | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly stopping: AbortSignal;
}

/** A server in trouble is not asked more often for it. */
const GAP_MS = 5_000;

export async function reconcileUntilStopped(options: ReconcileOptions): Promise<void> {
  const { bell, clock, log, stopping } = options;
  let told = false;
  while (!stopping.aborted) {
    await bell.wait(stopping);
    if (stopping.aborted) return;
    const refusal = await reconcile(options);
    if (refusal !== undefined && !told) {
      told = true;
      log.warn('cannot ask the control plane for lost deliveries', { reason: refusal });
    }
    await clock.sleep(GAP_MS, stopping);
  }
}

/** Returns why it could not be done, if so. */
async function reconcile(options: ReconcileOptions): Promise<string | undefined> {
  const { upstream, worker, log, stopping, circumstances } = options;
  try {
    const snapshot = await upstream.snapshot(stopping);
    // The server is unreachable or in trouble: the poll loop tells of that, and rings again.
    if (snapshot.kind === 'unreachable' || snapshot.kind === 'try-later' || snapshot.kind === 'unauthorized')
      return undefined;
    if (snapshot.kind !== 'commands') return snapshot.reason;
    const around = circumstances();
    if (around === undefined) return undefined;
    for (const { command, action } of lostDeliveries(snapshot.commands, around)) {
      log.warn('command was sent but never arrived', { command_id: command.command_id, type: command.type, action });
      if (action === 'run') worker.accept(command);
      else worker.refuseLost(command);
    }
    return undefined;
  } catch (error) {
    if (stopping.aborted) return undefined;
    throw error;
  }
}
