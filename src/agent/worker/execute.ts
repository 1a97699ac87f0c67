// Runs one command and turns whatever happens into an outcome: a result, a foreseen failure, or a contained bug.
import type { CommandContext, Evidence } from '../../commands/context.ts';
import {
  type Command,
  type Continues,
  CONTINUES,
  type Outcome,
  type PreparedCommand,
} from '../../commands/definition.ts';
import type { Registry } from '../../commands/registry.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import { type CommandEnvelope, commandParameters, requestedTimeoutMs } from '../../protocol/command-envelope.ts';
import { ERROR_CODES, type ErrorCode } from '../../protocol/error-code.ts';
import { failure } from './report-of.ts';

export interface Execution {
  readonly envelope: CommandEnvelope;
  readonly command: Command;
  readonly registry: Registry;
  readonly context: CommandContext;
  readonly log: Log;
}

/** Reads the parameters with the command's own schema: prepared, or the outcome that refuses them. */
export function prepare(
  registry: Registry,
  command: Command,
  envelope: CommandEnvelope,
): { readonly prepared: PreparedCommand } | { readonly refused: Outcome } {
  try {
    return { prepared: command.prepare(commandParameters(envelope.parameters), envelope.deployment_hash) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { refused: failure(registry, envelope, 'invalid_parameters', error.message, error.details) };
  }
}

/** Runs until the outcome is known, or can only be known later. `stopped` ends it early with its reason. Never rejects. */
export async function execute(
  execution: Execution,
  prepared: PreparedCommand,
  stopped: AbortSignal,
): Promise<Outcome | Continues> {
  return await contained<Outcome | Continues>(execution, stopped, (signal) => prepared.run(execution.context, signal));
}

/**
 * After a crash: finds out whether the effect happened, and reports that; runs the command again when it certainly did not happen and
 * `mayRunAgain`. Never rejects.
 */
export async function investigate(
  execution: Execution,
  prepared: PreparedCommand,
  evidence: Evidence,
  mayRunAgain: boolean,
  stopped: AbortSignal,
): Promise<Outcome | Continues | 'run-again'> {
  const outcome = await contained<Outcome | Continues | 'run-again'>(execution, stopped, async (signal) => {
    const finding = await prepared.investigate(evidence, execution.context, signal);
    if (finding.kind === 'happened') return finding.outcome;
    if (finding.kind === 'continues') return CONTINUES;
    return mayRunAgain ? 'run-again' : interrupted(execution, 'its effect did not happen');
  });
  if (outcome === 'run-again' || outcome === CONTINUES || outcome.errors.length === 0) return outcome;
  // The host could not be asked, or answers that all is not well: say first that the agent was interrupted.
  const [first] = outcome.errors;
  return first?.code === 'interrupted'
    ? outcome
    : interrupted(execution, first?.message ?? 'nothing is known', outcome.result);
}

export function interrupted(execution: Execution, found: string, result?: unknown): Outcome {
  const message = `the agent was stopped while this command ran; ${found}`;
  const outcome = failure(execution.registry, execution.envelope, 'interrupted', message);
  return result === undefined ? outcome : { ...outcome, result };
}

/** After its deadline a command still looks what has become of its effect; what takes longer than this is stuck. */
const AFTER_DEADLINE_MS = 60_000;

/** Milliseconds after which a command counts as stuck: after a crash it may be looked into and then run again. */
export function stuckAfterMs(command: Command, envelope: CommandEnvelope): number {
  return 2 * deadlineOf(command, envelope) + AFTER_DEADLINE_MS;
}

/** Milliseconds the command may take: what the envelope asks for, within its maximum. */
function deadlineOf(command: Command, envelope: CommandEnvelope): number {
  return Math.min(requestedTimeoutMs(envelope) ?? command.deadlineMs.normal, command.deadlineMs.max);
}

async function contained<T>(
  execution: Execution,
  stopped: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T | Outcome> {
  const { command, context, envelope, log, registry } = execution;
  const deadlineMs = deadlineOf(command, envelope);
  using deadline = context.clock.deadline(deadlineMs, stopped);
  // What ends a command early is a Fault: the command can then look what it has come to, and the report says both.
  const ending = new AbortController();
  const tooLate = new Fault<ErrorCode>('timeout', `${command.type} did not end within ${deadlineMs} ms`);
  const end = (): void => ending.abort(stopped.aborted ? stopped.reason : tooLate);
  if (stopped.aborted) end();
  else deadline.signal.addEventListener('abort', end, { once: true });
  try {
    return await work(ending.signal);
  } catch (error) {
    if (isFaultOfTable(error)) return failure(registry, envelope, error.code, describeError(error), error.details);
    if (stopped.aborted) return interrupted(execution, 'what it had done by then is not known');
    // A bug of one command must not end the agent, and must not pass for a failure of the host.
    const stack = error instanceof Error ? error.stack : undefined;
    log.error('command failed by a bug', { command_id: envelope.command_id, reason: describeError(error), stack });
    return failure(registry, envelope, 'internal_error', describeError(error));
  }
}

function isFaultOfTable(error: unknown): error is Fault<ErrorCode> {
  return error instanceof Fault && error.code in ERROR_CODES;
}
