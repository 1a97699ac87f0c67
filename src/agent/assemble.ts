// The agent's parts, built from its options: every edge it has to the outside is opened here.
import { join } from 'node:path';
import type { CommandContext, Docker, SelfUpdate } from '../commands/context.ts';
import type { Registry } from '../commands/registry.ts';
import type { Clock } from '../platform/clock.ts';
import { Doorbell } from '../platform/doorbell.ts';
import { KeyedLocks } from '../platform/keyed-locks.ts';
import { LineLimit, type LineLimits } from '../platform/line-limit.ts';
import { type Log, maskLog } from '../platform/log.ts';
import type { Random } from '../platform/random.ts';
import type { ServiceManager } from '../platform/service-manager.ts';
import { LIMITS } from '../protocol/limits.ts';
import { Activity } from './activity.ts';
import type { Config } from './config.ts';
import { Credentials } from './credentials/credentials.ts';
import { registrationSource, vaultSource } from './credentials/sources.ts';
import { EngineDocker, type OnInspected } from './docker/docker.ts';
import { loadCursorKey } from './identity/cursor-key.ts';
import { type Identity, storeIdentity } from './identity/identity.ts';
import type { Journal } from './journal/journal.ts';
import { openJournal } from './journal/open-journal.ts';
import { PatientJournal } from './journal/patient-journal.ts';
import { SqliteJournal } from './journal/sqlite-journal.ts';
import type { Policy } from './policy/policy.ts';
import { Progress } from './liveness/progress.ts';
import { KnownSecrets } from './redaction/known-secrets.ts';
import { OwnSecrets } from './redaction/own-secrets.ts';
import { ownerRulesOf } from './redaction/owner-rules.ts';
import { notInstalled } from './update/self-update.ts';
import { HttpClient } from './upstream/http-client.ts';
import { ServerClock } from './upstream/server-clock.ts';
import { HttpUpstream, type Upstream } from './upstream/upstream.ts';
import type { LostCircumstances } from './worker/lost-deliveries.ts';
import { COMMAND_LINE } from './worker/command-lines.ts';
import { Outbox } from './worker/outbox.ts';
import { Worker } from './worker/worker.ts';

export interface AgentOptions {
  readonly config: Config;
  /** The HTTP proxy on the way to an address; without it the direct way is taken. */
  readonly proxyFor?: (origin: string) => string | undefined;
  readonly policy: Policy;
  readonly identity: Identity;
  readonly stateDirectory: string;
  readonly version: string;
  readonly pid: number;
  readonly registry: Registry;
  /** Undefined in a composition that is no installed program. */
  readonly selfUpdate?: SelfUpdate;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Aborts when the agent is to stop: no new work, running work is finished, reports are handed in. */
  readonly stopping: AbortSignal;
  /** Who is told that the agent lives; nobody without it. */
  readonly serviceManager?: ServiceManager;
  /** Called once, when the control plane has accepted an authenticated request. */
  readonly onReady: () => void;
  /** The parts that touch the disk and the engine, for compositions that put something between. */
  readonly openJournal?: (path: string, nowMs: number, maxBytes: number) => Journal;
  readonly openDocker?: (
    socketPath: string,
    clock: Clock,
    onInspected: OnInspected,
  ) => Docker & Pick<EngineDocker, 'secretSources' | 'answers'> & Partial<Disposable>;
}

/** Reports side by side, and one more for what comes beside them. The poll has a connection of its own. */
const CONNECTIONS_COUNT = 5;
const MEBIBYTE = 1024 * 1024;
/**
 * A control plane that comes and goes every minute is 12 lines an hour of each kind. The two lines of a command are not limited here: each
 * costs a round trip and a write to disk, which bounds them far below what the unit allows itself at journald.
 */
const LINE_LIMITS: LineLimits = {
  burstCount: 20,
  everyMs: 300_000,
  unlimited: new Set(Object.values(COMMAND_LINE)),
};

export interface Parts {
  readonly journal: Journal;
  readonly credentials: Credentials;
  readonly upstream: Upstream;
  readonly outbox: Outbox;
  readonly bell: Doorbell;
  /** Rung when commands may have been lost on their way. */
  readonly lostBell: Doorbell;
  readonly lostCircumstances: () => LostCircumstances | undefined;
  readonly worker: Worker;
  /** Whether the Docker Engine answers its ping. */
  readonly dockerAnswers: (signal: AbortSignal) => Promise<boolean>;
  readonly log: Log;
  readonly activity: Activity;
  readonly progress: Progress;
  /** Takes secrets out of a text for others. */
  readonly mask: (text: string) => string;
}

