// A test build of the agent: the composition of `status-panel run`, with injection points in its journal and its Docker edge.
//
// AGENT_KILL_AT names the call at which the process ends itself with SIGKILL. AGENT_RETRY_FACTOR shortens the waits between two attempts:
// time and chance are passed in, so that no switch is needed in the agent itself.
import process from 'node:process';
import { runAgent } from '../../../src/agent/agent.ts';
import { DEFAULT_POLICY } from '../../../src/agent/policy/policy.ts';
import { EngineDocker } from '../../../src/agent/docker/docker.ts';
import { loadIdentity } from '../../../src/agent/identity/identity.ts';
import { interruption, terminalOf } from '../../../src/bin/process.ts';
import { readCommandLine } from '../../../src/cli/command-line.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import { type Random, systemRandom } from '../../../src/platform/random.ts';
import { VERSION } from '../../../src/version.ts';
import { KillSwitch, MortalDocker, MortalJournal } from './kill-switch.ts';

const retryFactor = Number(process.env['AGENT_RETRY_FACTOR'] ?? '1');
/** Sleeps from here on are waits between attempts; shorter ones belong to what a command does. */
const LONG_SLEEP_MS = 1_000;
const impatientClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms >= LONG_SLEEP_MS ? Math.max(ms * retryFactor, 20) : ms, signal),
};
const impatient: Random = {
  fraction: () => systemRandom.fraction() * retryFactor,
  uuid: () => systemRandom.uuid(),
};

const terminal = terminalOf(process.argv.slice(2), interruption());
const { config, places } = readCommandLine(terminal, {});
const identity = loadIdentity(places.stateDirectory);
if (identity === undefined) throw new Error(`there is no identity in ${places.stateDirectory}`);
const killSwitch = new KillSwitch(process.env['AGENT_KILL_AT']);
await runAgent({
  policy: DEFAULT_POLICY,
  config,
  identity,
  stateDirectory: places.stateDirectory,
  version: VERSION,
  registry: registryOf(COMMANDS),
  clock: retryFactor === 1 ? systemClock : impatientClock,
  random: impatient,
  log: createLog({ level: config.log_level, format: 'json', write: terminal.out }),
  pid: terminal.pid,
  stopping: terminal.interrupted,
  onReady: () => undefined,
  openJournal: (path, nowMs, maxBytes) => new MortalJournal(path, nowMs, maxBytes, killSwitch),
  openDocker: (socketPath, clock) => new MortalDocker(new EngineDocker(socketPath, clock), killSwitch),
});
