// The delivery loop: hands in reports in the order in which their commands finished, until each is acknowledged (REQUIREMENTS A6, A11).
import { z } from 'zod';
import type { Registry } from '../../commands/registry.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Doorbell } from '../../platform/doorbell.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { type Report, report as reportSchema } from '../../protocol/report.ts';
import { TOKEN_READ_MAX_MS } from '../credentials/credentials.ts';
import type { Progress, Step } from '../liveness/progress.ts';
import { REPORT_RETRY, retryDelayMs } from '../upstream/retry-policy.ts';
import { type Delivery, type Refusal, REPORT_DEADLINE_MS, type Upstream } from '../upstream/upstream.ts';
import { COMMAND_LINE } from './command-lines.ts';
import { Outage, type TroubleBoard } from './outage.ts';
import type { Outbox, OutboxEntry } from './outbox.ts';

export interface DeliverOptions {
  readonly upstream: Upstream;
  readonly outbox: Outbox;
  /** Rung when a report was put into the outbox. */
  readonly bell: Doorbell;
  readonly registry: Registry;
  readonly activity: TroubleBoard;
  readonly progress: Progress;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** When this has aborted the loop ends as soon as the outbox is empty or nothing in it can be sent now. */
  readonly draining: AbortSignal;
  /** Ends the loop and the request that is under way. */
  readonly stopped: AbortSignal;
}

/** What is known of a report that was not accepted at once; in memory, for a restart may as well try anew. */
interface Attempts {
  failures: number;
  notBeforeMs: number;
  reduced: boolean;
}

/** Reports are handed in one after another; only beside one that takes unusually long the next is begun, up to so many. */
const USUAL_MS = 2_000;
const IN_FLIGHT_MAX_COUNT = 4;
/** The loop looks at least this often, rung for or not: it can be seen to live, and no report waits for a bell that was not heard. */
const LOOK_EVERY_MS = 30_000;
/** What a timer may be late on a busy host before it counts as stuck. */
const LATE_MS = 5_000;

export async function deliverUntilStopped(options: DeliverOptions): Promise<void> {
  await new DeliveryLoop(options).run();
}

class DeliveryLoop {
  readonly #options: DeliverOptions;
  readonly #attempts = new Map<string, Attempts>();
  readonly #inFlight = new Map<string, Promise<void>>();
  readonly #outage: Outage;
  readonly #step: Step;
  /** The server as a whole is not to be bothered before this. */
  #pauseUntilMs = 0;

  constructor(options: DeliverOptions) {
    this.#options = options;
    this.#outage = new Outage('delivery of reports', options.clock, options.log, options.activity);
    this.#step = options.progress.begin('deliver', 'begins', LATE_MS);
  }