/** `cutOff` ends running commands with its reason. What is opened is closed by `stack`. */
export function assemble(options: AgentOptions, cutOff: AbortSignal, stack: AsyncDisposableStack): Parts {
  const { clock, config, registry, stopping } = options;
  const mask = (text: string): string => secrets.maskText(text);
  const log = stack.use(new LineLimit(maskLog(options.log, mask), clock, LINE_LIMITS));
  const pollClient = controlPlaneClient(options, 1, stack);
  const client = controlPlaneClient(options, CONNECTIONS_COUNT, stack);
  const ownSecrets = new OwnSecrets();
  const credentials = credentialsOf(options, client, { log, ownSecrets }, stack);
  const activity = new Activity(options.stateDirectory, { pid: options.pid, version: options.version }, clock);
  const serverClock = new ServerClock(clock, log, (seconds) => activity.skew(seconds));
  const docker = (options.openDocker ?? openEngine)(config.docker_socket, clock, (...seen) => secrets.learn(...seen));
  stack.defer(() => docker[Symbol.dispose]?.());
  const secrets = new KnownSecrets({
    sourcesOf: (id, signal) => docker.secretSources(id, signal),
    ownSecrets,
    ownerRules: ownerRulesOf(options.policy),
  });
  const path = join(options.stateDirectory, 'journal.db');
  const maxBytes = config.state_max_mebibytes * MEBIBYTE;
  const create = options.openJournal ?? ((...given) => new SqliteJournal(...given));
  const open = (): Journal => openJournal(path, () => create(path, clock.now(), maxBytes), log);
  const journal = stack.use(new PatientJournal({ open, clock, log }));
  const bell = new Doorbell();
  const progress = new Progress(clock);
  const outbox = new Outbox(journal, clock, log);
  const worker = new Worker({
    registry,
    journal,
    outbox,
    bell,
    context: contextOf(options, docker, secrets, log),
    reportMaker: { registry, agentVersion: options.version, mask },
    changeMaxAgeMs: config.change_max_age_seconds * 1000,
    serverNow: () => serverClock.now(),
    clock,
    log,
    progress,
    stopping,
    stopped: cutOff,
  });
  journal.onOpened = () => worker.recover();
  return {
    journal,
    credentials,
    upstream: upstreamOf(options, { pollClient, client }, credentials, serverClock),
    outbox,
    bell,
    lostBell: new Doorbell(),
    lostCircumstances: () => lostCircumstances(options, journal, worker, serverClock),
    worker,
    dockerAnswers: (signal) => docker.answers(signal),
    log,
    activity,
    progress,
    mask,
  };
}

function lostCircumstances(
  { registry, identity }: AgentOptions,
  journal: PatientJournal,
  worker: Worker,
  serverClock: ServerClock,
): LostCircumstances | undefined {
  const { bornAtMs } = journal;
  if (!journal.healthy || bornAtMs === undefined) return undefined;
  return {
    registry,
    deploymentHash: identity.deployment_hash,
    knows: (commandId) => worker.knows(commandId),
    serverNowMs: serverClock.now(),
    journalBornMs: bornAtMs - serverClock.skewMs(),
  };
}

function contextOf(
  options: AgentOptions,
  docker: Docker,
  secrets: KnownSecrets,
  log: Log,
): Omit<CommandContext, 'beforeEffect'> {
  const { config, policy, identity, clock } = options;
  const locks = new KeyedLocks();
  return {
    deploymentHash: identity.deployment_hash,
    composeProject: config.compose_project,
    docker,
    clock,
    selfUpdate: options.selfUpdate ?? notInstalled(options.version),
    stopping: options.stopping,
    maskFor: (containerId, signal) => secrets.maskFor(containerId, signal),
    cursorKey: loadCursorKey(options.stateDirectory, options.random, log),
    allowUnredactedLogs: policy.redaction.allow_unredacted_logs,
    lockContainer: (containerId, signal) => locks.acquire(containerId, signal),
  };
}

function credentialsOf(
  options: AgentOptions,
  client: HttpClient,
  { log, ownSecrets }: { readonly log: Log; readonly ownSecrets: OwnSecrets },
  stack: AsyncDisposableStack,
): Credentials {
  const { identity, stateDirectory, clock, random } = options;
  ownSecrets.remember(identity.agent_token);
  return new Credentials({
    initial: identity.agent_token,
    source: vaultSource(options, ownSecrets, stack) ?? registrationSource(options, client),
    // Kept for the next start: Vault may be down then.
    onChange: (token) => {
      ownSecrets.remember(token);
      storeIdentity(stateDirectory, { ...identity, agent_token: token });
    },
    clock,
    random,
    log,
  });
}

function controlPlaneClient(options: AgentOptions, connections: number, stack: AsyncDisposableStack): HttpClient {
  return stack.use(
    new HttpClient({
      origin: serverUrl(options),
      clock: options.clock,
      connections,
      answerMaxBytes: LIMITS.answerMaxBytes,
      caFile: options.config.ca_file,
      socketPath: options.config.egress_socket,
      proxy: options.proxyFor?.(serverUrl(options)),
    }),
  );
}

function upstreamOf(
  options: AgentOptions,
  clients: { readonly pollClient: HttpClient; readonly client: HttpClient },
  credentials: Credentials,
  serverClock: ServerClock,
): Upstream {
  const { config, identity, clock, random } = options;
  return new HttpUpstream({
    ...clients,
    credentials,
    agentId: identity.agent_id,
    deploymentHash: identity.deployment_hash,
    pollTimeoutSeconds: config.poll_timeout_seconds,
    pollIntervalSeconds: config.poll_interval_seconds,
    serverClock,
    clock,
    random,
  });
}

export function serverUrl({ config, identity }: AgentOptions): string {
  return config.server_url ?? identity.server_url;
}

function openEngine(socketPath: string, clock: Clock, onInspected: OnInspected): EngineDocker {
  return new EngineDocker(socketPath, clock, onInspected);
}
