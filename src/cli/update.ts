// status-panel update: another version of the program, for root; and what the updater's unit runs when the agent has asked for it.
import { join } from 'node:path';
import { readActivity } from '../agent/activity.ts';
import { EngineDocker } from '../agent/docker/docker.ts';
import { loadIdentity } from '../agent/identity/identity.ts';
import { loadPolicy } from '../agent/policy/policy.ts';
import { Installation } from '../agent/update/installation.ts';
import { Ledger, type UpdateResult } from '../agent/update/ledger.ts';
import { takeRequest } from '../agent/update/request.ts';
import { ROOT_KEY_PEM } from '../agent/update/root-key.ts';
import { folderSource, type ReleaseSource, serverSource } from '../agent/update/source.ts';
import { check, type Outcome, recover, update, type UpdaterOptions } from '../agent/update/updater.ts';
import { compareVersions, isVersion } from '../agent/update/version.ts';
import { watchVersion } from '../agent/update/watch.ts';
import { askAsAgent } from '../agent/upstream/ask-as-agent.ts';
import { HttpClient } from '../agent/upstream/http-client.ts';
import { systemClock } from '../platform/clock.ts';
import { lockDirectory } from '../platform/directory-lock.ts';
import { describeError, Fault } from '../platform/fault.ts';
import { systemctl, tryProgram } from '../platform/systemctl.ts';
import { LIMITS } from '../protocol/limits.ts';
import { type CommandLine, type OwnFlag, readCommandLine } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export const UPDATE_FLAGS = {
  check: { kind: 'switch', meaning: 'Only say which version is offered.' },
  version: { kind: 'text', meaning: 'This version instead of the newest that is offered.' },
  from: { kind: 'text', meaning: 'Folder or URL of a release, instead of the control plane.' },
  'allow-downgrade': { kind: 'switch', meaning: 'Also a version that is older than the installed one.' },
  'retry-failed': { kind: 'switch', meaning: 'Also a version that has failed on this host before.' },
  requested: {
    kind: 'switch',
    meaning: 'Finish an interrupted update, then make the one the agent has asked for. For the unit.',
  },
} as const satisfies Readonly<Record<string, OwnFlag>>;

const UNIT_DIRECTORY = '/etc/systemd/system';
/** Another updater may be judging a version. */
const LOCK_PATIENCE_MS = 5 * 60_000;
const LOCK_LOOK_EVERY_MS = 500;

export async function updateCommand(terminal: Terminal): Promise<ExitName> {
  const commandLine = readCommandLine(terminal, UPDATE_FLAGS);
  const installation = Installation.around(terminal.programDirectory);
  if (installation === undefined || ROOT_KEY_PEM === undefined) {
    throw new Fault('usage', 'this program was not installed from a release, so it cannot update itself');
  }
  if (!terminal.isRoot) throw new Fault('usage', 'only root may update the program: sudo status-panel update');
  await using stack = new AsyncDisposableStack();
  const source = sourceOf(commandLine, stack);
  const options = optionsOf({ terminal, commandLine, installation, source, rootKeyPem: ROOT_KEY_PEM }, stack);
  if (commandLine.switches.has('check')) return await sayWhatIsOffered(options, terminal);
  stack.use(await lock(installation, terminal));
  confirmRunning(options, commandLine);
  const finished = await recover(options, terminal.interrupted);
  if (finished !== undefined) terminal.out(`${sentenceOf(finished)}\n`);
  if (commandLine.switches.has('requested')) return await serveRequest(options, commandLine, terminal);
  const version = commandLine.text['version'];
  if (version !== undefined && !isVersion(version))
    throw new Fault('usage', `--version ${version}: is no version like 1.2.3`);
  const wish = {
    version,
    allowDowngrade: commandLine.switches.has('allow-downgrade'),
    retryFailed: commandLine.switches.has('retry-failed'),
    requestId: undefined,
  };
  const outcome = await update(options, wish, terminal.interrupted);
  terminal.out(`${sentenceOf(outcome)}\n`);
  return exitOf(outcome);
}

async function sayWhatIsOffered(options: UpdaterOptions, terminal: Terminal): Promise<ExitName> {
  const { current, newest, failure } = await check(options, terminal.interrupted);
  const difference = compareVersions(newest, current);
  const words =
    difference > 0 ? `can be updated to ${newest}` : difference === 0 ? 'is the newest' : `is newer than ${newest}`;
  terminal.out(`${current} is installed and ${words}\n`);
  if (failure !== undefined && difference > 0) terminal.out(`${newest} has failed on this host before: ${failure}\n`);
  return 'ok';
}

/** The agent's request is a wish: the owner's policy is read here again, and nothing but a version is taken from it. */
async function serveRequest(options: UpdaterOptions, { places }: CommandLine, terminal: Terminal): Promise<ExitName> {
  const request = takeRequest(places.stateDirectory);
  if (request === undefined) return 'ok';
  const { ledger } = options;
  const conclude = (result: Omit<UpdateResult, 'request_id' | 'at'>): void =>
    ledger.conclude({ ...result, request_id: request.request_id, at: new Date(systemClock.now()).toISOString() });
  const from = options.installation.linked('current') ?? 'none';
  try {
    if (!loadPolicy(places.policyFile).update.allow_from_control_plane) {
      throw new Fault(
        'not_allowed',
        `${places.policyFile} does not say {"update": {"allow_from_control_plane": true}}`,
      );
    }
    // A service that is already gone past this request must not be restarted for it.
    if (ledger.resultOf(request.request_id) !== undefined) return 'ok';
    const wish = { version: request.version, allowDowngrade: false, retryFailed: false, requestId: request.request_id };
    const outcome = await update(options, wish, terminal.interrupted);
    conclude(outcome);
    terminal.out(`${sentenceOf(outcome)}\n`);
    return exitOf(outcome);
  } catch (error) {
    // A bug is told as well: the request is gone, and the agent waits for its outcome. An attempt that has begun is recovered and concluded.
    if (ledger.attempt === undefined)
      conclude({ outcome: 'refused', from, to: request.version, reason: describeError(error).slice(0, 4_000) });
    throw error;
  }
}

