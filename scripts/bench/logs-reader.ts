// The agent's part of the logs benchmark, in a process of its own: pages of a log from the parameters of the command to the report's bytes.
import './small-heap.ts';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { EngineDocker } from '../../src/agent/docker/docker.ts';
import { KnownSecrets } from '../../src/agent/redaction/known-secrets.ts';
import { notInstalled } from '../../src/agent/update/self-update.ts';
import { OwnSecrets } from '../../src/agent/redaction/own-secrets.ts';
import { execute, prepare } from '../../src/agent/worker/execute.ts';
import { reportOf } from '../../src/agent/worker/report-of.ts';
import type { CommandContext, LogLine } from '../../src/commands/context.ts';
import { encodeCursor, positionOf } from '../../src/commands/log-cursor.ts';
import { COMMANDS, registryOf } from '../../src/commands/registry.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { type PagesAnswer, type PagesQuestion, type Question, question } from './logs-questions.ts';
import { answerQuestions, settingsOfProgram } from './program.ts';

const settings = z.object({ socketPath: z.string() }).parse(settingsOfProgram());

const KEY = 'key of the benchmark';
const HASH = 'bench-logs';
const NEVER = new AbortController().signal;
const docker = new EngineDocker(settings.socketPath, systemClock);
const registry = registryOf(COMMANDS);
const ownSecrets = new OwnSecrets();
ownSecrets.remember('token-of-the-benchmark-0123456789');
const secrets = new KnownSecrets({
  sourcesOf: (id, signal) => docker.secretSources(id, signal),
  ownSecrets,
});
const maker = { registry, agentVersion: '0.0.0', mask: (text: string) => secrets.maskText(text) };
const context: CommandContext = {
  deploymentHash: HASH,
  composeProject: undefined,
  docker,
  clock: systemClock,
  selfUpdate: notInstalled('0.0.0'),
  stopping: NEVER,
  maskFor: (id, signal) => secrets.maskFor(id, signal),
  cursorKey: KEY,
  allowUnredactedLogs: false,
  beforeEffect: () => undefined,
  lockContainer: async () => ({ [Symbol.dispose]: () => undefined }),
};
const log = createLog({ level: 'error', format: 'json', write: (text) => process.stderr.write(text) });

/** What is read of a result; a schema for every line would be measured along with it. */
function isResult(
  value: unknown,
): value is { readonly cursor: string; readonly truncated: boolean; readonly lines: readonly { redacted: boolean }[] } {
  return typeof value === 'object' && value !== null && 'cursor' in value && 'lines' in value && 'truncated' in value;
}

async function page(app: string, limit: number, cursor: string | undefined) {
  const envelope = {
    command_id: 'cmd_1',
    deployment_hash: HASH,
    type: 'logs',
    parameters: { app_code: app, limit, cursor },
    timeout_seconds: 300,
  };
  const command = registry.get('logs');
  if (command === undefined) throw new Error('there is no command logs');
  const ready = prepare(registry, command, envelope);
  if ('refused' in ready) throw new Error('the parameters were refused');
  const outcome = await execute({ envelope, command, registry, context, log }, ready.prepared, NEVER);
  if (outcome === 'continues-after-restart') throw new Error('logs does not restart the agent');
  if (outcome.errors.length > 0) throw new Error(outcome.errors.map((error) => error.message).join('; '));
  const nowMs = systemClock.now();
  const body = reportOf(maker, envelope, outcome, { startedMs: nowMs, completedMs: nowMs });
  if (!isResult(outcome.result)) throw new Error('the result is none of logs');
  return { result: outcome.result, bytes: Buffer.byteLength(body) };
}

async function pages(asked: PagesQuestion): Promise<PagesAnswer> {
  const { containerId, app, limit, maxPages } = asked;
  const oldest = encodeCursor({ containerId, app, position: undefined }, KEY);
  let cursor = asked.from === 'oldest' ? oldest : asked.from === 'newest' ? undefined : asked.from;
  const delay = monitorEventLoopDelay({ resolution: 2 });
  const totals = { pages: 0, lines: 0, redacted: 0, reportBytes: 0 };
  const cpu = process.cpuUsage();
  const begun = performance.now();
  delay.enable();
  for (let more = true; more && totals.pages < maxPages; ) {
    const { result, bytes } = await page(app, limit, cursor);
    const { lines, truncated, cursor: next } = result;
    totals.pages += 1;
    totals.lines += lines.length;
    totals.redacted += lines.filter((line) => line.redacted).length;
    totals.reportBytes += bytes;
    cursor = next;
    more = truncated;
  }
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  return {
    wallMs: performance.now() - begun,
    cpuMs: (user + system) / 1000,
    loopDelayP99Ms: delay.percentile(99) / 1e6,
    cursor: cursor ?? '',
    ...totals,
  };
}

/** What the delay is when nothing is done: the timer that measures it is part of it. */
async function idleDelayMs(): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: 2 });
  delay.enable();
  await systemClock.sleep(1_000);
  delay.disable();
  return delay.percentile(99) / 1e6;
}

/** The cursor of the line that so many others follow. */
async function cursorBack(containerId: string, app: string, back: number): Promise<string> {
  using reader = await docker.openLog(containerId, back + 1_000, NEVER);
  const lines: LogLine[] = [];
  for (let batch = await reader.read(NEVER); batch !== undefined; batch = await reader.read(NEVER))
    lines.push(...batch);
  const line = lines.at(-1 - back);
  return encodeCursor({ containerId, app, position: line && positionOf(line) }, KEY);
}

async function answer(asked: Question): Promise<unknown> {
  if (asked.ask === 'pages') return await pages(asked);
  if (asked.ask === 'idle') return await idleDelayMs();
  if (asked.ask === 'cursor') return await cursorBack(asked.containerId, asked.app, asked.back);
  return { ready: true };
}

answerQuestions((asked) => answer(question.parse(asked)));
