// Takes commands from the poll loop to a report in the outbox: journal, lanes, execution, and what an earlier process left behind.
import type { CommandContext, Evidence } from '../../commands/context.ts';
import { type Command, CONTINUES, type Outcome, type PreparedCommand } from '../../commands/definition.ts';
import type { Registry } from '../../commands/registry.ts';
import type { Clock } from '../../platform/clock.ts';
import type { Doorbell } from '../../platform/doorbell.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import { Semaphore } from '../../platform/semaphore.ts';
import type { CommandEnvelope } from '../../protocol/command-envelope.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { type JournalEntry, recoveryOf } from '../journal/entry.ts';
import type { Journal } from '../journal/journal.ts';
import { decide } from './accept.ts';
import { COMMAND_LINE } from './command-lines.ts';
import type { Progress } from '../liveness/progress.ts';
import { type Execution, execute, interrupted, investigate, prepare, stuckAfterMs } from './execute.ts';
import { Lanes } from './lanes.ts';
import type { Outbox } from './outbox.ts';
import { failure, type ReportMaker, reportOf } from './report-of.ts';

export interface WorkerOptions {
  readonly registry: Registry;
  readonly journal: Journal;
  readonly outbox: Outbox;
  /** Rung when a report was put into the outbox. */
  readonly bell: Doorbell;
  /** Everything of a command's context but what depends on the command. */
  readonly context: Omit<CommandContext, 'beforeEffect'>;
  readonly reportMaker: ReportMaker;
  readonly changeMaxAgeMs: number;
  /** Server time, milliseconds since the epoch. */
  readonly serverNow: () => number;
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress;
  /** No command is begun any more; what waits stays in the journal for the next start. */
  readonly stopping: AbortSignal;
  /** Running commands are ended with this signal's reason. */
  readonly stopped: AbortSignal;
}

/** Reads that run at the same time. */
const READS_MAX_COUNT = 8;
/** How many parked commands are named to the server, so that it does not hand them out again. */
const PARKED_NAMED_COUNT = 20;

/** A command on its way. */
interface Job {
  readonly envelope: CommandEnvelope;
  readonly command: Command;
  /** False when the journal could not take it. */
  readonly durable: boolean;
  /** Aborts when the command is cancelled, or the agent stops without waiting for it. */
  readonly ending: AbortController;
}

export class Worker {
  readonly #options: WorkerOptions;
  readonly #lanes = new Lanes(new Semaphore(READS_MAX_COUNT));
  readonly #running = new Set<Promise<void>>();
  /** By command_id, from its acceptance until its report is in the outbox. */
  readonly #jobs = new Map<string, Job>();
  readonly #failed = Promise.withResolvers<never>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#failed.promise.catch(() => undefined);
    options.stopped.addEventListener('abort', () => {
      for (const job of this.#jobs.values()) job.ending.abort(options.stopped.reason);
    });
  }

