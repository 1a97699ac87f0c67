// update_agent: asks for another version of the agent itself. Off unless the host's owner allows it; the agent only hands the wish on.
//
// The agent can neither write its own program nor restart itself. A unit of root's reads the wish, the owner's policy and the publisher's
// signatures, and trusts the last two (docs/updating.md). It restarts the agent in the middle of this command, which is then left as it is in
// the journal: the next process, of whichever version, finds the request's id in the evidence and reports how it ended.
import { z } from 'zod';
import { Fault } from '../platform/fault.ts';
import type { ErrorCode } from '../protocol/error-code.ts';
import { LIMITS } from '../protocol/limits.ts';
import { reportError } from '../protocol/report.ts';
import type { CommandContext, UpdateOutcome } from './context.ts';
import { type Continues, CONTINUES, defineCommand, type Finding, type Outcome } from './definition.ts';

const VERSION_MAX_CHARS = 60;

const parameters = z.object({
  /** Undefined is the newest version that the control plane offers. */
  version: z
    .string()
    .max(VERSION_MAX_CHARS)
    .regex(/^\d{1,5}\.\d{1,5}\.\d{1,5}(?:-[0-9A-Za-z.-]{1,40})?$/u, 'must be a version like 1.2.3')
    .optional(),
});
type Parameters = z.infer<typeof parameters>;

const result = z.object({
  type: z.literal('update_agent'),
  deployment_hash: z.string().max(LIMITS.deploymentHashMaxChars),
  status: z.enum(['ok', 'failed']),
  /** `unconfirmed`: the new version runs, and was not accepted by the control plane before it was judged. */
  outcome: z.enum(['updated', 'unconfirmed', 'unchanged', 'rolled-back', 'refused', 'unknown']),
  version_before: z.string().max(VERSION_MAX_CHARS),
  version_after: z.string().max(VERSION_MAX_CHARS),
  errors: z.array(reportError).max(LIMITS.errorsMaxCount),
});
type Result = z.infer<typeof result>;

const LOOK_EVERY_MS = 500;
const MINUTE_MS = 60_000;
/** How long after the request the updater may still be at it: a download on a slow line, a judgement, a way back. */
const MAY_TAKE_MS = 30 * MINUTE_MS;

async function run(
  wanted: Parameters,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Outcome<Result> | Continues> {
  const { selfUpdate, clock } = context;
  const { obstacle } = selfUpdate;
  if (obstacle !== undefined) throw new Fault<ErrorCode>(obstacle.code, obstacle.message);
  const requestId = selfUpdate.newRequestId();
  context.beforeEffect({
    containerId: requestId,
    startedAt: undefined,
    notedAtMs: clock.now(),
    mayTakeMs: MAY_TAKE_MS,
  });
  selfUpdate.request(requestId, wanted.version);
  for (;;) {
    const found = selfUpdate.outcomeOf(requestId);
    if (found !== undefined) return reported(found, context);
    // This may be the restart that was asked for.
    if (context.stopping.aborted) return CONTINUES;
    if (signal.aborted) {
      selfUpdate.withdraw();
      throw signal.reason;
    }
    await clock.sleep(LOOK_EVERY_MS, context.stopping);
  }
}

// Never run again: a request that was taken may have had its effect, and one that was not is still there to be taken.
async function investigate(
  _: Parameters,
  evidence: { readonly containerId: string; readonly notedAtMs: number; readonly mayTakeMs: number },
  context: CommandContext,
  signal: AbortSignal,
): Promise<Finding<Result>> {
  const { selfUpdate, clock } = context;
  const elapsedMs = Math.max(clock.now() - evidence.notedAtMs, 0);
  const untilMs = clock.monotonicMs() + Math.max(evidence.mayTakeMs - elapsedMs, 0);
  for (;;) {
    const found = selfUpdate.outcomeOf(evidence.containerId);
    if (found !== undefined) return { kind: 'happened', outcome: reported(found, context) };
    if (context.stopping.aborted) return { kind: 'continues' };
    if (signal.aborted || clock.monotonicMs() >= untilMs) break;
    await clock.sleep(LOOK_EVERY_MS, context.stopping);
  }
  selfUpdate.withdraw();
  const message = `the updater has not said how the request ended; version ${selfUpdate.version} runs now`;
  const errors = [{ code: 'interrupted' satisfies ErrorCode, message }];
  const outcome = { outcome: 'unknown', from: selfUpdate.version, to: undefined, reason: message } as const;
  return { kind: 'happened', outcome: { ...reported(outcome, context), errors } };
}

function reported(found: UpdateOutcome, context: CommandContext): Outcome<Result> {
  const well = found.outcome === 'updated' || found.outcome === 'unchanged' || found.outcome === 'unconfirmed';
  const errors = well ? [] : [{ code: 'update_failed' satisfies ErrorCode, message: found.reason }];
  const switched = found.outcome === 'updated' || found.outcome === 'unconfirmed';
  return {
    result: {
      type: 'update_agent',
      deployment_hash: context.deploymentHash,
      status: well ? 'ok' : 'failed',
      outcome: found.outcome,
      version_before: found.from,
      version_after: switched ? (found.to ?? found.from) : found.from,
      errors,
    },
    errors,
  };
}

export const updateAgent = defineCommand<Parameters, Result>({
  type: 'update_agent',
  summary:
    'Installs another version of the agent, signed by its publisher, and goes back by itself if that does not work. The owner of the host must have allowed it.',
  effect: "Writes a version number into its state directory; root's updater reads it, verifies and decides.",
  access: 'change',
  capability: 'agent_update',
  deadlineMs: { normal: 25 * MINUTE_MS, max: MAY_TAKE_MS },
  parameters,
  result,
  example: {
    parameters: { version: '1.2.3' },
    result: {
      type: 'update_agent',
      deployment_hash: 'dep-abc_123',
      status: 'ok',
      outcome: 'updated',
      version_before: '1.2.2',
      version_after: '1.2.3',
      errors: [],
    },
  },
  lane: () => 'agent',
  run,
  investigate,
  failed: (subject) => ({
    type: 'update_agent',
    deployment_hash: subject.deploymentHash,
    status: 'failed',
    outcome: 'refused',
    version_before: '',
    version_after: '',
    errors: [],
  }),
});
