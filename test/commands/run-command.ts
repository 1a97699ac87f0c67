// Runs one command as the worker does, against a fake engine, and checks that its report is one the production server takes.
import { reportOf } from '../../src/agent/worker/report-of.ts';
import { execute, investigate, prepare } from '../../src/agent/worker/execute.ts';
import { notInstalled } from '../../src/agent/update/self-update.ts';
import type { CommandContext, Docker, Evidence, MaskedLine, SelfUpdate } from '../../src/commands/context.ts';
import { COMMANDS, registryOf } from '../../src/commands/registry.ts';
import { type Continues, CONTINUES, type Outcome } from '../../src/commands/definition.ts';
import { KeyedLocks } from '../../src/platform/keyed-locks.ts';
import { report as reportSchema, type Report } from '../../src/protocol/report.ts';
import type { CommandEnvelope } from '../../src/protocol/command-envelope.ts';
import { FakeClock, NEVER } from '../platform/fake-clock.ts';
import { RecordingLog } from '../platform/recording-log.ts';
import { assertValidReport } from '../protocol/strict-report.ts';
import { z } from 'zod';

export const HASH = 'dep-abc_123';
export const CURSOR_KEY = 'key of the tests';
export const REGISTRY = registryOf(COMMANDS);

export interface Setup {
  readonly docker: Docker;
  readonly clock?: FakeClock;
  readonly composeProject?: string;
  readonly allowUnredactedLogs?: boolean;
  readonly timeoutSeconds?: number;
  readonly log?: RecordingLog;
  readonly selfUpdate?: SelfUpdate;
  readonly stopping?: AbortSignal;
}

export interface Ran {
  readonly report: Report;
  readonly result: Readonly<Record<string, unknown>>;
  /** Codes of the report's errors. */
  readonly codes: readonly string[];
  /** What was noted before each effect. */
  readonly evidence: readonly Evidence[];
}

const anyResult = z.record(z.string(), z.unknown());

/** For the commands that always end. */
export async function runCommand(type: string, parameters: unknown, setup: Setup): Promise<Ran> {
  const outcome = await beginCommand(type, parameters, setup);
  if (outcome === CONTINUES) throw new Error(`${type} would go on without this process`);
  return outcome;
}

export async function beginCommand(type: string, parameters: unknown, setup: Setup): Promise<Ran | Continues> {
  const { execution, evidence, clock } = executionOf(type, parameters, setup);
  const ready = prepare(REGISTRY, execution.command, execution.envelope);
  if ('refused' in ready) return ran(execution.envelope, ready.refused, evidence);
  const running = execute(execution, ready.prepared, NEVER);
  const outcome = await finished(running, clock);
  return outcome === CONTINUES ? outcome : ran(execution.envelope, outcome, evidence);
}

/** What an agent finds that comes back after a crash in the middle of the command. */
export async function investigateCommand(
  type: string,
  parameters: unknown,
  before: Evidence,
  setup: Setup,
  mayRunAgain = true,
): Promise<Ran | Continues | 'run-again'> {
  const { execution, evidence, clock } = executionOf(type, parameters, setup);
  const ready = prepare(REGISTRY, execution.command, execution.envelope);
  if ('refused' in ready) throw new Error('the parameters were refused');
  const outcome = await finished(investigate(execution, ready.prepared, before, mayRunAgain, NEVER), clock);
  return outcome === 'run-again' || outcome === CONTINUES ? outcome : ran(execution.envelope, outcome, evidence);
}

function executionOf(type: string, parameters: unknown, setup: Setup) {
  const command = REGISTRY.get(type);
  if (command === undefined) throw new Error(`no command ${type}`);
  const envelope: CommandEnvelope = {
    command_id: 'cmd_1',
    deployment_hash: HASH,
    type,
    parameters,
    timeout_seconds: setup.timeoutSeconds ?? null,
  };
  const clock = setup.clock ?? new FakeClock();
  const evidence: Evidence[] = [];
  const locks = new KeyedLocks();
  const context: CommandContext = {
    deploymentHash: HASH,
    composeProject: setup.composeProject,
    docker: setup.docker,
    clock,
    selfUpdate: setup.selfUpdate ?? notInstalled('0.0.0'),
    stopping: setup.stopping ?? NEVER,
    maskFor: async () => ({ lines: maskLines }),
    cursorKey: CURSOR_KEY,
    allowUnredactedLogs: setup.allowUnredactedLogs ?? false,
    beforeEffect: (noted) => {
      evidence.push(noted);
    },
    lockContainer: (id, signal) => locks.acquire(id, signal),
  };
  const log = setup.log ?? new RecordingLog();
  return { execution: { envelope, command, registry: REGISTRY, context, log }, evidence, clock };
}

/** Time passes while the command runs, as much of it as it needs. */
async function finished<T>(running: Promise<T>, clock: FakeClock): Promise<T> {
  const state = { done: false };
  const watched = running.finally(() => {
    state.done = true;
  });
  for (let step = 0; step < 20_000 && !state.done; step += 1) await clock.advance(50);
  return await watched;
}

function ran(envelope: CommandEnvelope, outcome: Outcome, evidence: readonly Evidence[]): Ran {
  const times = { startedMs: Date.parse('2026-01-09T00:00:00Z'), completedMs: Date.parse('2026-01-09T00:00:01Z') };
  const maker = { registry: REGISTRY, agentVersion: '0.0.0', mask: maskText };
  const body = reportOf(maker, envelope, outcome, times);
  assertValidReport(body, envelope.type);
  const report = reportSchema.parse(JSON.parse(body));
  const result = REGISTRY.get(envelope.type)?.result.parse(report.result);
  return { report, result: anyResult.parse(result), codes: (report.errors ?? []).map((error) => error.code), evidence };
}

/** Takes "hunter2" for a secret. */
function maskText(text: string): string {
  return text.replaceAll('hunter2', '***');
}

function maskLines(lines: readonly string[]): readonly MaskedLine[] {
  return lines.map((line) => ({ text: maskText(line), redacted: maskText(line) !== line }));
}