  /** Ids of the commands that were accepted and whose reports are not acknowledged yet, or never will be. */
  get inHand(): readonly string[] {
    const reported = this.#options.outbox.waiting().map((entry) => entry.commandId);
    return [...this.#jobs.keys(), ...reported, ...this.#options.journal.parkedIds(PARKED_NAMED_COUNT)];
  }

  /** Whether the command is in the journal, in hand, or waits in memory with its report. */
  knows(commandId: string): boolean {
    const { journal, outbox } = this.#options;
    return this.#jobs.has(commandId) || outbox.holds(commandId) || journal.find(commandId) !== undefined;
  }

  /** The control plane does not want a command any more: one that waits is not begun, one that runs is ended. */
  cancel(commandId: string): void {
    const job = this.#jobs.get(commandId);
    if (job === undefined || job.ending.signal.aborted) return;
    this.#options.log.debug('command cancelled', { command_id: commandId, type: job.envelope.type });
    job.ending.abort(new Fault<ErrorCode>('cancelled', 'cancelled by the control plane'));
  }

  /** Reports a command that was handed out, never arrived, and is too old to run. */
  refuseLost(envelope: CommandEnvelope): void {
    const { durable } = this.#receive(envelope);
    this.#options.log.info(COMMAND_LINE.received, { command_id: envelope.command_id, type: envelope.type, lost: true });
    const message =
      'the control plane handed it out but it never arrived; it did not run, and it is too late to run it now';
    this.#refuse(envelope, 'delivery_lost', message, durable);
  }

  /** Rejects when a job met a bug outside its command: the process has to end. */
  get failed(): Promise<never> {
    return this.#failed.promise;
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Takes up what an earlier process left behind. */
  recover(): void {
    const { journal, log, registry } = this.#options;
    const left = journal.unfinished();
    if (left.length > 0) log.info('taking up commands of an earlier run', { count: left.length });
    for (const entry of left) {
      const command = registry.get(entry.envelope.type);
      if (command === undefined)
        this.#refuse(entry.envelope, 'unsupported_command', 'this version has no such command', true);
      else this.#resume({ envelope: entry.envelope, command, durable: true, ending: new AbortController() }, entry);
    }
    this.#options.bell.ring();
  }

  /** Takes a command that has just arrived. False when it is not new. */
  accept(envelope: CommandEnvelope): boolean {
    const { registry, context, changeMaxAgeMs, serverNow, log } = this.#options;
    const { known, durable, reason } = this.#receive(envelope);
    const around = { registry, deploymentHash: context.deploymentHash, serverNowMs: serverNow(), changeMaxAgeMs };
    const decision = decide(envelope, known, around);
    const fields = { command_id: envelope.command_id, type: envelope.type };
    if (decision.kind === 'ignore') {
      log.info('command ignored', { ...fields, reason: decision.reason });
      if (decision.resend) this.#resend(envelope.command_id);
      return false;
    }
    if (this.#jobs.has(envelope.command_id)) return false;
    log.info(COMMAND_LINE.received, { ...fields, by: envelope.created_by ?? undefined });
    const command = registry.get(envelope.type);
    if (decision.kind === 'refuse') this.#refuse(envelope, decision.code, decision.message, durable);
    else if (command !== undefined && !durable && command.access === 'change') {
      this.#refuse(envelope, 'cannot_journal', reason, durable);
    } else if (command !== undefined) this.#submit({ envelope, command, durable, ending: new AbortController() });
    return true;
  }

  #receive(envelope: CommandEnvelope): {
    readonly known: JournalEntry | undefined;
    readonly durable: boolean;
    readonly reason: string;
  } {
    const { journal, clock, context } = this.#options;
    // What is not ours to answer is not ours to keep.
    if (envelope.deployment_hash !== context.deploymentHash) return { known: undefined, durable: false, reason: '' };
    try {
      return { known: journal.receive(envelope, clock.now()), durable: true, reason: '' };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return { known: undefined, durable: false, reason: describeError(error) };
    }
  }

  #resend(commandId: string): void {
    try {
      this.#options.journal.reopen(commandId);
      this.#options.bell.ring();
    } catch (error) {
      this.#options.log.warn('report cannot be sent again now', {
        command_id: commandId,
        reason: describeError(error),
      });
    }
  }

  #refuse(envelope: CommandEnvelope, code: ErrorCode, message: string, durable: boolean): void {
    this.#finish(envelope, failure(this.#options.registry, envelope, code, message), undefined, durable);
  }

  #submit(job: Job): void {
    const { registry } = this.#options;
    const ready = prepare(registry, job.command, job.envelope);
    if ('refused' in ready) this.#finish(job.envelope, ready.refused, undefined, job.durable);
    else this.#schedule(job, ready.prepared, () => this.#run(job, ready.prepared));
  }

  #resume(job: Job, entry: JournalEntry): void {
    const ready = prepare(this.#options.registry, job.command, job.envelope);
    if ('refused' in ready) {
      this.#finish(job.envelope, ready.refused, undefined, true);
      return;
    }
    const step = recoveryOf(entry, job.command.access);
    const startedMs = entry.startedAtMs;
    switch (step.kind) {
      case 'none':
        return;
      case 'run':
      case 'run-again':
        this.#schedule(job, ready.prepared, () => this.#run(job, ready.prepared));
        return;
      case 'give-up': {
        const found = `it has ended the agent ${entry.starts} times and is not run again`;
        this.#finish(job.envelope, interrupted(this.#execution(job), found), startedMs, true);
        return;
      }
      case 'investigate':
        this.#schedule(job, ready.prepared, () => this.#investigate(job, ready.prepared, entry, step.mayRunAgain));
    }
  }

  #schedule(job: Job, prepared: PreparedCommand, work: () => Promise<void>): void {
    const { progress, stopping } = this.#options;
    const commandId = job.envelope.command_id;
    this.#jobs.set(commandId, job);
    const guarded = async (): Promise<void> => {
      if (job.ending.signal.aborted)
        this.#refuse(job.envelope, 'cancelled', 'cancelled before it was begun', job.durable);
      else if (!stopping.aborted) {
        const doing = `runs ${job.envelope.type} (${commandId})`;
        using _step = progress.begin('worker', doing, stuckAfterMs(job.command, job.envelope));
        await work();
      }
    };
    const task =
      job.command.access === 'read' ? this.#lanes.read(guarded, stopping) : this.#lanes.change(prepared.lane, guarded);
    const tracked = task
      .catch((error: unknown) => {
        // A read that was stopped while it waited for its turn is in the journal.
        if (!stopping.aborted || error !== stopping.reason) this.#failed.reject(error);
      })
      .finally(() => {
        this.#running.delete(tracked);
        this.#jobs.delete(commandId);
      });
    this.#running.add(tracked);
  }

  async #run(job: Job, prepared: PreparedCommand): Promise<void> {
    const { clock, journal } = this.#options;
    const beganMs = clock.monotonicMs();
    try {
      if (job.durable) journal.start(job.envelope.command_id, clock.now());
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (job.command.access === 'change') {
        this.#refuse(job.envelope, 'cannot_journal', describeError(error), false);
        return;
      }
    }
    const outcome = await execute(this.#execution(job), prepared, job.ending.signal);
    // It stays started in the journal, with its evidence.
    if (outcome === CONTINUES) return;
    // By the monotonic clock: the server's time may have become known only while the command ran.
    const tookMs = clock.monotonicMs() - beganMs;
    this.#finish(job.envelope, outcome, this.#options.serverNow() - tookMs, job.durable);
  }

  async #investigate(job: Job, prepared: PreparedCommand, entry: JournalEntry, mayRunAgain: boolean): Promise<void> {
    const { evidence, startedAtMs } = entry;
    if (evidence === undefined) return;
    const found = await investigate(this.#execution(job), prepared, evidence, mayRunAgain, job.ending.signal);
    if (found === 'run-again') await this.#run(job, prepared);
    else if (found !== CONTINUES) this.#finish(job.envelope, found, startedAtMs, true);
  }

  #execution(job: Job): Execution {
    const { registry, journal, log } = this.#options;
    const commandId = job.envelope.command_id;
    const beforeEffect = (evidence: Evidence): void => {
      if (job.durable) journal.note(commandId, evidence);
    };
    return {
      envelope: job.envelope,
      command: job.command,
      registry,
      context: { ...this.#options.context, beforeEffect },
      log,
    };
  }

  #finish(envelope: CommandEnvelope, outcome: Outcome, startedMs: number | undefined, durable: boolean): void {
    const { journal, outbox, bell, clock, log, reportMaker, serverNow } = this.#options;
    const completedMs = serverNow();
    const beganMs = startedMs === undefined ? undefined : Math.min(startedMs, completedMs);
    const body = reportOf(reportMaker, envelope, outcome, { startedMs: beganMs, completedMs });
    const { command_id: commandId, type } = envelope;
    try {
      if (durable) journal.finish(commandId, body, clock.now());
      else outbox.keepVolatile({ commandId, type, body });
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      log.error('report is kept in memory only', { command_id: commandId, reason: describeError(error) });
      outbox.keepVolatile({ commandId, type, body });
    }
    bell.ring();
  }
}