/** The version that runs and is accepted is good, however it came here. */
function confirmRunning({ installation, ledger }: UpdaterOptions, { places }: CommandLine): void {
  const activity = readActivity(places.stateDirectory);
  const current = installation.linked('current');
  if (ledger.attempt !== undefined || current === undefined || activity?.version !== current) return;
  if (activity.ready_at !== undefined && installation.linked('last-good') !== current)
    installation.lead('last-good', current);
}

interface Surroundings {
  readonly terminal: Terminal;
  readonly commandLine: CommandLine;
  readonly installation: Installation;
  readonly source: ReleaseSource;
  readonly rootKeyPem: string;
}

function optionsOf(surroundings: Surroundings, stack: AsyncDisposableStack): UpdaterOptions {
  const { terminal, installation, source, rootKeyPem } = surroundings;
  const { config, places, proxyFor } = surroundings.commandLine;
  const say = (line: string): void => terminal.err(`${line}\n`);
  const docker = new EngineDocker(config.docker_socket, systemClock);
  const identity = loadIdentity(places.stateDirectory);
  const asAgent =
    identity === undefined ? undefined : stack.use(askAsAgent(identity, config, { clock: systemClock, proxyFor }));
  const watching = {
    stateDirectory: places.stateDirectory,
    accepts: async (signal: AbortSignal) => (await asAgent?.accepted(signal)) ?? false,
    dockerAnswers: (signal: AbortSignal) => docker.answers(signal),
    clock: systemClock,
  };
  return {
    installation,
    ledger: new Ledger(installation.updateDirectory),
    source,
    rootKeyPem,
    architecture: terminal.architecture,
    unitDirectory: UNIT_DIRECTORY,
    services: systemctl(say),
    tryOut,
    watch: (version) => {
      const before = readActivity(places.stateDirectory);
      return (signal) => watchVersion({ ...watching, before }, version, signal);
    },
    clock: systemClock,
    say,
  };
}

async function tryOut(versionDirectory: string, version: string): Promise<void> {
  const tried = await tryProgram(join(versionDirectory, 'bin', 'status-panel'), ['version']);
  if ('output' in tried && tried.output.split('\n')[0] === `status-panel ${version}`) return;
  const why = 'failure' in tried ? tried.failure : `it says that it is ${JSON.stringify(tried.output.slice(0, 100))}`;
  throw new Fault('update_refused', `${version} does not run on this host: ${why}; nothing was changed`);
}

function sourceOf({ config, places, text, proxyFor }: CommandLine, stack: AsyncDisposableStack): ReleaseSource {
  const from = text['from'];
  if (from !== undefined && !/^https?:\/\//u.test(from)) return folderSource(from);
  const base = from ?? config.server_url ?? loadIdentity(places.stateDirectory)?.server_url;
  if (base === undefined) {
    throw new Fault('invalid_configuration', 'server_url: no control plane is known: --from names a folder or URL');
  }
  const url = new URL(base);
  const client = stack.use(
    new HttpClient({
      origin: url.origin,
      clock: systemClock,
      connections: 1,
      answerMaxBytes: LIMITS.answerMaxBytes,
      caFile: config.ca_file,
      proxy: proxyFor(url.origin),
    }),
  );
  return serverSource(
    client,
    url.origin,
    `${url.pathname.replace(/\/+$/u, '')}${from === undefined ? '/releases' : ''}`,
    systemClock,
  );
}

// The operating system's lock: it ends with the process that holds it, however that ends.
async function lock(installation: Installation, terminal: Terminal): Promise<Disposable> {
  installation.prepare();
  const untilMs = systemClock.monotonicMs() + LOCK_PATIENCE_MS;
  for (;;) {
    try {
      return lockDirectory(installation.updateDirectory, 'another updater');
    } catch (error) {
      if (systemClock.monotonicMs() > untilMs || terminal.interrupted.aborted) {
        throw new Fault('update_refused', 'another update is under way: wait for its end', { cause: error });
      }
    }
    await systemClock.sleep(LOCK_LOOK_EVERY_MS, terminal.interrupted);
  }
}

function sentenceOf({ outcome, from, to, reason }: Outcome): string {
  switch (outcome) {
    case 'updated':
      return `updated from ${from} to ${to}: the control plane has accepted its first poll`;
    case 'unconfirmed':
      return `updated from ${from} to ${to}, not confirmed: ${reason}. ${from} stays installed; "status-panel status" says when it is accepted`;
    case 'unchanged':
      return `no change: ${from} is installed already`;
    case 'rolled-back':
      return `${from} runs again: ${to} was taken back, because ${reason}`;
    case 'refused':
      return `nothing was changed: ${reason}`;
  }
}

function exitOf({ outcome }: Outcome): ExitName {
  switch (outcome) {
    case 'updated':
    case 'unchanged':
      return 'ok';
    case 'unconfirmed':
      return 'unavailable';
    case 'rolled-back':
    case 'refused':
      return 'not_updated';
  }
}
