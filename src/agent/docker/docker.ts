// The Docker port of the commands, on a real engine: which request each call is, and how its answer is read.
import { z } from 'zod';
import type { ContainerDetails, ContainerSummary, ContainerUsage, Docker, LogReader } from '../../commands/context.ts';
import type { Clock } from '../../platform/clock.ts';
import { Fault } from '../../platform/fault.ts';
import { Semaphore } from '../../platform/semaphore.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import type { SecretSources } from '../redaction/known-secrets.ts';
import {
  containerInspect,
  containerList,
  containerStats,
  detailsOf,
  pointInTime,
  sampleOf,
  secretSourcesOf,
  summaryOf,
} from './answers.ts';
import { Engine } from './engine.ts';
import { LogConnection } from './log-connection.ts';
import { LogReaders } from './log-readers.ts';
import { type UsageSample, usageBetween } from './usage.ts';

const READ_DEADLINE_MS = 10_000;
/** The engine answers when it is done; what it waits for by itself, a stop's grace, comes on top. */
const ACT_DEADLINE_MS = 30_000;
const STATS_READERS_MAX_COUNT = 16;
/** An earlier sample serves as the first of the two while its age lies between these. */
const SAMPLE_MIN_AGE_MS = 500;
const SAMPLE_MAX_AGE_MS = 15_000;
const SAMPLES_MAX_COUNT = 2_000;
const TTYS_MAX_COUNT = 2_000;
/** States in which a line that has begun can still get its end. */
const MAY_WRITE: ReadonlySet<string> = new Set(['running', 'paused', 'restarting']);
/** The engine says that a container has ended before the last of its output is in the log. */
const LAST_OUTPUT_MAX_MS = 5_000;

/** Container, its last start, and its secrets for whoever wants them. */
export type OnInspected = (containerId: string, startedAt: string | undefined, sources: () => SecretSources) => void;

interface TakenSample {
  /** By the monotonic clock. */
  readonly takenMs: number;
  readonly sample: UsageSample;
}

export class EngineDocker implements Docker, Disposable {
  readonly #engine: Engine;
  readonly #socketPath: string;
  readonly #clock: Clock;
  readonly #logs: LogReaders;
  /** Whether a container has a TTY: that never changes, and asking costs as much as a page. */
  readonly #ttys = new Map<string, boolean>();
  readonly #statsReaders = new Semaphore(STATS_READERS_MAX_COUNT);
  readonly #samples = new Map<string, TakenSample>();
  readonly #onInspected: OnInspected;

  /** `onInspected` is told of every container that is looked at, whatever for. */
  constructor(socketPath: string, clock: Clock, onInspected: OnInspected = () => {}) {
    this.#onInspected = onInspected;
    this.#engine = new Engine(socketPath, clock);
    this.#socketPath = socketPath;
    this.#clock = clock;
    this.#logs = new LogReaders(clock);
  }

  /** Log readers open on the engine now, those left open between two pages included. */
  get openLogsCount(): number {
    return this.#logs.usedCount;
  }

  [Symbol.dispose](): void {
    this.#logs[Symbol.dispose]();
  }

  /** Whether the engine answers. Rejects only when `signal` aborts. */
  async answers(signal: AbortSignal): Promise<boolean> {
    try {
      await this.#engine.json({ method: 'GET', path: '/version', deadlineMs: READ_DEADLINE_MS }, signal);
      return true;
    } catch (error) {
      if (error instanceof Fault) return false;
      throw error;
    }
  }

  async list(signal: AbortSignal): Promise<readonly ContainerSummary[]> {
    const answer = await this.#read('/containers/json', containerList, signal, { all: 'true' });
    return answer.map(summaryOf);
  }

