// Work that comes back by the clock: cron expressions through node-cron, each run moved by a little chance.
import cron from 'node-cron';
import type { Clock } from '../platform/clock.ts';
import type { Random } from '../platform/random.ts';
import type { Progress } from './liveness/progress.ts';

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

export interface ScheduleOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly progress: Progress;
  /** Nothing is begun once it has aborted. */
  readonly signal: AbortSignal;
}

/** How often the host's clock is compared with one that never steps, and from which difference on it has been set. */
const LOOK_EVERY_MS = 30_000;
const STEP_MIN_MS = 5_000;
const LATE_MS = 5_000;
/** More than any task takes, without its jitter. */
const RUN_MAX_MS = 120_000;
/** node-cron leaves out a run that is later than this; a busy host is later than its own default of a second. */
const TOLERANCE_MS = 30_000;
/** node-cron writes to the console by itself. */
const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: () => undefined };

/**
 * Runs each task on its schedule until `signal` aborts; a run that is still going on is not joined by a second. Resolves when the last run
 * has ended, and rejects when a run does: a task handles the failures it foresees.
 */
export async function runScheduled(tasks: readonly Scheduled[], options: ScheduleOptions): Promise<void> {
  const { signal } = options;
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const running = new Map<string, Promise<void>>();
  const jobs = tasks.map((task) => {
    const begin = (): void => {
      if (running.has(task.name) || signal.aborted) return;
      const run = delayed(task, options)
        .catch((error: unknown) => failed.reject(error))
        .finally(() => running.delete(task.name));
      running.set(task.name, run);
    };
    return cron.schedule(task.expression, begin, { logger: SILENT, missedExecutionTolerance: TOLERANCE_MS });
  });
  const rearm = async (): Promise<void> => {
    for (const job of jobs) {
      await job.stop();
      await job.start();
    }
  };
  try {
    await Promise.race([failed.promise, watchClock(rearm, options)]);
  } finally {
    for (const job of jobs) await job.destroy();
    await Promise.all(running.values());
  }
}

// node-cron aims at a time of day. When the host's clock is set back, the next run lies as far away as the clock was set.
async function watchClock(rearm: () => Promise<void>, { clock, progress, signal }: ScheduleOptions): Promise<void> {
  using step = progress.begin('schedule', 'waits for its next task', LOOK_EVERY_MS + LATE_MS);
  const offsetMs = (): number => clock.now() - clock.monotonicMs();
  let knownMs = offsetMs();
  while (!signal.aborted) {
    step.now('waits for its next task', LOOK_EVERY_MS + LATE_MS);
    await clock.sleep(LOOK_EVERY_MS, signal);
    if (Math.abs(offsetMs() - knownMs) < STEP_MIN_MS) continue;
    knownMs = offsetMs();
    await rearm();
  }
}

async function delayed(task: Scheduled, { clock, random, progress, signal }: ScheduleOptions): Promise<void> {
  await clock.sleep(random.fraction() * task.jitterMs, signal);
  if (signal.aborted) return;
  using _step = progress.begin('schedule', `runs "${task.name}"`, RUN_MAX_MS);
  await task.run(signal);
}