  async run(): Promise<void> {
    const { draining, stopped } = this.#options;
    using _step = this.#step;
    while (!stopped.aborted) {
      const { entry, waitMs } = this.#inFlight.size < IN_FLIGHT_MAX_COUNT ? this.#next() : {};
      if (entry !== undefined) await this.#start(entry);
      else if (this.#inFlight.size > 0) await this.#news();
      else if (draining.aborted) break;
      else await this.#rest(waitMs);
    }
    await Promise.all(this.#inFlight.values());
  }

  /** Until a delivery under way has ended, or there is a new report. */
  async #news(): Promise<void> {
    const { bell, clock } = this.#options;
    const heard = new AbortController();
    this.#step.now('hands in reports', LOOK_EVERY_MS + LATE_MS);
    const look = clock.sleep(LOOK_EVERY_MS, heard.signal);
    await Promise.race([...this.#inFlight.values(), bell.wait(heard.signal), look]);
    heard.abort();
  }

  /** Begins a delivery and waits for its end, but no longer than is usual: the next report need not wait for one that hangs. */
  async #start(entry: OutboxEntry): Promise<void> {
    const delivery = this.#deliver(entry).finally(() => this.#inFlight.delete(entry.commandId));
    this.#inFlight.set(entry.commandId, delivery);
    const waited = new AbortController();
    this.#step.now('hands in a report', USUAL_MS + LATE_MS);
    await Promise.race([delivery, this.#options.clock.sleep(USUAL_MS, waited.signal)]);
    waited.abort();
  }

  /** The first report that may be tried now, or how long until one may. */
  #next(): { readonly entry?: OutboxEntry; readonly waitMs?: number } {
    const { clock, outbox } = this.#options;
    const nowMs = clock.monotonicMs();
    const waiting = outbox.waiting().filter((one) => !this.#inFlight.has(one.commandId));
    if (waiting.length === 0) return {};
    if (this.#pauseUntilMs > nowMs) return { waitMs: this.#pauseUntilMs - nowMs };
    const entry = waiting.find((one) => (this.#attempts.get(one.commandId)?.notBeforeMs ?? 0) <= nowMs);
    if (entry !== undefined) return { entry };
    const soonest = Math.min(...waiting.map((one) => this.#attempts.get(one.commandId)?.notBeforeMs ?? 0));
    return { waitMs: Math.max(soonest - nowMs, 0) };
  }

  async #rest(waitMs: number | undefined): Promise<void> {
    const { bell, clock, draining } = this.#options;
    if (waitMs !== undefined) {
      this.#step.now('waits before its next try', waitMs + LATE_MS);
      await clock.sleep(waitMs, draining);
      return;
    }
    using look = clock.deadline(LOOK_EVERY_MS, draining);
    this.#step.now('has nothing to hand in', LOOK_EVERY_MS + LATE_MS);
    await bell.wait(look.signal);
  }

  async #deliver(entry: OutboxEntry): Promise<void> {
    const { upstream, stopped, progress } = this.#options;
    using step = progress.begin('deliver', `hands in the report of ${entry.commandId}`, REPORT_DEADLINE_MS + LATE_MS);
    const answered = (): void => step.now('reads the answer to a report', TOKEN_READ_MAX_MS);
    const attempts = this.#attempts.get(entry.commandId) ?? { failures: 0, notBeforeMs: 0, reduced: false };
    this.#attempts.set(entry.commandId, attempts);
    const delivery = await attempt(upstream, attempts.reduced ? this.#reduce(entry) : entry.body, stopped, answered);
    if (delivery === undefined) return;
    if (delivery.kind === 'accepted') this.#accepted(entry, attempts);
    else this.#refused(entry, attempts, delivery);
  }

  #accepted(entry: OutboxEntry, attempts: Attempts): void {
    this.#outage.ended();
    this.#options.outbox.delivered(entry);
    this.#attempts.delete(entry.commandId);
    if (attempts.failures === 0) this.#tell(entry, 'accepted');
    else
      this.#options.log.debug('report delivered late', { command_id: entry.commandId, tries: attempts.failures + 1 });
  }

  #refused(entry: OutboxEntry, attempts: Attempts, refusal: Refusal): void {
    const { clock, random, log, outbox } = this.#options;
    if (attempts.failures === 0) this.#tell(entry, 'waiting');
    attempts.failures += 1;
    if (refusal.kind === 'rejected') {
      if (!attempts.reduced) {
        attempts.reduced = true;
        log.warn('report refused; sending it without its result', {
          command_id: entry.commandId,
          reason: refusal.reason,
        });
        return;
      }
      log.error('report refused for good; parked', { command_id: entry.commandId, reason: refusal.reason });
      outbox.park(entry, refusal.reason);
      this.#attempts.delete(entry.commandId);
      return;
    }
    this.#outage.failed(refusal.reason);
    const nowMs = clock.monotonicMs();
    // A server that answers may refuse this one report only; one that does not answer, or refuses the agent, may do so to all.
    if (refusal.kind !== 'try-later') {
      this.#pauseUntilMs = nowMs + retryDelayMs(REPORT_RETRY, this.#outage.failures, random.fraction(), undefined);
    }
    const pauseMs = retryDelayMs(REPORT_RETRY, attempts.failures, random.fraction(), refusal.retryAfterMs);
    // Later than the pause, so that a report the server chokes on does not keep its place in front of the others.
    attempts.notBeforeMs = Math.max(nowMs, this.#pauseUntilMs) + pauseMs;
  }

  /** The second of a command's two lines. */
  #tell(entry: OutboxEntry, state: 'accepted' | 'waiting'): void {
    const report = parseReport(entry.body);
    const { started_at, completed_at } = report;
    this.#options.log.info(COMMAND_LINE.finished, {
      command_id: entry.commandId,
      type: entry.type,
      outcome: report.command_status,
      code: report.errors?.[0]?.code,
      duration_ms: started_at === undefined ? 0 : Date.parse(completed_at) - Date.parse(started_at),
      report: state,
    });
  }

  // What every server accepts: the outcome and the reason, with the smallest result that its type allows.
  #reduce(entry: OutboxEntry): string {
    const full = parseReport(entry.body);
    const subject = z.object({ app_code: z.string() }).safeParse(full.result);
    const parameters = subject.success ? { app_code: subject.data.app_code } : {};
    const message =
      'the server refused the full report; the command itself ended as the first error says, or without one';
    const reduced: Report = {
      ...full,
      status: 'failed',
      command_status: 'failed',
      result: this.#options.registry.get(entry.type)?.failed(parameters, full.deployment_hash) ?? null,
      error: `report_rejected: ${message}`,
      errors: [
        ...(full.errors ?? []).slice(0, 1).map(({ code, message }) => ({ code, message })),
        { code: 'report_rejected', message },
      ],
    };
    return JSON.stringify(reduced);
  }
}

async function attempt(
  upstream: Upstream,
  body: string,
  stopped: AbortSignal,
  answered: () => void,
): Promise<Delivery | undefined> {
  try {
    return await upstream.report(body, stopped, answered);
  } catch (error) {
    if (stopped.aborted) return undefined;
    throw error;
  }
}

function parseReport(body: string): Report {
  const json: unknown = JSON.parse(body);
  return reportSchema.parse(json);
}
