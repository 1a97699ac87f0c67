// What a command may do to the host: the few ports it is given. Nothing else reaches it (SECURITY.md lists each).
import type { Clock } from '../platform/clock.ts';

/** Docker's own words for the state of a container. */
export type DockerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead' | 'unknown';

export interface ContainerSummary {
  readonly id: string;
  /** Without the leading slash of the API. */
  readonly name: string;
  readonly image: string;
  readonly state: DockerState;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ContainerDetails {
  readonly id: string;
  readonly name: string;
  readonly state: DockerState;
  /** RFC 3339, or undefined when the container never started. */
  readonly startedAt: string | undefined;
  /** RFC 3339, or undefined when the container never stopped. */
  readonly finishedAt: string | undefined;
  readonly exitCode: number;
  readonly oomKilled: boolean;
  /** The image's HEALTHCHECK; `none` when it has none. */
  readonly healthcheck: 'none' | 'starting' | 'healthy' | 'unhealthy';
  /** How often the engine's restart policy has started it again. */
  readonly restartCount: number;
  readonly tty: boolean;
  readonly logDriver: string;
  /** Seconds between SIGTERM and SIGKILL that the container asks for. */
  readonly stopGraceSeconds: number;
}

/** Resource use over the interval between two samples. */
export interface ContainerUsage {
  /** 100 is one core. Current: never the average since the start. */
  readonly cpuPct: number;
  /** MiB without page cache, as `docker stats` shows it. */
  readonly memMb: number;
  readonly memPct: number;
  readonly memLimitBytes: number;
  /** Bytes since the container's start. */
  readonly rxBytes: number;
  readonly txBytes: number;
}

export type LogStream = 'stdout' | 'stderr';

export interface LogLine {
  readonly stream: LogStream;
  /** RFC 3339 with nanoseconds, as the engine stamped it. */
  readonly ts: string;
  /** Without its line end; Docker's 16 KiB partial messages are joined. */
  readonly message: string;
  /** Bytes of a very long line that are not in `message`. */
  readonly droppedBytes: number;
  /** How many lines of this stream with this very stamp came directly before it. */
  readonly sameStamp: number;
  /**
   * What is read may begin in the middle of this line, or of the lines of its stamp: `message` and `sameStamp` can lack what lies before. Only so
   * among each stream's first lines, which can come late: between the parts of a long line any number of the other stream's can stand.
   */
  readonly unsure: boolean;
}

/** A log that is read forwards. Disposing of it ends the request to the engine, unless it was left open. */
export interface LogReader extends Disposable {
  /** Next lines, in the engine's order; undefined at the end of what there was when it was opened. Fault logs_unavailable when the engine cannot read on. */
  read(signal: AbortSignal): Promise<readonly LogLine[] | undefined>;
  /** Gives lines back, to be read again first. */
  unread(lines: readonly LogLine[]): void;
  /** It began at the oldest line there is; with a tail that is only known at the end. */
  readonly wholeLog: boolean;
  /** How many entries before the end it began. */
  readonly tail: number;
  /** Stays open for a short while, to be found again by `place`; `recent` are lines before it, for the context of a mask. */
  leave(place: string, recent: readonly LogLine[]): void;
  readonly recent: readonly LogLine[];
}

/** The Docker Engine. Every call settles by its own deadline or the signal's with a Fault (docker_unavailable, docker_error, timeout). */
export interface Docker {
  list(signal: AbortSignal): Promise<readonly ContainerSummary[]>;
  /** Fault container_not_found when there is none. */
  inspect(id: string, signal: AbortSignal): Promise<ContainerDetails>;
  usage(id: string, signal: AbortSignal): Promise<ContainerUsage>;
  /** Both streams from `tail` entries before the end (a line over 16 KiB has several), from the oldest when it is Infinity. */
  openLog(id: string, tail: number, signal: AbortSignal): Promise<LogReader>;
  /** The reader of this container that was left at `place`, if it is still there. */
  resumeLog(id: string, place: string): LogReader | undefined;
  /** Restarts and returns when the engine has started the container again. `graceSeconds` 0 kills at once. */
  restart(id: string, graceSeconds: number, signal: AbortSignal): Promise<void>;
  start(id: string, signal: AbortSignal): Promise<void>;
  /** Returns when the container has stopped: after SIGTERM, or `graceSeconds` later after SIGKILL. */
  stop(id: string, graceSeconds: number, signal: AbortSignal): Promise<void>;
  pause(id: string, signal: AbortSignal): Promise<void>;
  unpause(id: string, signal: AbortSignal): Promise<void>;
}

export interface MaskedLine {
  readonly text: string;
  readonly redacted: boolean;
}

/** Strips secrets from text; knows the container's own environment (REQUIREMENTS A5). */
export interface LineMask {
  /** Consecutive lines of one stream, oldest first. */
  lines(lines: readonly string[]): readonly MaskedLine[];
}

/** What was true before a change, kept on disk so that a crash can be told from a success afterwards. */
export interface Evidence {
  /** What the change is made to: a container, or, for an update of the agent itself, the id of the request for it. */
  readonly containerId: string;
  readonly startedAt: string | undefined;
  /** Host time, milliseconds since the epoch, and how long from then the engine may be at it: it goes on when its client is gone. */
  readonly notedAtMs: number;
  readonly mayTakeMs: number;
}

/** How a request to update the agent ended, as the updater has written it down. */
export interface UpdateOutcome {
  readonly outcome: 'updated' | 'unconfirmed' | 'unchanged' | 'rolled-back' | 'refused' | 'unknown';
  readonly from: string;
  readonly to?: string | undefined;
  readonly reason: string;
}

/** What the agent can do about its own version: ask, and read the answer. Root's updater decides and acts. */
export interface SelfUpdate {
  /** The version that runs. */
  readonly version: string;
  /** Why it cannot be asked for here; undefined when it can. */
  readonly obstacle: { readonly code: 'not_allowed' | 'update_unavailable'; readonly message: string } | undefined;
  newRequestId(): string;
  /** Throws Fault update_unavailable when the request cannot be written. `version` undefined is the newest offered. */
  request(requestId: string, version: string | undefined): void;
  /** Takes back a request that the updater has not taken up. */
  withdraw(): void;
  outcomeOf(requestId: string): UpdateOutcome | undefined;
}

export interface CommandContext {
  readonly deploymentHash: string;
  /** The compose project of this deployment, when the owner has named it. */
  readonly composeProject: string | undefined;
  readonly docker: Docker;
  readonly clock: Clock;
  readonly maskFor: (containerId: string, signal: AbortSignal) => Promise<LineMask>;
  /** Seals log cursors, so that one which was put together elsewhere is known; the same for as long as the agent's state is. */
  readonly cursorKey: string;
  /** Whether the host's owner lets the control plane ask for logs as they are. */
  readonly allowUnredactedLogs: boolean;
  readonly selfUpdate: SelfUpdate;
  /** Aborts when the agent is about to stop. A command is expected to finish all the same, unless it waits for just that. */
  readonly stopping: AbortSignal;
  /** Must return before the first call that changes the host: what is noted survives a crash (REQUIREMENTS A11). */
  readonly beforeEffect: (evidence: Evidence) => void;
  /** Held by a change from its first look at the container to its last: one at a time, whatever name it was asked by. */
  readonly lockContainer: (containerId: string, signal: AbortSignal) => Promise<Disposable>;
}
