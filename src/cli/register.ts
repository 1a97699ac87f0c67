// status-panel register: makes this host known to a control plane and remembers who it is (REQUIREMENTS A1).
import { enrol, type Enrolment, type EnrolmentFacts } from '../agent/identity/enrol.ts';
import { type Identity, identityPath, loadIdentity, storeIdentity } from '../agent/identity/identity.ts';
import { createRedactor } from '../agent/redaction/redactor.ts';
import { serverFingerprint } from '../agent/host/fingerprint.ts';
import { HttpClient } from '../agent/upstream/http-client.ts';
import { isKnown } from '../agent/upstream/is-known.ts';
import { retryDelayMs } from '../agent/upstream/retry-policy.ts';
import { capabilitiesOf, COMMANDS, registryOf } from '../commands/registry.ts';
import { systemClock } from '../platform/clock.ts';
import { describeError, Fault } from '../platform/fault.ts';
import { systemRandom } from '../platform/random.ts';
import { LIMITS } from '../protocol/limits.ts';
import { VERSION } from '../version.ts';
import { type CommandLine, type OwnFlag, readCommandLine } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import { purchaseToken, TOKEN_FLAGS } from './purchase-token.ts';
import type { Terminal } from './terminal.ts';

export const REGISTER_FLAGS: Readonly<Record<string, OwnFlag>> = {
  ...TOKEN_FLAGS,
  'stack-id': { kind: 'text', meaning: 'The stack that was bought.' },
  'deployment-hash': { kind: 'text', meaning: 'Register a deployment that is already known, instead of a purchase.' },
  replace: {
    kind: 'switch',
    meaning: 'Register anew although this host is registered; the old identity is forgotten.',
  },
};

const TRIES_MAX_COUNT = 4;

export async function register(terminal: Terminal): Promise<ExitName> {
  const line = readCommandLine(terminal, REGISTER_FLAGS);
  const { stateDirectory } = line.places;
  const existing = loadIdentity(stateDirectory);
  if (existing !== undefined && !line.switches.has('replace')) return alreadyRegistered(terminal, existing, line);
  const serverUrl = line.config.server_url;
  if (serverUrl === undefined)
    throw new Fault('usage', '--server is missing; an example: --server https://panel.example.com');
  const enrolment = await enrolmentOf(terminal, line);
  // What a server or a proxy answers can quote what it was sent.
  const mask = createRedactor({ secrets: enrolment.way === 'purchase_token' ? [enrolment.purchaseToken] : [] });
  const quiet = { ...terminal, err: (text: string) => terminal.err(mask.text(text).text) };
  try {
    return await registerWith(quiet, line, serverUrl, enrolment);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    // The causes are in the text already, and would be printed once more as they are.
    throw new Fault(error.code, mask.text(describeError(error)).text);
  }
}

async function registerWith(
  terminal: Terminal,
  line: CommandLine,
  serverUrl: string,
  enrolment: Enrolment,
): Promise<ExitName> {
  await using client = new HttpClient({
    origin: serverUrl,
    clock: systemClock,
    connections: 1,
    answerMaxBytes: LIMITS.answerMaxBytes,
    caFile: line.config.ca_file,
    socketPath: line.config.egress_socket,
    proxy: line.proxyFor(serverUrl),
  });
  const facts = { serverUrl, fingerprint: serverFingerprint(), agentVersion: VERSION, nowMs: systemClock.now() };
  const identity = await confirmed(terminal, client, await enrolPatiently(terminal, client, enrolment, facts), facts);
  const { stateDirectory } = line.places;
  store(stateDirectory, identity);
  terminal.out(`registered: agent ${identity.agent_id}, deployment ${identity.deployment_hash}\n`);
  if (identity.dashboard_url !== undefined) terminal.out(`dashboard:  ${identity.dashboard_url}\n`);
  terminal.out(`identity:   ${identityPath(stateDirectory)}\n`);
  terminal.out('next:       start the agent with "status-panel run", from a service or in the foreground\n');
  return 'ok';
}

function alreadyRegistered(terminal: Terminal, identity: Identity, line: CommandLine): ExitName {
  const wanted = line.config.server_url;
  if (wanted !== undefined && wanted !== identity.server_url) {
    const message = `this host is registered with ${identity.server_url}, not with ${wanted}; add --replace to register anew`;
    throw new Fault('usage', message);
  }
  terminal.out(
    `already registered: agent ${identity.agent_id}, deployment ${identity.deployment_hash}; nothing changed\n`,
  );
  return 'ok';
}

async function enrolmentOf(terminal: Terminal, line: CommandLine): Promise<Enrolment> {
  const deploymentHash = line.text['deployment-hash'];
  if (deploymentHash !== undefined) {
    if (deploymentHash === '' || deploymentHash.length > LIMITS.deploymentHashMaxChars) {
      throw new Fault('usage', `--deployment-hash must have 1 to ${LIMITS.deploymentHashMaxChars} characters`);
    }
    return { way: 'deployment_hash', deploymentHash, capabilities: capabilitiesOf(registryOf(COMMANDS), false) };
  }
  const stackId = line.text['stack-id'] ?? terminal.environment['STATUS_PANEL_STACK_ID'];
  if (stackId === undefined || stackId === '') {
    throw new Fault('usage', '--stack-id is missing: it names the stack that was bought; or use --deployment-hash');
  }
  return { way: 'purchase_token', purchaseToken: await purchaseToken(terminal, line), stackId };
}

async function enrolPatiently(
  terminal: Terminal,
  client: HttpClient,
  enrolment: Enrolment,
  facts: EnrolmentFacts,
): Promise<Identity> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await enrol(client, enrolment, facts, terminal.interrupted);
    } catch (error) {
      if (!(error instanceof Fault) || error.code === 'registration_refused' || tries === TRIES_MAX_COUNT) throw error;
      terminal.err(`${error.message}; trying again\n`);
      await systemClock.sleep(
        retryDelayMs({ baseMs: 2_000, maxMs: 8_000 }, tries, 0.5 + systemRandom.fraction() / 2, undefined),
        terminal.interrupted,
      );
    }
  }
}

// The production server stores nothing of a purchase registration, so its identity works only after a registration
// by the deployment hash it handed out (PROTOCOL.md §1.2).
async function confirmed(
  terminal: Terminal,
  client: HttpClient,
  identity: Identity,
  facts: EnrolmentFacts,
): Promise<Identity> {
  if (identity.registered_with === 'deployment_hash') return identity;
  const known = await isKnown(client, identity, systemClock, systemRandom, terminal.interrupted);
  if (known) return identity;
  const enrolment = {
    way: 'deployment_hash',
    deploymentHash: identity.deployment_hash,
    capabilities: capabilitiesOf(registryOf(COMMANDS), false),
  } as const;
  const second = await enrolPatiently(terminal, client, enrolment, facts);
  return { ...second, ...(identity.dashboard_url === undefined ? {} : { dashboard_url: identity.dashboard_url }) };
}

function store(stateDirectory: string, identity: Identity): void {
  try {
    storeIdentity(stateDirectory, identity);
  } catch (error) {
    throw new Fault('cannot_write', `the identity cannot be stored in ${stateDirectory}: ${describeError(error)}`, {
      cause: error,
    });
  }
}
