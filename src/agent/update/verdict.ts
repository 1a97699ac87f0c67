// Whether a version that was just started is good: decided from what it says of itself and from what else is known. Pure.
//
// A control plane that is away or refuses says nothing about the program. So a new version that runs is only called broken when, in the same
// moments, the updater itself is accepted by the control plane with the same identity and the same request: then the server is not to blame.

export interface Observation {
  /** The process that the activity file names is alive and of the version that is judged. */
  readonly runs: boolean;
  /** How many processes of it were seen: more than one means that it ends and is started again. */
  readonly processes: number;
  /** The control plane has accepted an authenticated poll of it. */
  readonly polled: boolean;
  /** Its Docker ping was answered. */
  readonly docker: boolean;
  /** The old version's Docker ping was answered. */
  readonly dockerBefore: boolean;
  /** How often in a row, up to now, the updater's own request was accepted while the new version was not. */
  readonly acceptedWithoutIt: number;
  readonly elapsedMs: number;
  /** For how long neither the process before nor one of this version has been alive. */
  readonly goneMs: number;
}

export type Verdict =
  | { readonly kind: 'good' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'broken'; readonly reason: string }
  /** It runs, but the control plane answers nobody: kept, and neither good nor bad. */
  | { readonly kind: 'unconfirmed'; readonly reason: string };

/** From the restart to the judgement; putting the old version back has the rest of two minutes. */
export const JUDGE_WITHIN_MS = 75_000;
/** systemd waits five seconds between two starts. */
const GONE_MAX_MS = 20_000;
/** A start takes a second, on a slow host ten: three processes in that time are a program that does not stay up. */
const PROCESSES_MAX_COUNT = 4;
/** One acceptance may be luck on a server that is coming back. */
const ACCEPTED_MIN_COUNT = 3;

export function judge(seen: Observation): Verdict {
  const dockerWell = seen.docker || !seen.dockerBefore;
  if (seen.runs && seen.polled && dockerWell) return { kind: 'good' };
  if (seen.processes >= PROCESSES_MAX_COUNT) return { kind: 'broken', reason: 'it ends again and again' };
  if (seen.goneMs >= GONE_MAX_MS) return { kind: 'broken', reason: 'it does not start' };
  if (seen.elapsedMs < JUDGE_WITHIN_MS) return { kind: 'wait' };
  if (!seen.runs) return { kind: 'broken', reason: 'it does not run' };
  if (seen.polled) {
    return { kind: 'broken', reason: 'it cannot use the Docker Engine, which the version before it could' };
  }
  if (seen.acceptedWithoutIt >= ACCEPTED_MIN_COUNT) {
    return { kind: 'broken', reason: 'the control plane accepts this host, but no poll of the new version' };
  }
  return { kind: 'unconfirmed', reason: 'it runs, but the control plane accepts nobody from this host' };
}
