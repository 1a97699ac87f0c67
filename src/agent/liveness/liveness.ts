// Whether the agent's loops move on, and what they do, decided from what each has said of itself. Pure.

/** What one loop, running command or delivery has said last of itself. */
export interface StepState {
  /** Who says it: `poll`, `deliver`, `schedule`, `worker`. */
  readonly who: string;
  /** Completes "poll …": `waits for a command`. */
  readonly doing: string;
  /** When it said so, and when it must say something again, by the monotonic clock. */
  readonly sinceMs: number;
  readonly dueMs: number;
}

export interface Condition {
  /** When the control plane first accepted a request of this run, as ISO 8601; undefined until then. */
  readonly readyAt: string | undefined;
  /** What cannot be used now: since when, as ISO 8601, and why. */
  readonly troubles: Readonly<Record<string, { readonly since: string; readonly reason: string }>>;
}

/** Steps beyond this are counted only. */
const NAMED_MAX_COUNT = 8;
const REASON_MAX_CHARS = 120;

/** Those that should have said something by now. A server that does not answer makes nobody late; a promise that never settles does. */
export function lateSteps(steps: readonly StepState[], nowMs: number): readonly StepState[] {
  return steps.filter((step) => step.dueMs <= nowMs);
}

/** One line for `systemctl status`: how it stands with the control plane, and what each loop does. */
export function sentenceOf(condition: Condition, steps: readonly StepState[]): string {
  const troubles = Object.entries(condition.troubles).map(
    ([what, { since, reason }]) =>
      `${what} cannot be used since ${minuteOf(since)}: ${reason.slice(0, REASON_MAX_CHARS)}`,
  );
  const connected =
    condition.readyAt === undefined
      ? 'the control plane has not answered yet'
      : `ready since ${minuteOf(condition.readyAt)}`;
  const doings = steps.slice(0, NAMED_MAX_COUNT).map(({ who, doing }) => `${who} ${doing}`);
  const more = steps.length > NAMED_MAX_COUNT ? [`and ${steps.length - NAMED_MAX_COUNT} more`] : [];
  return [...(troubles.length === 0 ? [connected] : troubles), ...doings, ...more].join('; ').replaceAll(/\s+/gu, ' ');
}

// 2026-01-09T10:12:44.120Z → 2026-01-09T10:12Z: a line that is read beside others of the day.
function minuteOf(iso: string): string {
  return iso.replace(/:\d\d(?:\.\d+)?Z$/u, 'Z');
}
