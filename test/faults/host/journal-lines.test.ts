// How much the agent writes when nothing happens, and that an outage ends no process: the real composition, on timers that need no time.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runCli } from '../../../scripts/parts/agent-process.ts';
import { ControlPlaneClient } from '../../../scripts/parts/control-plane-client.ts';
import { runAgent } from '../../../src/agent/agent.ts';
import { resolveConfig } from '../../../src/agent/config.ts';
import { type Identity, loadIdentity } from '../../../src/agent/identity/identity.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import { DEFAULT_POLICY } from '../../../src/agent/policy/policy.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import { startControlPlane } from '../../../src/control-plane/control-plane.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import { systemRandom } from '../../../src/platform/random.ts';
import { systemdOver } from '../../../src/platform/service-manager.ts';

const HOUR_MS = 3_600_000;
const IDLE_HOUR_MAX_LINES = 60;
const OUTAGE_DAY_MAX_LINES = 30;
const WATCHDOG_MS = 30_000;
/** Nobody listens there. */
const NOWHERE = 'http://127.0.0.1:9';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'status-panel-lines-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(home, { recursive: true, force: true });
});

/** Lets what is on its way through the kernel arrive: on these timers no connection would ever be slower than a deadline of an hour. */
async function arrived(turns: number): Promise<void> {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  for (let waited = 0; waited < 2_000 && process.getActiveResourcesInfo().includes('TCPConnectWrap'); waited += 1)
    await turn();
  for (let done = 0; done < turns; done += 1) await turn();
}

async function pass(ms: number, turns: number): Promise<void> {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs) {
    await vi.advanceTimersToNextTimerAsync();
    await arrived(turns);
  }
}

interface Watched {
  readonly lines: readonly string[];
  readonly notices: readonly string[];
  end(): Promise<void>;
}

function start(stateDirectory: string, identity: Identity, settings: Readonly<Record<string, string>>): Watched {
  const lines: string[] = [];
  const notices: string[] = [];
  const stopping = new AbortController();
  const running = runAgent({
    config: resolveConfig({ flags: settings, environment: {}, file: undefined, filePath: '' }),
    policy: DEFAULT_POLICY,
    identity,
    stateDirectory,
    pid: process.pid,
    version: '0.0.0',
    registry: registryOf(COMMANDS),
    clock: systemClock,
    random: systemRandom,
    log: createLog({ level: 'info', format: 'journal', write: (line) => lines.push(line) }),
    serviceManager: systemdOver((text) => notices.push(text.trim()), WATCHDOG_MS),
    stopping: stopping.signal,
    onReady: () => undefined,
  });
  const end = async (): Promise<void> => {
    stopping.abort();
    vi.useRealTimers();
    await running;
  };
  return { lines, notices, end };
}

it('an hour without work is next to no lines', { timeout: 120_000 }, async () => {
  const stateDirectory = join(home, 'state');
  mkdirSync(stateDirectory, { mode: 0o700 });
  writeFileSync(join(home, 'config.json'), '{}');
  await using controlPlane = await startControlPlane();
  const token = await new ControlPlaneClient(controlPlane).mintPurchaseToken('stack-lines');
  const words = ['register', '--token-stdin', '--stack-id', 'stack-lines', '--server', controlPlane.url];
  const places = { STATUS_PANEL_STATE_DIRECTORY: stateDirectory, STATUS_PANEL_CONFIG: join(home, 'config.json') };
  const registered = await runCli(words, places, token);
  expect(registered.exitCode, registered.stderr).toBe(0);
  const identity = loadIdentity(stateDirectory);
  if (identity === undefined) throw new Error('not registered');
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  const agent = start(stateDirectory, identity, {});
  await pass(60_000, 400);
  expect(agent.lines.join('')).toContain('ready: the control plane answers');
  const before = agent.lines.length;
  await pass(HOUR_MS, 100);
  const lines = agent.lines.slice(before);
  console.error(`An hour without work: ${lines.length} lines`);
  expect(lines.length, lines.join('')).toBeLessThanOrEqual(IDLE_HOUR_MAX_LINES);
  await agent.end();
});

it('a day without control plane and Vault, with a report that waits, is a few lines and no restart', {
  timeout: 240_000,
}, async () => {
  const identity: Identity = {
    version: 1,
    agent_id: '9d0c4f3e-5b1a-4c7e-8f2d-3a6b9c0d1e2f',
    agent_token: `agt_${'x'.repeat(40)}`,
    deployment_hash: 'mkt_lines',
    server_url: NOWHERE,
    registered_with: 'purchase_token',
    registered_at: new Date().toISOString(),
  };
  const vaultToken = join(home, 'vault-token');
  writeFileSync(vaultToken, 'hvs.none', { mode: 0o600 });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] });
  {
    using journal = new SqliteJournal(join(home, 'journal.db'), Date.now());
    journal.receive({ command_id: 'cmd_1', deployment_hash: identity.deployment_hash, type: 'health' }, Date.now());
    journal.finish('cmd_1', JSON.stringify(reportOf(identity.deployment_hash)), Date.now());
  }
  const agent = start(home, identity, { vault_address: NOWHERE, vault_token_file: vaultToken });
  await pass(24 * HOUR_MS, 3);
  const { lines, notices } = agent;
  console.error(`A day without control plane and Vault: ${lines.length} lines\n${lines.join('')}`);
  expect(lines.length).toBeLessThanOrEqual(OUTAGE_DAY_MAX_LINES);
  const text = lines.join('');
  expect(text).toContain('<4>control plane cannot be used; trying again');
  expect(text).toContain('<4>delivery of reports cannot be used; trying again');
  expect(text).toContain('<4>agent token could not be read again');
  expect(notices.filter((notice) => notice === 'WATCHDOG=trigger')).toEqual([]);
  expect(notices.filter((notice) => notice === 'WATCHDOG=1').length).toBeGreaterThanOrEqual(
    (24 * HOUR_MS * 3) / WATCHDOG_MS,
  );
  await agent.end();
});

function reportOf(deploymentHash: string): unknown {
  return {
    command_id: 'cmd_1',
    deployment_hash: deploymentHash,
    status: 'success',
    command_status: 'completed',
    result: null,
    error: null,
    completed_at: new Date().toISOString(),
    executed_by: 'status-panel',
  };
}
