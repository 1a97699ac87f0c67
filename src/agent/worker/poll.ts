// The poll loop: one long poll after another, never two at once, never aborted without need (REQUIREMENTS A3).
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { CommandEnvelope } from '../../protocol/command-envelope.ts';
import { TOKEN_READ_MAX_MS } from '../credentials/credentials.ts';
import type { Progress, Step } from '../liveness/progress.ts';
import { POLL_RETRY, retryDelayMs } from '../upstream/retry-policy.ts';
import type { Poll, Refusal, Upstream } from '../upstream/upstream.ts';
import type { Reconciled } from './reconcile.ts';
import { Outage, type TroubleBoard } from './outage.ts';

export interface PollOptions {
  readonly upstream: Upstream;
  /** Takes a command, and tells whether it was new; must not throw and must not wait. */
  readonly onCommand: (envelope: CommandEnvelope) => boolean;
  /** Commands in hand, told to the server with each poll. */
  readonly inHand: () => readonly string[];
  /** The control plane does not want a command any more. */
  readonly onCancel: (commandId: string) => void;
  /**
   * Looks for commands that were lost on their way. Before the first poll and after one that did not end as it should: what was lost must
   * be taken up before what comes next, or changes to one container run in the wrong order.
   */
  readonly reconcile: () => Promise<Reconciled>;
  /** Told of every poll that the server accepted. */
  readonly onAnswer: () => void;
  readonly activity: TroubleBoard;
  readonly progress: Progress;
  /** How long a poll may be open at the very most. */
  readonly pollMaxMs: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** No further poll is begun once this has aborted. */
  readonly stopping: AbortSignal;
  /** Drops the poll that is open: a grace after `stopping`, for an aborted poll can swallow a command (PROTOCOL.md §1.6). */
  readonly dropPoll: AbortSignal;
}

/** An empty answer that comes sooner means a server that does not hold polls: asking again at once would be a hot loop. */
const EMPTY_ANSWER_MIN_MS = 1_000;
const STAND_BACK_MS = 15_000;
/** Once after a poll that broke off, and more patiently on start, when everything an earlier process was sent may be at stake. */
const TRIES_ON_START_COUNT = 12;
const TRY_AGAIN_MS = 500;
const TRY_FOR_MS = 7_000;
/** One question for lost deliveries, begun at the last moment, without the token that may be read again for it. */
const RECONCILE_MAX_MS = TRY_FOR_MS + 5_000;
/** What a timer may be late on a busy host before it counts as stuck. */
const LATE_MS = 5_000;

export async function pollUntilStopped(options: PollOptions): Promise<void> {
  const { clock, stopping } = options;
  const troubles = {
    outage: new Outage('control plane', clock, options.log, options.activity),
    twin: new Outage('identity', clock, options.log, options.activity),
  };
  using step = options.progress.begin('poll', 'begins', LATE_MS);
  let reconcileTries = TRIES_ON_START_COUNT;
  while (!stopping.aborted) {
    const beganMs = clock.monotonicMs();
    if (reconcileTries > 0) step.now('asks for lost commands', RECONCILE_MAX_MS + TOKEN_READ_MAX_MS);
    await reconcile(reconcileTries, options);
    reconcileTries = 0;
    const poll = await waitOnce(options, step);
    if (poll === undefined) return;
    if (isAnswer(poll)) options.onAnswer();
    else if (poll.kind === 'unreachable' || poll.kind === 'try-later') reconcileTries = 1;
    const pauseMs = handle(poll, clock.monotonicMs() - beganMs, troubles, options);
    if (pauseMs > 0) {
      step.now('waits before its next try', pauseMs + LATE_MS);
      await clock.sleep(pauseMs, stopping);
    }
  }
}

// A server that never answers this must not keep the agent from polling.
async function reconcile(tries: number, options: PollOptions): Promise<void> {
  const { clock, random, stopping } = options;
  const untilMs = clock.monotonicMs() + TRY_FOR_MS;
  for (let left = tries; left > 0 && !stopping.aborted; left -= 1) {
    if ((await options.reconcile()) !== 'later' || clock.monotonicMs() > untilMs) return;
    if (left > 1) await clock.sleep(TRY_AGAIN_MS * (0.5 + random.fraction()), stopping);
  }
}

async function waitOnce(options: PollOptions, step: Step): Promise<Poll | undefined> {
  const { upstream, dropPoll, pollMaxMs } = options;
  step.now('waits for a command', pollMaxMs);
  try {
    return await upstream.wait(options.inHand(), dropPoll, () => step.now('reads the answer', TOKEN_READ_MAX_MS));
  } catch (error) {
    if (dropPoll.aborted) return undefined;
    throw error;
  }
}

function isAnswer(poll: Poll): boolean {
  return poll.kind === 'nothing' || poll.kind === 'command' || poll.kind === 'unreadable';
}

/** Acts on an answer; returns how long to wait before the next poll, in milliseconds. */
function handle(poll: Poll, tookMs: number, troubles: Troubles, options: PollOptions): number {
  switch (poll.kind) {
    case 'nothing':
    case 'command':
      troubles.outage.ended();
      for (const commandId of poll.cancel) options.onCancel(commandId);
      if (poll.kind === 'nothing' && poll.superseded) return standBack(troubles, options);
      troubles.twin.ended();
      // A server that hands out again what it was told of must not be asked in a hot loop.
      if (poll.kind === 'command') return options.onCommand(poll.envelope) ? 0 : EMPTY_ANSWER_MIN_MS;
      return poll.cancel.length > 0 ? 0 : Math.max(EMPTY_ANSWER_MIN_MS - tookMs, 0);
    case 'unreadable':
      options.log.error('command cannot be read and cannot be answered', {
        command_id: poll.commandId,
        reason: poll.reason,
      });
      return EMPTY_ANSWER_MIN_MS;
    case 'unreachable':
    case 'unauthorized':
    case 'forbidden':
    case 'try-later':
    case 'rejected':
      troubles.outage.failed(poll.reason);
      return pauseAfter(poll, tookMs, troubles.outage, options);
  }
}

// Counted from the begin of the poll, for one that hung until its deadline has waited long enough; what the server asks for is not.
function pauseAfter(refusal: Refusal, tookMs: number, outage: Outage, options: PollOptions): number {
  const delayMs = retryDelayMs(POLL_RETRY, outage.failures, options.random.fraction(), refusal.retryAfterMs);
  return Math.max(delayMs - tookMs, refusal.retryAfterMs ?? 0);
}

interface Troubles {
  readonly outage: Outage;
  readonly twin: Outage;
}

// Another agent polls with this identity, as a copied server image does. Two that take each other's place in a hot loop help nobody.
function standBack(troubles: Troubles, options: PollOptions): number {
  troubles.twin.failed(
    'another agent polls with this identity (a copied server?): register one of them anew with --replace',
  );
  return STAND_BACK_MS + options.random.fraction() * STAND_BACK_MS;
}
