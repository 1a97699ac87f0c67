// The Docker port of the commands, on a real engine: which request each call is, and how its answer is read.
import { z } from 'zod';
import type { ContainerDetails, ContainerSummary, ContainerUsage, Docker, LogLine } from '../../commands/context.ts';
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
  sampleOf,
  secretSourcesOf,
  summaryOf,
} from './answers.ts';
import { Engine } from './engine.ts';
import { FrameDecoder } from './log-frames.ts';
import { LineAssembler, TtyDecoder } from './log-lines.ts';
import { type UsageSample, usageBetween } from './usage.ts';

const READ_DEADLINE_MS = 10_000;
/** The engine answers when it is done; what it waits for by itself, a stop's grace, comes on top. */
const ACT_DEADLINE_MS = 30_000;
/** More readers than this make dockerd itself the bottleneck of the host. */
const LOG_READERS_MAX_COUNT = 4;
const STATS_READERS_MAX_COUNT = 16;
/** An earlier sample serves as the first of the two while its age lies between these. */
const SAMPLE_MIN_AGE_MS = 500;
const SAMPLE_MAX_AGE_MS = 15_000;
const SAMPLES_MAX_COUNT = 2_000;

interface TakenSample {
  /** By the monotonic clock. */
  readonly takenMs: number;
  readonly sample: UsageSample;
}

export class EngineDocker implements Docker {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #logReaders = new Semaphore(LOG_READERS_MAX_COUNT);
  readonly #statsReaders = new Semaphore(STATS_READERS_MAX_COUNT);
  readonly #samples = new Map<string, TakenSample>();

  constructor(socketPath: string, clock: Clock) {
    this.#engine = new Engine(socketPath, clock);
    this.#clock = clock;
  }

  /** Whether the engine answers its ping. Rejects only when `signal` aborts. */
  async answers(signal: AbortSignal): Promise<boolean> {
    try {
      for await (const _ of this.#engine.stream(
        { method: 'GET', path: '/_ping', deadlineMs: READ_DEADLINE_MS },
        signal,
      ));
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

  async *logs(id: string, tail: number, signal: AbortSignal): AsyncGenerator<LogLine> {
    using _permit = await this.#logReaders.acquire(signal);
    const { Config } = await this.#inspect(id, signal);
    const request = {
      method: 'GET',
      path: `/containers/${encodeURIComponent(id)}/logs`,
      query: { stdout: '1', stderr: '1', timestamps: '1', tail: Number.isFinite(tail) ? String(tail) : 'all' },
      deadlineMs: READ_DEADLINE_MS,
    } as const;
    const decoder = Config.Tty ? new TtyDecoder() : new FrameDecoder();
    const lines = new LineAssembler();
    for await (const chunk of this.#engine.stream(request, signal)) {
      for (const piece of decoder.push(chunk)) yield* lines.push(piece);
    }
    for (const piece of decoder.end()) yield* lines.push(piece);
    yield* lines.end();
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
    return await this.#read(`/containers/${encodeURIComponent(id)}/json`, containerInspect, signal);
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
