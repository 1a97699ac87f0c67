// Work that comes back by the clock: cron expressions through node-cron, each run moved by a little chance.
import cron from 'node-cron';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';

export interface Scheduled {
  readonly name: string;
  /** Five fields, in the host's time zone. */
  readonly expression: string;
  /** Each run begins up to this much later, so that a fleet with one expression does not ask in one second. */
  readonly jitterMs: number;
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export function isCronExpression(expression: string): boolean {
  return cron.validate(expression);
}

/**
 * Runs each task on its schedule until `signal` aborts; a run that is still going on is not joined by a second. Resolves when the last run
 * has ended, and rejects when a run does: a task handles the failures it foresees.
 */
export async function runScheduled(
  tasks: readonly Scheduled[],
  clock: Clock,
  random: Random,
  signal: AbortSignal,
): Promise<void> {
  const stopped = Promise.withResolvers<void>();
  const running = new Map<string, Promise<void>>();
  const jobs = tasks.map((task) =>
    cron.schedule(task.expression, () => {
      if (running.has(task.name) || signal.aborted) return;
      const run = delayed(task, clock, random, signal)
        .catch((error: unknown) => stopped.reject(error))
        .finally(() => running.delete(task.name));
      running.set(task.name, run);
    }),
  );
  signal.addEventListener('abort', () => stopped.resolve(), { once: true });
  if (signal.aborted) stopped.resolve();
  try {
    await stopped.promise;
  } finally {
    for (const job of jobs) await job.destroy();
    await Promise.all(running.values());
  }
}

async function delayed(task: Scheduled, clock: Clock, random: Random, signal: AbortSignal): Promise<void> {
  await clock.sleep(random.fraction() * task.jitterMs, signal);
  if (!signal.aborted) await task.run(signal);
}
