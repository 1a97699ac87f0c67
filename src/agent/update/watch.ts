// Watches a service that was just restarted, through the file in which the agent says how it is, until its version can be judged.
import { existsSync } from 'node:fs';
import type { Clock } from '../../platform/clock.ts';
import { type ActivityState, readActivity } from '../activity.ts';
import { judge, type Verdict } from './verdict.ts';

export interface WatchOptions {
  readonly stateDirectory: string;
  /** What the process before the restart said; undefined when it never ran. */
  readonly before: ActivityState | undefined;
  /** Whether the control plane accepts the updater's own request under this host's identity. */
  readonly accepts: (signal: AbortSignal) => Promise<boolean>;
  /** Whether the Docker Engine answers the updater. */
  readonly dockerAnswers: (signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
}

const LOOK_EVERY_MS = 500;
/** What costs the server something is asked more seldom. */
const ASK_EVERY_MS = 5_000;

/** Never rejects. `wait` is returned when `signal` aborts before there is a judgement. */
export async function watchVersion(options: WatchOptions, version: string, signal: AbortSignal): Promise<Verdict> {
  const { clock, stateDirectory } = options;
  const beganMs = clock.monotonicMs();
  const processes = new Set<string>();
  let acceptedWithoutIt = 0;
  let dockerBefore = options.before?.docker === 'ok';
  let askAtMs = beganMs + ASK_EVERY_MS;
  let seenAliveMs = beganMs;
  for (;;) {
    const now = readActivity(stateDirectory);
    const isNew = now !== undefined && now.version === version && !isSame(now, options.before);
    if (isNew) processes.add(`${now.pid} ${now.started_at}`);
    const polled = isNew && now.polled_at !== undefined;
    const docker = isNew && now.docker === 'ok';
    const elapsedMs = clock.monotonicMs() - beganMs;
    const runs = isNew && isAlive(now.pid);
    if (runs || (options.before !== undefined && isAlive(options.before.pid))) seenAliveMs = clock.monotonicMs();
    const verdict = judge({
      runs,
      processes: processes.size,
      polled,
      docker,
      dockerBefore,
      acceptedWithoutIt,
      elapsedMs,
      goneMs: clock.monotonicMs() - seenAliveMs,
    });
    if (verdict.kind !== 'wait' || signal.aborted) return verdict;
    if (clock.monotonicMs() >= askAtMs) {
      askAtMs = clock.monotonicMs() + ASK_EVERY_MS;
      if (runs && !polled) acceptedWithoutIt = (await options.accepts(signal)) ? acceptedWithoutIt + 1 : 0;
      // An engine that has gone away meanwhile is nobody's fault.
      if (polled && !docker) dockerBefore = options.before?.docker === 'ok' && (await options.dockerAnswers(signal));
    }
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}

function isSame(a: ActivityState, b: ActivityState | undefined): boolean {
  return a.pid === b?.pid && a.started_at === b.started_at;
}
