// health: state, HEALTHCHECK and current resource use of one app, or of every container of the deployment (REQUIREMENTS A4).
import { z } from 'zod';
import { Fault } from '../platform/fault.ts';
import { LIMITS } from '../protocol/limits.ts';
import { reportError } from '../protocol/report.ts';
import { timestamp } from '../protocol/text.ts';
import { appCodeOf, deploymentContainers, resolveContainer } from './container-match.ts';
import { containerState, healthOf, healthStatus, reportedState, worstHealth, worstState } from './container-state.ts';
import type { CommandContext, ContainerDetails, ContainerSummary, ContainerUsage } from './context.ts';
import { defineCommand, type Outcome } from './definition.ts';
import { container, flag } from './parameters.ts';

// A blank app_code is what MCP callers send for "all" (PROTOCOL.md §4.2).
const parameters = z.object({
  app_code: z
    .string()
    .trim()
    .max(LIMITS.appCodeMaxChars)
    .nullish()
    .transform((code) => (code === undefined || code === null || code === '' ? 'all' : code)),
  container,
  include_metrics: flag(true),
});
type Parameters = z.infer<typeof parameters>;

const result = z.object({
  type: z.literal('health'),
  deployment_hash: z.string().max(LIMITS.deploymentHashMaxChars),
  app_code: z.string().max(LIMITS.appCodeMaxChars),
  status: healthStatus,
  container_state: containerState,
  /** When the engine was asked; absent when it could not be. */
  last_heartbeat_at: timestamp.optional(),
  metrics: z.record(z.string().max(100), z.unknown()).nullable(),
  errors: z.array(reportError).max(LIMITS.errorsMaxCount),
});
type Result = z.infer<typeof result>;

/** How many containers are looked at together; the engine answers `stats` a socket at a time. */
const PARALLEL_MAX_COUNT = 16;
const CONTAINERS_MAX_COUNT = 1_000;

interface Reading {
  readonly app_code: string;
  readonly container_name: string;
  readonly status: z.infer<typeof healthStatus>;
  readonly container_state: z.infer<typeof containerState>;
  readonly [metric: string]: unknown;
}

async function run(wanted: Parameters, context: CommandContext, signal: AbortSignal): Promise<Outcome<Result>> {
  const containers = await context.docker.list(signal);
  const all = wanted.app_code === 'all' && wanted.container === undefined;
  if (!all) {
    const found = resolveContainer(containers, wanted, context);
    const {
      app_code: _,
      status,
      container_state,
      ...metrics
    } = await read(found, wanted.include_metrics, context, signal);
    return success(wanted, context, { status, container_state, metrics });
  }
  const chosen = deploymentContainers(containers, context).slice(0, CONTAINERS_MAX_COUNT);
  const readings = await readAll(chosen, wanted.include_metrics, context, signal);
  return success(wanted, context, {
    status: worstHealth(readings.map((reading) => reading.status)),
    container_state: worstState(readings.map((reading) => reading.container_state)),
    // The server drops unknown keys of a health result; `metrics` is the slot that survives (PROTOCOL.md §4.4).
    metrics: { containers: readings },
  });
}

function success(
  wanted: Parameters,
  context: CommandContext,
  found: Pick<Result, 'status' | 'container_state' | 'metrics'>,
): Outcome<Result> {
  return {
    result: {
      type: 'health',
      deployment_hash: context.deploymentHash,
      app_code: wanted.app_code,
      ...found,
      last_heartbeat_at: new Date(context.clock.now()).toISOString(),
      errors: [],
    },
    errors: [],
  };
}

async function readAll(
  containers: readonly ContainerSummary[],
  withMetrics: boolean,
  context: CommandContext,
  signal: AbortSignal,
): Promise<readonly Reading[]> {
  const readings: Reading[] = [];
  for (let from = 0; from < containers.length; from += PARALLEL_MAX_COUNT) {
    const batch = containers.slice(from, from + PARALLEL_MAX_COUNT);
    const read = await Promise.all(batch.map((one) => readOrReason(one, withMetrics, context, signal)));
    readings.push(...read.filter((reading) => reading !== undefined));
  }
  return readings;
}

// One container whose lock is stuck, or which has just been removed, must not hide the others.
async function readOrReason(
  summary: ContainerSummary,
  withMetrics: boolean,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Reading | undefined> {
  try {
    return await read(summary, withMetrics, context, signal);
  } catch (error) {
    if (!(error instanceof Fault) || signal.aborted) throw error;
    if (error.code === 'container_not_found') return undefined;
    return {
      app_code: appCodeOf(summary),
      container_name: summary.name,
      status: 'unknown',
      container_state: 'unknown',
      docker_state: summary.state,
      state_unavailable: error.message,
    };
  }
}

async function read(
  summary: ContainerSummary,
  withMetrics: boolean,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Reading> {
  const details = await context.docker.inspect(summary.id, signal);
  const usage = withMetrics && details.state === 'running' ? await usageOrReason(summary.id, context, signal) : {};
  return {
    app_code: appCodeOf(summary),
    container_name: details.name,
    status: healthOf(details),
    container_state: reportedState(details),
    ...factsOf(details),
    ...usage,
  };
}

function factsOf(details: ContainerDetails): Readonly<Record<string, unknown>> {
  return {
    docker_state: details.state,
    healthcheck: details.healthcheck,
    restart_count: details.restartCount,
    ...(details.startedAt === undefined ? {} : { started_at: details.startedAt }),
    ...(details.state === 'exited' || details.state === 'dead' ? { exit_code: details.exitCode } : {}),
    ...(details.oomKilled ? { oom_killed: true } : {}),
  };
}

// State is worth reporting even when the engine gives no numbers: the reason takes their place.
async function usageOrReason(
  id: string,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    return metricsOf(await context.docker.usage(id, signal));
  } catch (error) {
    if (!(error instanceof Fault) || signal.aborted) throw error;
    return { metrics_unavailable: error.message };
  }
}

function metricsOf(usage: ContainerUsage): Readonly<Record<string, number>> {
  return {
    cpu_pct: usage.cpuPct,
    mem_mb: usage.memMb,
    mem_usage_mb: usage.memMb,
    mem_pct: usage.memPct,
    mem_limit_bytes: usage.memLimitBytes,
    rx_bytes: usage.rxBytes,
    tx_bytes: usage.txBytes,
  };
}

export const health = defineCommand<Parameters, Result>({
  type: 'health',
  summary: 'State, HEALTHCHECK and current resource use of one app, or of every container with app_code "all".',
  effect: 'Reads the list of containers, their state and their resource use.',
  access: 'read',
  capability: undefined,
  deadlineMs: { normal: 30_000, max: 120_000 },
  parameters,
  result,
  example: {
    parameters: { app_code: 'web', include_metrics: true },
    result: {
      type: 'health',
      deployment_hash: 'dep-abc_123',
      app_code: 'web',
      status: 'ok',
      container_state: 'running',
      last_heartbeat_at: '2026-01-09T00:00:00.000Z',
      metrics: { container_name: 'web', docker_state: 'running', healthcheck: 'none', cpu_pct: 0.12, mem_mb: 256 },
      errors: [],
    },
  },
  lane: (wanted) => wanted.container ?? wanted.app_code,
  run,
  failed: (subject) => ({
    type: 'health',
    deployment_hash: subject.deploymentHash,
    app_code: subject.appCode,
    status: 'unknown',
    container_state: 'unknown',
    metrics: null,
    errors: [],
  }),
});
