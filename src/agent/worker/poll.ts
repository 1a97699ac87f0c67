// The poll loop: one long poll after another, never two at once, never aborted without need (REQUIREMENTS A3).
import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import type { CommandEnvelope } from '../../protocol/command-envelope.ts';
import { POLL_RETRY, retryDelayMs } from '../upstream/retry-policy.ts';
import type { Poll, Upstream } from '../upstream/upstream.ts';
import { Outage } from './outage.ts';

export interface PollOptions {
  readonly upstream: Upstream;
  /** Takes a command; must not throw and must not wait. */
  readonly onCommand: (envelope: CommandEnvelope) => void;
  /** Told of every poll that the server accepted. */
  readonly onAnswer: () => void;
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

export async function pollUntilStopped(options: PollOptions): Promise<void> {
  const { upstream, clock, stopping, dropPoll } = options;
  const outage = new Outage('control plane', clock, options.log);
  while (!stopping.aborted) {
    const beganMs = clock.monotonicMs();
    const poll = await waitOnce(upstream, dropPoll);
    if (poll === undefined) return;
    if (isAnswer(poll)) options.onAnswer();
    const pauseMs = handle(poll, clock.monotonicMs() - beganMs, outage, options);
    if (pauseMs > 0) await clock.sleep(pauseMs, stopping);
  }
}

async function waitOnce(upstream: Upstream, dropPoll: AbortSignal): Promise<Poll | undefined> {
  try {
    return await upstream.wait(dropPoll);
  } catch (error) {
    if (dropPoll.aborted) return undefined;
    throw error;
  }
}

function isAnswer(poll: Poll): boolean {
  return poll.kind === 'nothing' || poll.kind === 'command' || poll.kind === 'unreadable';
}

/** Acts on an answer; returns how long to wait before the next poll, in milliseconds. */
function handle(poll: Poll, tookMs: number, outage: Outage, options: PollOptions): number {
  switch (poll.kind) {
    case 'nothing':
      outage.ended();
      return Math.max(EMPTY_ANSWER_MIN_MS - tookMs, 0);
    case 'command':
      outage.ended();
      options.onCommand(poll.envelope);
      return 0;
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
      outage.failed(poll.reason);
      return retryDelayMs(POLL_RETRY, outage.failures, options.random.fraction(), poll.retryAfterMs);
  }
}