  async inspect(id: string, signal: AbortSignal): Promise<ContainerDetails> {
    return detailsOf(await this.#inspect(id, signal));
  }

  /** What the container's logs have to be masked for. */
  async secretSources(id: string, signal: AbortSignal): Promise<SecretSources> {
    return secretSourcesOf(await this.#inspect(id, signal));
  }

  async usage(id: string, signal: AbortSignal): Promise<ContainerUsage> {
    using _permit = await this.#statsReaders.acquire(signal);
    const kept = this.#recentSample(id);
    const earlier = kept ?? (await this.#takeSample(id, signal));
    const usage = await this.#usageSince(earlier, id, signal);
    if (usage !== undefined) return usage;
    // The kept sample was from before a restart: its counters say nothing about this run.
    const again =
      kept === undefined ? undefined : await this.#usageSince(await this.#takeSample(id, signal), id, signal);
    if (again !== undefined) return again;
    throw new Fault<ErrorCode>('docker_error', 'the container was restarted while its resource use was read');
  }

  async #usageSince(first: TakenSample, id: string, signal: AbortSignal): Promise<ContainerUsage | undefined> {
    const ageMs = this.#clock.monotonicMs() - first.takenMs;
    if (ageMs < SAMPLE_MIN_AGE_MS) await this.#clock.sleep(SAMPLE_MIN_AGE_MS - ageMs, signal);
    return usageBetween(first.sample, (await this.#takeSample(id, signal)).sample);
  }

  async openLog(id: string, tail: number, signal: AbortSignal): Promise<LogReader> {
    return await this.#logs.open(
      id,
      async () => {
        const tty = await this.#hasTty(id, signal);
        const count = Number.isFinite(tail) ? String(tail) : 'all';
        const request = {
          socketPath: this.#socketPath,
          path: `/containers/${encodeURIComponent(id)}/logs?stdout=1&stderr=1&timestamps=1&tail=${count}`,
          clock: this.#clock,
          silenceMaxMs: READ_DEADLINE_MS,
        };
        const openedMs = this.#clock.now();
        const { connection, first } = await LogConnection.open(request, signal);
        const mayHaveGrown = async (until: AbortSignal): Promise<boolean> => {
          const { Status, FinishedAt } = (await this.#inspect(id, until)).State;
          return MAY_WRITE.has(Status) || Date.parse(FinishedAt) + LAST_OUTPUT_MAX_MS > openedMs;
        };
        return { bytes: connection, first, tail, tty, mayHaveGrown };
      },
      signal,
    );
  }

  resumeLog(id: string, place: string): LogReader | undefined {
    return this.#logs.resume(id, place);
  }

  async #hasTty(id: string, signal: AbortSignal): Promise<boolean> {
    const known = this.#ttys.get(id);
    if (known !== undefined) return known;
    const { Config } = await this.#inspect(id, signal);
    if (this.#ttys.size >= TTYS_MAX_COUNT) this.#ttys.clear();
    this.#ttys.set(id, Config.Tty);
    return Config.Tty;
  }

  async restart(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    await this.#act(id, 'restart', { t: String(graceSeconds) }, graceSeconds * 1000 + ACT_DEADLINE_MS, signal);
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#act(id, 'start', {}, ACT_DEADLINE_MS, signal);
  }

  async stop(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    await this.#act(id, 'stop', { t: String(graceSeconds) }, graceSeconds * 1000 + ACT_DEADLINE_MS, signal);
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    await this.#act(id, 'pause', {}, ACT_DEADLINE_MS, signal);
  }

  async unpause(id: string, signal: AbortSignal): Promise<void> {
    await this.#act(id, 'unpause', {}, ACT_DEADLINE_MS, signal);
  }

  async #act(
    id: string,
    verb: string,
    query: Readonly<Record<string, string>>,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const path = `/containers/${encodeURIComponent(id)}/${verb}`;
    await this.#engine.json({ method: 'POST', path, query, deadlineMs }, signal);
  }

  async #inspect(id: string, signal: AbortSignal): Promise<z.infer<typeof containerInspect>> {
    const answer = await this.#read(`/containers/${encodeURIComponent(id)}/json`, containerInspect, signal);
    this.#onInspected(answer.Id, pointInTime(answer.State.StartedAt), () => secretSourcesOf(answer));
    return answer;
  }

  #recentSample(id: string): TakenSample | undefined {
    const kept = this.#samples.get(id);
    return kept !== undefined && this.#clock.monotonicMs() - kept.takenMs <= SAMPLE_MAX_AGE_MS ? kept : undefined;
  }

  async #takeSample(id: string, signal: AbortSignal): Promise<TakenSample> {
    const path = `/containers/${encodeURIComponent(id)}/stats`;
    const stats = await this.#read(path, containerStats, signal, { stream: 'false', 'one-shot': 'true' });
    const taken = { takenMs: this.#clock.monotonicMs(), sample: sampleOf(stats) };
    // Containers come and go for years; forgetting all now and then costs one extra sample each.
    if (this.#samples.size >= SAMPLES_MAX_COUNT) this.#samples.clear();
    this.#samples.set(id, taken);
    return taken;
  }

  async #read<T>(
    path: string,
    schema: z.ZodType<T>,
    signal: AbortSignal,
    query?: Readonly<Record<string, string>>,
  ): Promise<T> {
    const request = {
      method: 'GET',
      path,
      deadlineMs: READ_DEADLINE_MS,
      ...(query === undefined ? {} : { query }),
    } as const;
    const parsed = schema.safeParse(await this.#engine.json(request, signal));
    if (parsed.success) return parsed.data;
    const issue = parsed.error.issues[0];
    const where = issue === undefined ? '' : ` (${issue.path.join('.')}: ${issue.message})`;
    throw new Fault<ErrorCode>('docker_error', `the Docker Engine's answer to GET ${path} is not understood${where}`);
  }
}
