// What became of a change whose agent was killed: looks until the engine, which goes on without its client, must be done with it.
import type { CommandContext, ContainerDetails, Evidence } from './context.ts';

const LOOK_EVERY_MS = 250;
/** Beyond the grace: the engine's own work around a stop and a start. */
const SLACK_MS = 5_000;

/** Evidence for {@link settledAfter}, noted before the first effect. `graceSeconds`: how long the container may take to stop. */
export function evidenceOf(before: ContainerDetails, graceSeconds: number, context: CommandContext): Evidence {
  return {
    containerId: before.id,
    startedAt: before.startedAt,
    notedAtMs: context.clock.now(),
    mayTakeMs: graceSeconds * 1000 + SLACK_MS,
  };
}

/** The container as soon as `isDone`, or when the engine can no longer be at it. */
export async function settledAfter(
  evidence: Evidence,
  isDone: (now: ContainerDetails) => boolean,
  context: CommandContext,
  signal: AbortSignal,
): Promise<ContainerDetails> {
  // The host's clock may have been set meanwhile: never wait longer than the whole time, nor less than none.
  const elapsedMs = Math.max(context.clock.now() - evidence.notedAtMs, 0);
  const until = context.clock.monotonicMs() + Math.max(evidence.mayTakeMs - elapsedMs, 0);
  for (;;) {
    const now = await context.docker.inspect(evidence.containerId, signal);
    if (isDone(now) || context.clock.monotonicMs() >= until || signal.aborted) return now;
    await context.clock.sleep(LOOK_EVERY_MS, signal);
  }
}

/** How long a container is asked for when its change was cut off: the command is over, and only the truth is left to tell. */
const LOOK_AFTER_CUT_OFF_MS = 5_000;

/** The container now, on a deadline of its own; undefined when the engine does not tell. */
export async function lookAgain(id: string, context: CommandContext): Promise<ContainerDetails | undefined> {
  using deadline = context.clock.deadline(LOOK_AFTER_CUT_OFF_MS);
  try {
    return await context.docker.inspect(id, deadline.signal);
  } catch {
    return undefined;
  }
}
