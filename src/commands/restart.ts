// restart: stops one container, starts it again, and says truthfully whether it then runs (REQUIREMENTS A4).
import { z } from 'zod';
import { describeError, Fault } from '../platform/fault.ts';
import type { ErrorCode } from '../protocol/error-code.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type ReportError, reportError } from '../protocol/report.ts';
import { evidenceOf, lookAgain, settledAfter } from './aftermath.ts';
import { resolveContainer } from './container-match.ts';
import { containerState, reportedState } from './container-state.ts';
import type { CommandContext, ContainerDetails, Evidence } from './context.ts';
import { defineCommand, type Finding, type Outcome } from './definition.ts';
import { appCode, container, containerLane, flag } from './parameters.ts';

const parameters = z.object({ app_code: appCode, container, force: flag(false) });
type Parameters = z.infer<typeof parameters>;

const result = z.object({
  type: z.literal('restart'),
  deployment_hash: z.string().max(LIMITS.deploymentHashMaxChars),
  app_code: z.string().max(LIMITS.appCodeMaxChars),
  status: z.enum(['ok', 'failed']),
  container_state: containerState,
  errors: z.array(reportError).max(LIMITS.errorsMaxCount),
});
type Result = z.infer<typeof result>;

/** How long a container must keep running before its restart counts: most that fail do so while they read their configuration. */
const SETTLE_MS = 1_000;
const LOOK_EVERY_MS = 250;

async function run(wanted: Parameters, context: CommandContext, signal: AbortSignal): Promise<Outcome<Result>> {
  const found = resolveContainer(await context.docker.list(signal), wanted, context);
  using _lock = await context.lockContainer(found.id, signal);
  const before = await context.docker.inspect(found.id, signal);
  const graceSeconds = wanted.force ? 0 : before.stopGraceSeconds;
  context.beforeEffect(evidenceOf(before, graceSeconds, context));
  try {
    await context.docker.restart(before.id, graceSeconds, signal);
  } catch (error) {
    return await afterRefusal(error, before, wanted, context);
  }
  return await outcome(await settled(before.id, context, signal), wanted, context);
}

/** Looks until the container has run for a while, or has stopped running. */
async function settled(id: string, context: CommandContext, signal: AbortSignal): Promise<ContainerDetails> {
  const until = context.clock.monotonicMs() + SETTLE_MS;
  let details = await context.docker.inspect(id, signal);
  while (details.state === 'running' && context.clock.monotonicMs() < until && !signal.aborted) {
    await context.clock.sleep(LOOK_EVERY_MS, signal);
    const next = await context.docker.inspect(id, signal);
    // The engine's restart policy can start a container that exits faster than we look.
    if (next.startedAt !== details.startedAt) return { ...next, state: 'restarting' };
    details = next;
  }
  return details;
}

async function outcome(
  details: ContainerDetails,
  wanted: Parameters,
  context: CommandContext,
  more: readonly ReportError[] = [],
): Promise<Outcome<Result>> {
  const errors = details.state === 'running' ? [...more] : [...more, notRunning(details)];
  return {
    result: {
      type: 'restart',
      deployment_hash: context.deploymentHash,
      app_code: wanted.app_code,
      status: errors.length === 0 ? 'ok' : 'failed',
      container_state: details.state === 'restarting' ? 'failed' : reportedState(details),
      errors,
    },
    errors,
  };
}

function notRunning(details: ContainerDetails): ReportError {
  const why = details.oomKilled ? 'killed for lack of memory' : `exit code ${details.exitCode}`;
  const message = `the container was restarted but is ${details.state} (${why}); its logs say more`;
  return { code: 'restart_failed' satisfies ErrorCode, message };
}

// The engine goes on with a restart that nobody waits for any more: the state of the container is what counts, not the error.
async function afterRefusal(
  error: unknown,
  before: ContainerDetails,
  wanted: Parameters,
  context: CommandContext,
): Promise<Outcome<Result>> {
  if (!(error instanceof Fault)) throw error;
  const now = await lookAgain(before.id, context);
  if (now === undefined) throw error;
  const restarted = now.startedAt !== before.startedAt;
  const state = restarted
    ? 'it was started again all the same'
    : `its state is ${now.state}, and the engine may still be at it`;
  return await outcome(now, wanted, context, [{ code: error.code, message: `${describeError(error)}; ${state}` }]);
}

async function investigate(
  wanted: Parameters,
  evidence: Evidence,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Finding<Result>> {
  using _lock = await context.lockContainer(evidence.containerId, signal);
  const isStartedAnew = (now: ContainerDetails): boolean => now.startedAt !== evidence.startedAt;
  const now = await settledAfter(evidence, isStartedAnew, context, signal);
  // Same start and still up, when the engine must be done: it was never told.
  if (!isStartedAnew(now) && now.state === 'running') return { kind: 'not-happened' };
  return { kind: 'happened', outcome: await outcome(await settled(now.id, context, signal), wanted, context) };
}

export const restart = defineCommand<Parameters, Result>({
  type: 'restart',
  summary: 'Restarts one container and waits until it has kept running for a second. "force" kills it at once.',
  effect: 'Stops and starts one container of this deployment.',
  access: 'change',
  capability: 'docker',
  deadlineMs: { normal: 60_000, max: 600_000 },
  parameters,
  result,
  example: {
    parameters: { app_code: 'web', force: false },
    result: {
      type: 'restart',
      deployment_hash: 'dep-abc_123',
      app_code: 'web',
      status: 'ok',
      container_state: 'running',
      errors: [],
    },
  },
  lane: containerLane,
  run,
  investigate,
  failed: (subject) => ({
    type: 'restart',
    deployment_hash: subject.deploymentHash,
    app_code: subject.appCode,
    status: 'failed',
    container_state: 'unknown',
    errors: [],
  }),
});
