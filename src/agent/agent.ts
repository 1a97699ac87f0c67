// The agent: configuration and identity in, running loops out. Read this first.
//
//   poll ──▶ worker (journal, lanes, execution) ──▶ outbox ──▶ deliver
//   schedule: reads the agent token again, prunes the journal
//
// The loops share nothing but the journal and the credentials, and none waits on another's network. Each says what it does and by when it
// will say so again (liveness/), and the service manager is told that the agent lives as long as all of them keep to that.
import { capabilitiesOf } from '../commands/registry.ts';
import type { Clock } from '../platform/clock.ts';
import { Doorbell } from '../platform/doorbell.ts';
import { Fault } from '../platform/fault.ts';
import type { Log } from '../platform/log.ts';
import { NO_SERVICE_MANAGER } from '../platform/service-manager.ts';
import { type AgentOptions, assemble, type Parts, serverUrl } from './assemble.ts';
import { serverFingerprint } from './host/fingerprint.ts';
import type { Journal } from './journal/journal.ts';
import { KEPT_MAX_COUNT } from './journal/room.ts';
import { supervise } from './liveness/supervise.ts';
import { runScheduled, type Scheduled } from './schedule.ts';
import { canBeUpdated } from './update/self-update.ts';
import { deliverUntilStopped } from './worker/deliver.ts';
import { pollUntilStopped } from './worker/poll.ts';
import { Reconciler, reconcileUntilStopped } from './worker/reconcile.ts';

/** How long after the signal to stop an open poll is left alone, and how long reports are still handed in. */
const POLL_GRACE_MS = 3_000;
const DELIVERY_GRACE_MS = 5_000;
/** How much longer than the server may hold a poll it may be open, until the agent counts as stuck. */
const POLL_AIR_MS = 10_000;
/** For what comes after the last grace: putting away what is open. */
const END_AIR_MS = 5_000;
/** An engine that is away is asked ever more seldom. */
const PING_AGAIN_MS = 2_000;
const PING_AGAIN_MAX_MS = 300_000;
const KEEP_REPORTED_MS = 7 * 86_400_000;
/** A server that delivers a command again does so within this, and is sent the same report. */
const KEEP_BODY_MS = 3_600_000;
const PRUNE_AIR_MS = 20;
/** What is left then is for the next time. */
const PRUNE_MAX_MS = 60_000;

/** Runs until `stopping` aborts and all is put away. Rejects on a bug, and when the state directory cannot be used. */
export async function runAgent(options: AgentOptions): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const signals = newSignals();
  const parts = assemble(options, signals.cutOff.signal, stack);
  const { clock, random, stopping } = options;
  parts.worker.recover();
  const ready = once(() => {
    parts.log.info('ready: the control plane answers', { server: serverUrl(options) });
    parts.activity.ready();
    options.onReady();
  });
  const { upstream, log, activity, progress } = parts;
  const common = { upstream, clock, random, log, activity, progress };
  const reconciler = new Reconciler({
    ...common,
    worker: parts.worker,
    circumstances: parts.lostCircumstances,
    stopping,
  });
  const polling = pollUntilStopped({
    ...common,
    onCommand: (envelope) => parts.worker.accept(envelope),
    onCancel: (commandId) => parts.worker.cancel(commandId),
    pollMaxMs: options.config.poll_timeout_seconds * 1000 + POLL_AIR_MS,
    reconcile: () => reconciler.run(),
    inHand: () => parts.worker.inHand,
    onAnswer: both(ready, () => parts.activity.polled()),
    stopping,
    dropPoll: signals.dropPoll.signal,
  });
  const delivering = deliverUntilStopped({
    ...common,
    outbox: parts.outbox,
    bell: parts.bell,
    registry: options.registry,
    draining: signals.draining.signal,
    stopped: signals.hangUp.signal,
  });
  const reconciling = reconcileUntilStopped(reconciler, parts.lostBell, { clock, progress, stopping });
  const scheduled = runScheduled(tasksOf(options, parts), { clock, random, progress, signal: stopping });
  const ending = shutdown(options, parts, { polling, delivering }, signals);
  await using _supervision = supervision(options, parts);
  await Promise.race([
    parts.worker.failed,
    // Vault is asked beside the first poll: an agent that holds a working token does not wait for it.
    Promise.all([
      parts.credentials.refresh(stopping),
      polling,
      delivering,
      reconciling,
      scheduled,
      announce(options, parts, ready),
      pingDocker(options, parts),
      ending,
    ]),
  ]);
}

function supervision({ clock, serviceManager }: AgentOptions, parts: Parts): AsyncDisposable {
  const { activity, progress, mask, log } = parts;
  const news = new Doorbell();
  activity.onChange = () => news.ring();
  const manager = serviceManager ?? NO_SERVICE_MANAGER;
  return supervise({ manager, progress, condition: () => activity.condition, news, mask, clock, log });
}

