// The agent's part of the logs benchmark, in a process of its own: pages of a log from the parameters of the command to the report's bytes.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { EngineDocker } from '../../src/agent/docker/docker.ts';
import { KnownSecrets } from '../../src/agent/redaction/known-secrets.ts';
import { execute, prepare } from '../../src/agent/worker/execute.ts';
import { reportOf } from '../../src/agent/worker/report-of.ts';
import type { CommandContext } from '../../src/commands/context.ts';
import { encodeCursor } from '../../src/commands/log-cursor.ts';
import { COMMANDS, registryOf } from '../../src/commands/registry.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { answerQuestions, settingsOfProgram } from './program.ts';

const settings = z.object({ socketPath: z.string() }).parse(settingsOfProgram());

const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('ready') }),
  z.object({
    ask: z.literal('pages'),
    containerId: z.string(),
    app: z.string(),
    limit: z.number(),
    /** Where to begin: `oldest`, `newest`, or a cursor that an earlier answer gave. */
    from: z.string(),
    maxPages: z.number(),
  }),
]);

export const pagesAnswer = z.object({
  wallMs: z.number(),
  cpuMs: z.number(),
  loopDelayP99Ms: z.number(),
  pages: z.number(),
  lines: z.number(),
  redacted: z.number(),
  reportBytes: z.number(),
  cursor: z.string(),
});
export type PagesAnswer = z.infer<typeof pagesAnswer>;

const KEY = 'key of the benchmark';
const HASH = 'bench-logs';
const NEVER = new AbortController().signal;
const docker = new EngineDocker(settings.socketPath, systemClock);
const registry = registryOf(COMMANDS);
const secrets = new KnownSecrets({
  environmentOf: (id, signal) => docker.environment(id, signal),
  ownSecrets: () => ['token-of-the-benchmark-0123456789'],
});
const maker = { registry, agentVersion: '0.0.0', mask: (text: string) => secrets.maskText(text) };
const context: CommandContext = {
  deploymentHash: HASH,
  composeProject: undefined,
  docker,
  clock: systemClock,
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
  if (outcome.errors.length > 0) throw new Error(outcome.errors.map((error) => error.message).join('; '));
  const nowMs = systemClock.now();
  const body = reportOf(maker, envelope, outcome, { startedMs: nowMs, completedMs: nowMs });
  if (!isResult(outcome.result)) throw new Error('the result is none of logs');
  return { result: outcome.result, bytes: Buffer.byteLength(body) };
}

async function pages(asked: Extract<z.infer<typeof question>, { ask: 'pages' }>): Promise<PagesAnswer> {
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

answerQuestions(async (asked) => {
  const parsed = question.parse(asked);
  return parsed.ask === 'ready' ? { ready: true } : await pages(parsed);
});
