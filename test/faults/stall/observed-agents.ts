// A test build of several agents in one process: the real composition, with the collector forced and every poll's start told on a line.
//
// OBSERVED_AGENTS holds their settings as JSON. Chance and clock are passed in: waits between attempts can be shortened, and the host's
// wall clock can be wrong and can step.
import { subscribe } from 'node:diagnostics_channel';
import process from 'node:process';
import { z } from 'zod';
import { runAgent } from '../../../src/agent/agent.ts';
import { DEFAULT_POLICY } from '../../../src/agent/policy/policy.ts';
import { loadIdentity } from '../../../src/agent/identity/identity.ts';
import { interruption, terminalOf } from '../../../src/bin/process.ts';
import { readCommandLine } from '../../../src/cli/command-line.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import { type Clock, systemClock } from '../../../src/platform/clock.ts';
import { createLog } from '../../../src/platform/log.ts';
import { type Random, systemRandom } from '../../../src/platform/random.ts';
import { VERSION } from '../../../src/version.ts';

const wanted = z.object({
  agents: z.array(z.object({ name: z.string(), settings: z.record(z.string(), z.string()) })),
  retryFactor: z.number().default(1),
  clock: z.object({ offsetMs: z.number(), stepMs: z.number(), stepEveryMs: z.number() }).optional(),
});
type Wanted = z.infer<typeof wanted>;

const GC_EVERY_MS = 100;

function clockOf(wrong: Wanted['clock']): Clock {
  if (wrong === undefined) return systemClock;
  const stepped = (): boolean => Math.floor(systemClock.monotonicMs() / wrong.stepEveryMs) % 2 === 1;
  return { ...systemClock, now: () => systemClock.now() + wrong.offsetMs + (stepped() ? wrong.stepMs : 0) };
}

function say(name: string, text: string): void {
  process.stdout.write(`${name}\t${text}\n`);
}

/** Polls carry the deployment hash in their path, and each agent is named by its own. */
function tellPolls(): void {
  const tell = (event: string) => (message: unknown) => {
    const request = z.object({ request: z.object({ path: z.string() }) }).safeParse(message);
    const name = /\/commands\/wait\/(?<name>[^?]+)/u.exec(request.data?.request.path ?? '')?.groups?.['name'];
    if (name !== undefined) say(name, JSON.stringify({ event, atMs: systemClock.monotonicMs() }));
  };
  subscribe('undici:request:create', tell('poll-begun'));
  subscribe('undici:client:sendHeaders', tell('poll-sent'));
}

async function run(name: string, settings: Readonly<Record<string, string>>, stopping: AbortSignal): Promise<void> {
  const terminal = { ...terminalOf([], stopping), environment: { ...process.env, ...settings } };
  const { config, places } = readCommandLine(terminal, {});
  const identity = loadIdentity(places.stateDirectory);
  if (identity === undefined) throw new Error(`there is no identity in ${places.stateDirectory}`);
  const random: Random = { ...systemRandom, fraction: () => systemRandom.fraction() * retryFactor };
  await runAgent({
    policy: DEFAULT_POLICY,
    config,
    identity,
    stateDirectory: places.stateDirectory,
    version: VERSION,
    registry: registryOf(COMMANDS),
    clock,
    random,
    log: createLog({ level: config.log_level, format: 'json', write: (line) => say(name, line.trimEnd()) }),
    pid: process.pid,
    stopping,
    onReady: () => undefined,
  });
}

const { agents, retryFactor, clock: wrong } = wanted.parse(JSON.parse(process.env['OBSERVED_AGENTS'] ?? '{}'));
const clock = clockOf(wrong);
const stopping = interruption();
tellPolls();
const collect = globalThis.gc;
const collecting = collect === undefined ? undefined : setInterval(() => collect(), GC_EVERY_MS);
await Promise.all(agents.map(({ name, settings }) => run(name, settings, stopping)));
clearInterval(collecting);