interface Signals {
  /** The delivery loop ends when the outbox is empty. */
  readonly draining: AbortController;
  readonly dropPoll: AbortController;
  /** Running commands end. */
  readonly cutOff: AbortController;
  /** The delivery loop ends, with the request that is under way. */
  readonly hangUp: AbortController;
}

function newSignals(): Signals {
  return {
    draining: new AbortController(),
    dropPoll: new AbortController(),
    cutOff: new AbortController(),
    hangUp: new AbortController(),
  };
}

/** The order of an orderly end: commands finish or are cut off, their reports go out, the open poll is given its grace. */
async function shutdown(
  options: AgentOptions,
  parts: Parts,
  loops: { readonly polling: Promise<void>; readonly delivering: Promise<void> },
  signals: Signals,
): Promise<void> {
  const { clock, config, stopping } = options;
  await aborted(stopping);
  const { serviceManager: manager = NO_SERVICE_MANAGER } = options;
  manager.stopping(config.stop_deadline_seconds * 1000 + DELIVERY_GRACE_MS + END_AIR_MS);
  parts.log.info('stopping: finishing what runs', { deadline_s: config.stop_deadline_seconds });
  using grace = clock.deadline(POLL_GRACE_MS);
  grace.signal.addEventListener('abort', () => signals.dropPoll.abort(), { once: true });
  const late = new Fault('interrupted', 'the agent was stopped before the command had ended');
  {
    using deadline = clock.deadline(config.stop_deadline_seconds * 1000);
    await Promise.race([parts.worker.idle(), aborted(deadline.signal)]);
    if (deadline.signal.aborted) signals.cutOff.abort(late);
    await parts.worker.idle();
  }
  signals.draining.abort();
  {
    using deadline = clock.deadline(DELIVERY_GRACE_MS);
    await Promise.race([loops.delivering, aborted(deadline.signal)]);
  }
  signals.hangUp.abort(late);
  await loops.polling;
  parts.log.info('stopped');
}

function both(first: () => void, second: () => void): () => void {
  return () => {
    first();
    second();
  };
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    act();
  };
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

function tasksOf(options: AgentOptions, { credentials, journal, log, lostBell }: Parts): readonly Scheduled[] {
  const { config, clock } = options;
  return [
    {
      name: 'agent token',
      expression: config.vault_refresh_schedule,
      jitterMs: 60_000,
      run: (signal) => credentials.refresh(signal),
    },
    {
      name: 'lost deliveries',
      expression: '*/2 * * * *',
      jitterMs: 60_000,
      run: async () => lostBell.ring(),
    },
    {
      name: 'journal',
      expression: '17 * * * *',
      jitterMs: 60_000,
      run: (signal) => prune(journal, clock, log, signal),
    },
  ];
}

// In small steps with air between them: a step is synchronous, and nothing else moves meanwhile.
async function prune(journal: Journal, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  const nowMs = clock.now();
  const untilMs = clock.monotonicMs() + PRUNE_MAX_MS;
  const repeat = async (step: () => number): Promise<number> => {
    let sum = 0;
    for (let count = step(); count > 0; count = step()) {
      sum += count;
      await clock.sleep(PRUNE_AIR_MS, signal);
      if (signal.aborted || clock.monotonicMs() > untilMs) break;
    }
    return sum;
  };
  try {
    await repeat(() => journal.forgetBodies(nowMs - KEEP_BODY_MS));
    const count = await repeat(() => journal.prune(nowMs - KEEP_REPORTED_MS, KEPT_MAX_COUNT));
    if (count > 0) log.debug('journal pruned', { count });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    log.warn('journal cannot be pruned now', { reason: error.message });
  }
}

// Once per run: an updater that has just installed this version waits to hear it.
async function pingDocker({ clock, stopping }: AgentOptions, parts: Parts): Promise<void> {
  for (let pauseMs = PING_AGAIN_MS; !stopping.aborted; pauseMs = Math.min(pauseMs * 2, PING_AGAIN_MAX_MS)) {
    const answers = await parts.dockerAnswers(stopping).catch(() => undefined);
    if (answers !== undefined) parts.activity.docker(answers ? 'ok' : 'silent');
    if (answers === true) return;
    await clock.sleep(pauseMs, stopping);
  }
}

// The dashboard offers what the agent says it can do. A server that refuses to be told is no reason not to work.
async function announce(options: AgentOptions, { upstream, log }: Parts, ready: () => void): Promise<void> {
  const { identity, registry, stopping, version } = options;
  try {
    const delivery = await upstream.announce(
      {
        deployment_hash: identity.deployment_hash,
        capabilities: [...capabilitiesOf(registry, canBeUpdated(options.selfUpdate))],
        system_info: serverFingerprint(),
        agent_version: version,
      },
      stopping,
    );
    // An idle server holds the first poll for half a minute: this answer is as good a sign that all is well.
    if (delivery.kind === 'accepted') ready();
    else log.warn('capabilities not announced', { reason: delivery.reason });
  } catch (error) {
    if (!stopping.aborted) throw error;
  }
}
