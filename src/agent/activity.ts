// What the agent is doing and what troubles it, in one small file of the state directory, for "status-panel status".
import { join } from 'node:path';
import { renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { readIfPresent } from '../platform/durable-file.ts';
import type { Clock } from '../platform/clock.ts';
import type { Condition } from './liveness/liveness.ts';

const activitySchema = z.object({
  pid: z.int(),
  version: z.string().max(50),
  started_at: z.string().max(40),
  /** When the control plane first accepted a request of this run. */
  ready_at: z.string().max(40).optional(),
  /** When the control plane first answered a poll of this run, which it may hold for a while. */
  polled_at: z.string().max(40).optional(),
  /** Whether the Docker Engine has answered this run: `ok` from the first time on. */
  docker: z.enum(['ok', 'silent']).optional(),
  /** Host time minus server time, when it is more than a minute. */
  clock_skew_seconds: z.number().optional(),
  /** What cannot be used now: since when, and why. */
  troubles: z.record(z.string().max(100), z.object({ since: z.string().max(40), reason: z.string().max(4_096) })),
});
export type ActivityState = z.infer<typeof activitySchema>;

export function activityPath(stateDirectory: string): string {
  return join(stateDirectory, 'activity.json');
}

/** What the last run wrote; undefined when there is none or it cannot be read. */
export function readActivity(stateDirectory: string): ActivityState | undefined {
  try {
    const text = readIfPresent(activityPath(stateDirectory));
    return text === undefined ? undefined : activitySchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Written only when something changes, so an idle agent writes nothing. */
export class Activity {
  readonly #path: string;
  readonly #clock: Clock;
  /** Called after every change. */
  onChange: () => void = () => undefined;
  #state: ActivityState;

  constructor(stateDirectory: string, process: { readonly pid: number; readonly version: string }, clock: Clock) {
    this.#path = activityPath(stateDirectory);
    this.#clock = clock;
    this.#state = { ...process, started_at: this.#now(), troubles: {} };
    this.#write();
  }

  /** For those who show it elsewhere. */
  get condition(): Condition {
    return { readyAt: this.#state.ready_at, troubles: this.#state.troubles };
  }

  ready(): void {
    this.#change({ ...this.#state, ready_at: this.#now() });
  }

  polled(): void {
    if (this.#state.polled_at === undefined) this.#change({ ...this.#state, polled_at: this.#now() });
  }

  docker(state: 'ok' | 'silent'): void {
    if (this.#state.docker !== state) this.#change({ ...this.#state, docker: state });
  }

  skew(seconds: number | undefined): void {
    const { clock_skew_seconds: _, ...rest } = this.#state;
    this.#change(seconds === undefined ? rest : { ...rest, clock_skew_seconds: seconds });
  }

  trouble(what: string, reason: string): void {
    const since = this.#state.troubles[what]?.since ?? this.#now();
    this.#change({
      ...this.#state,
      troubles: { ...this.#state.troubles, [what]: { since, reason: reason.slice(0, 4_000) } },
    });
  }

  over(what: string): void {
    const { [what]: ended, ...troubles } = this.#state.troubles;
    if (ended !== undefined) this.#change({ ...this.#state, troubles });
  }

  #change(state: ActivityState): void {
    this.#state = state;
    this.#write();
    this.onChange();
  }

  // Worth nothing after a crash, so it is not synced; and a full disk must not keep the agent from its work.
  #write(): void {
    try {
      writeFileSync(`${this.#path}.new`, `${JSON.stringify(this.#state)}\n`, { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // The journal tells of the disk.
    }
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}
