// npm run demo: the whole thing end to end on this machine, with everything it needs, and nothing left behind.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { identityPath, loadIdentity } from '../src/agent/identity/identity.ts';
import { startControlPlane, type ControlPlane } from '../src/control-plane/control-plane.ts';
import { journalLine } from '../src/platform/log.ts';
import { AgentProcess, runCli } from './parts/agent-process.ts';
import { ControlPlaneClient } from './parts/control-plane-client.ts';
import { describeCommand, heading, say } from './demo/narration.ts';
import { provideEngine } from './demo/provided-engine.ts';
import { STACK_PROJECT, startSampleStack } from './demo/sample-stack.ts';

const STACK_ID = 'sample-shop';

const SHOWN = [
  { title: 'health of everything', type: 'health', parameters: { app_code: 'all' } },
  { title: 'the last lines of "web"', type: 'logs', parameters: { app_code: 'web', limit: 8 } },
  { title: 'the last lines of "db"', type: 'logs', parameters: { app_code: 'db', limit: 6 } },
  { title: 'restart of "web"', type: 'restart', parameters: { app_code: 'web' } },
  { title: 'health of "web" afterwards', type: 'health', parameters: { app_code: 'web' } },
  { title: 'restart of an app that is not there', type: 'restart', parameters: { app_code: 'wbe' } },
] as const;

const USAGE = `usage: npm run demo [-- --keep]

  --keep   leave everything running until Ctrl-C, and say how to talk to it
`;

async function demo(keep: boolean, interrupted: AbortSignal): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), 'status-panel-demo-'));
  stack.defer(() => rmSync(home, { recursive: true, force: true }));

  heading('Starting');
  const engine = stack.use(await provideEngine(interrupted));
  say('engine', engine.description);
  const controlPlane = stack.use(await startControlPlane({ dataDir: join(home, 'control-plane') }));
  say('control plane', `${controlPlane.url} on an embedded PostgreSQL (PGlite)`);
  say('Vault', `${controlPlane.vaultAddress}, the development Vault inside the control plane`);
  const sample = stack.use(await startSampleStack(engine));
  say('sample stack', sample.description);

  heading('Registering this host with a purchase token');
  const { settings, deploymentHash } = await registerHost(home, controlPlane, engine.socketPath);
  const agent = stack.use(AgentProcess.start(['run'], settings));
  await agent.line((line) => line.includes('ready: the control plane answers'));
  say('agent', `process ${agent.pid}, polls, and listens on nothing`);

  await showCommands(new ControlPlaneClient(controlPlane), deploymentHash, interrupted);
  heading('What "journalctl -u status-panel" shows of it: two lines for each command');
  const finished = (line: string): boolean => line.includes('"command finished"');
  await agent.line(() => agent.lines.filter(finished).length === SHOWN.length);
  for (const line of agent.lines.filter((one) => one.includes('"command ')).slice(-4)) {
    console.log(`    ${journalLine(line).replace(/^<\d>/u, '').trimEnd()}`);
  }
  if (keep) await stayUp(controlPlane, deploymentHash, settings, interrupted);
  else goOn();
  console.log('\nStopping: the agent finishes what it does, then everything above is removed.');
}

async function registerHost(
  home: string,
  controlPlane: ControlPlane,
  dockerSocket: string,
): Promise<{ readonly settings: Readonly<Record<string, string>>; readonly deploymentHash: string }> {
  const state = join(home, 'agent');
  mkdirSync(state, { mode: 0o700 });
  const vaultTokenFile = join(state, 'vault-token');
  const settings = {
    STATUS_PANEL_STATE_DIRECTORY: state,
    STATUS_PANEL_DOCKER_SOCKET: dockerSocket,
    STATUS_PANEL_COMPOSE_PROJECT: STACK_PROJECT,
    STATUS_PANEL_VAULT_ADDRESS: controlPlane.vaultAddress,
    STATUS_PANEL_VAULT_TOKEN_FILE: vaultTokenFile,
  };
  const purchaseToken = await new ControlPlaneClient(controlPlane).mintPurchaseToken(STACK_ID);
  const words = ['register', '--token-stdin', '--stack-id', STACK_ID, '--server', controlPlane.url];
  const registered = await runCli(words, settings, purchaseToken);
  if (registered.exitCode !== 0) throw new Error(`registration failed:\n${registered.stderr}`);
  console.log(registered.stdout.trimEnd().replaceAll(/^/gmu, '    '));
  const identity = loadIdentity(state);
  if (identity === undefined) throw new Error(`${identityPath(state)} is not there after the registration`);
  const vaultToken = await controlPlane.devVault?.mintReadToken(identity.deployment_hash);
  writeFileSync(vaultTokenFile, vaultToken ?? '', { mode: 0o600 });
  return { settings, deploymentHash: identity.deployment_hash };
}

async function showCommands(
  client: ControlPlaneClient,
  deploymentHash: string,
  interrupted: AbortSignal,
): Promise<void> {
  for (const { title, type, parameters } of SHOWN) {
    interrupted.throwIfAborted();
    heading(`Command: ${title}`);
    const asked = performance.now();
    const outcome = await client.ask(deploymentHash, type, parameters);
    describeCommand(type, parameters, outcome, performance.now() - asked);
  }
}

async function stayUp(
  controlPlane: ControlPlane,
  deploymentHash: string,
  settings: Readonly<Record<string, string>>,
  interrupted: AbortSignal,
): Promise<void> {
  heading('Running until Ctrl-C. Queue a command of your own from another terminal:');
  const tokenFile = controlPlane.adminTokenFile ?? '';
  console.log(`
    curl -s ${controlPlane.url}/api/v1/agent/commands/enqueue \\
      -H "Authorization: Bearer $(cat ${tokenFile})" -H 'Content-Type: application/json' \\
      -d '{"deployment_hash":"${deploymentHash}","command_type":"logs","parameters":{"app_code":"web","limit":5}}'

    curl -s "${controlPlane.url}/api/v1/commands/${deploymentHash}?include_results=true&limit=1" \\
      -H "Authorization: Bearer $(cat ${tokenFile})"

    The agent's state: ${settings['STATUS_PANEL_STATE_DIRECTORY'] ?? ''}`);
  if (interrupted.aborted) return;
  await new Promise((resolve) => interrupted.addEventListener('abort', resolve, { once: true }));
}

function goOn(): void {
  heading('How to go on');
  console.log(`    npm run demo -- --keep             leave all this running, and talk to it with curl
    npm run -s status-panel -- help    the agent's command line
    npm run -s control-plane -- --help the control plane's
    docs/commands.md                   every command, with an example
    README.md                          installing it on a server`);
}

const { values } = parseArgs({
  options: { keep: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  process.stdout.write(USAGE);
} else {
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());
  try {
    await demo(values.keep, interruption.signal);
  } catch (error) {
    if (!interruption.signal.aborted) {
      console.error(`\ndemo: ${error instanceof Error ? error.message : String(error)}`);
      process.exitCode = 1;
    }
  }
}
