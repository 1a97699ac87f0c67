// What start, stop, pause and unpause have in common: bring one container into a state, and say truthfully which state it is in.
import { z } from 'zod';
import type { ErrorCode } from '../protocol/error-code.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type ReportError, reportError } from '../protocol/report.ts';
import { describeError, Fault } from '../platform/fault.ts';
import { evidenceOf, lookAgain, settledAfter } from './aftermath.ts';
import { resolveContainer } from './container-match.ts';
import { containerState, reportedState } from './container-state.ts';
import type { CommandContext, ContainerDetails, Docker, DockerState } from './context.ts';
import { type Command, defineCommand, type Outcome, type Subject } from './definition.ts';
import { appCode, container, containerLane } from './parameters.ts';

const parameters = z.object({
  app_code: appCode,
  container,
  /** Seconds between SIGTERM and SIGKILL; only stop looks at it. */
  timeout: z
    .int()
    .min(0)
    .max(3_600)
    .nullish()
    .transform((seconds) => seconds ?? undefined),
});
type Parameters = z.infer<typeof parameters>;

const result = z.object({
  type: z.enum(['start', 'stop', 'pause', 'unpause']),
  deployment_hash: z.string().max(LIMITS.deploymentHashMaxChars),
  app_code: z.string().max(LIMITS.appCodeMaxChars),
  status: z.enum(['ok', 'failed']),
  container_state: containerState,
  /** Docker's own word: it has more states than the report. */
  docker_state: z.string().max(20),
  errors: z.array(reportError).max(LIMITS.errorsMaxCount),
});
type Result = z.infer<typeof result>;

export interface StateChange {
  readonly type: Result['type'];
  readonly summary: string;
  readonly effect: string;
  /** In these there is nothing to do, and one of them is reached afterwards. The first serves as the example. */
  readonly wanted: readonly [DockerState, ...DockerState[]];
  /** Whether the container may take its stop grace; the others are done at once. */
  readonly hasGrace: boolean;
  readonly act: (docker: Docker, id: string, graceSeconds: number, signal: AbortSignal) => Promise<void>;
  readonly deadlineMs: { readonly normal: number; readonly max: number };
}

export function stateChange(change: StateChange): Command {
  return defineCommand<Parameters, Result>({
    type: change.type,
    summary: change.summary,
    effect: change.effect,
    access: 'change',
    capability: 'docker',
    deadlineMs: change.deadlineMs,
    parameters,
    result,
    example: {
      parameters: { app_code: 'web' },
      result: resultFor(change, { deploymentHash: 'dep-abc_123', appCode: 'web' }, stateOnly(change.wanted[0])),
    },
    lane: containerLane,
    run: async (wanted, context, signal) => {
      const found = resolveContainer(await context.docker.list(signal), wanted, context);
      using _lock = await context.lockContainer(found.id, signal);
      const before = await context.docker.inspect(found.id, signal);
      if (change.wanted.includes(before.state)) return outcomeOf(change, wanted, before, context);
      const graceSeconds = change.hasGrace ? (wanted.timeout ?? before.stopGraceSeconds) : 0;
      context.beforeEffect(evidenceOf(before, graceSeconds, context));
      try {
        await change.act(context.docker, before.id, graceSeconds, signal);
      } catch (error) {
        return await afterRefusal(change, wanted, error, before.id, context);
      }
      return outcomeOf(change, wanted, await context.docker.inspect(before.id, signal), context);
    },
    // In a wanted state, or started anew since the evidence was noted: the change happened, even if the container has ended by itself or was
    // started by somebody since. Neither: the engine was never told.
    investigate: async (wanted, evidence, context, signal) => {
      using _lock = await context.lockContainer(evidence.containerId, signal);
      const happened = (now: ContainerDetails): boolean =>
        now.startedAt !== evidence.startedAt || change.wanted.includes(now.state);
      const now = await settledAfter(evidence, happened, context, signal);
      if (!happened(now)) return { kind: 'not-happened' };
      return { kind: 'happened', outcome: outcomeOf(change, wanted, now, context) };
    },
    failed: (subject) => ({ ...resultFor(change, subject, stateOnly('unknown')), status: 'failed' }),
  });
}

// The engine goes on with what nobody waits for any more: the state of the container is what counts, not the error.
async function afterRefusal(
  change: StateChange,
  wanted: Parameters,
  error: unknown,
  id: string,
  context: CommandContext,
): Promise<Outcome<Result>> {
  if (!(error instanceof Fault)) throw error;
  const now = await lookAgain(id, context);
  if (now === undefined) throw error;
  const outcome = outcomeOf(change, wanted, now, context);
  if (outcome.errors.length === 0) return outcome;
  const message = `${describeError(error)}; its state is ${now.state}, and the engine may still be at it`;
  const errors = [{ code: error.code, message }];
  return { result: { ...outcome.result, errors }, errors };
}

function outcomeOf(
  change: StateChange,
  wanted: Parameters,
  now: ContainerDetails,
  context: CommandContext,
): Outcome<Result> {
  const subject = { deploymentHash: context.deploymentHash, appCode: wanted.app_code };
  const message = `the container is ${now.state} after ${change.type} (exit code ${now.exitCode}); its logs say more`;
  const errors: ReportError[] = change.wanted.includes(now.state)
    ? []
    : [{ code: 'state_not_reached' satisfies ErrorCode, message }];
  return {
    result: { ...resultFor(change, subject, now), status: errors.length === 0 ? 'ok' : 'failed', errors },
    errors,
  };
}

function resultFor(
  change: StateChange,
  subject: Subject,
  now: Pick<ContainerDetails, 'state' | 'healthcheck'>,
): Result {
  return {
    type: change.type,
    deployment_hash: subject.deploymentHash,
    app_code: subject.appCode,
    status: 'ok',
    container_state: reportedState(now),
    docker_state: now.state,
    errors: [],
  };
}

function stateOnly(state: DockerState): Pick<ContainerDetails, 'state' | 'healthcheck'> {
  return { state, healthcheck: 'none' };
}
