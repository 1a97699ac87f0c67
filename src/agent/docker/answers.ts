// The parts of the engine's answers that are used, as schemas, and how they become the commands' values. Pure.
import { z } from 'zod';
import type { ContainerDetails, ContainerSummary, DockerState } from '../../commands/context.ts';
import type { SecretSources } from '../redaction/known-secrets.ts';
import type { UsageSample } from './usage.ts';

const STATES: readonly DockerState[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

// Podman and newer engines may know states that this list does not: those are `unknown`, not an error.
function stateOf(state: string): DockerState {
  return STATES.find((known) => known === state.toLowerCase()) ?? 'unknown';
}

const text = z.string().max(65_536);
const labels = z
  .record(text, text)
  .nullish()
  .transform((value) => value ?? {});

export const containerList = z
  .array(
    z.object({
      Id: z.string().min(12).max(128),
      Names: z.array(text).max(100).nullish(),
      Image: text.default(''),
      State: text.default(''),
      Labels: labels,
    }),
  )
  .max(100_000);

export function summaryOf(container: z.infer<typeof containerList>[number]): ContainerSummary {
  // A linked container has further names with a slash inside; its own has one slash, in front.
  const names = (container.Names ?? []).map((name) => name.replace(/^\//u, ''));
  return {
    id: container.Id,
    name: names.find((name) => !name.includes('/')) ?? container.Id.slice(0, 12),
    image: container.Image,
    state: stateOf(container.State),
    labels: container.Labels,
  };
}

const STOP_GRACE_BY_DEFAULT_SECONDS = 10;

export const containerInspect = z.object({
  Id: z.string().min(12).max(128),
  Name: text,
  RestartCount: z.int().catch(0),
  State: z.object({
    Status: text,
    ExitCode: z.int().catch(0),
    OOMKilled: z.boolean().catch(false),
    StartedAt: text.catch(''),
    FinishedAt: text.catch(''),
    Health: z.object({ Status: text }).nullish(),
  }),
  Config: z.object({
    Tty: z.boolean().catch(false),
    Env: z.array(z.string().max(1_048_576)).max(10_000).nullish(),
    Image: text.catch(''),
    Hostname: text.catch(''),
    Labels: labels.catch({}),
    StopTimeout: z.int().min(-1).max(86_400).nullish(),
  }),
  HostConfig: z.object({ LogConfig: z.object({ Type: text }).nullish() }).nullish(),
  Mounts: z
    .array(z.object({ Type: text.catch(''), Source: text.catch(''), Destination: text.catch('') }))
    .max(1_000)
    .nullish()
    .catch(null),
});

/** The variables, the mounts from the host, and the names by which the container is known. */
export function secretSourcesOf(container: z.infer<typeof containerInspect>): SecretSources {
  const { Config: config } = container;
  const pairs = (config.Env ?? []).map((entry): [string, string] => {
    const at = entry.indexOf('=');
    return at === -1 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
  });
  const image = config.Image.replace(/@sha256:.*$/u, '').replace(/:[^/:]*$/u, '');
  const service = config.Labels['com.docker.compose.service'] ?? config.Labels['my.stacker.service'] ?? '';
  const ownName = container.Name.replace(/^\//u, '');
  return {
    startedAt: pointInTime(container.State.StartedAt),
    environment: Object.fromEntries(pairs),
    mounts: (container.Mounts ?? [])
      .filter((mount) => mount.Type === 'bind' && mount.Source !== '')
      .map((mount) => ({ source: mount.Source, destination: mount.Destination })),
    publicValues: [config.Image, image, image.split('/').at(-1) ?? '', service, ownName, config.Hostname].filter(
      (name) => name !== '',
    ),
  };
}

export function detailsOf(container: z.infer<typeof containerInspect>): ContainerDetails {
  const { State: state, Config: config } = container;
  return {
    id: container.Id,
    name: container.Name.replace(/^\//u, ''),
    state: stateOf(state.Status),
    startedAt: pointInTime(state.StartedAt),
    finishedAt: pointInTime(state.FinishedAt),
    exitCode: state.ExitCode,
    oomKilled: state.OOMKilled,
    healthcheck: healthcheckOf(state.Health?.Status),
    restartCount: container.RestartCount,
    tty: config.Tty,
    logDriver: container.HostConfig?.LogConfig?.Type ?? 'json-file',
    // -1 means "wait for ever": nobody waits for ever for a command.
    stopGraceSeconds: Math.max(config.StopTimeout ?? STOP_GRACE_BY_DEFAULT_SECONDS, 0),
  };
}

// The engine writes year 1 for "never".
export function pointInTime(stamp: string): string | undefined {
  return stamp === '' || stamp.startsWith('0001-') ? undefined : stamp;
}

function healthcheckOf(status: string | undefined): ContainerDetails['healthcheck'] {
  return status === 'starting' || status === 'healthy' || status === 'unhealthy' ? status : 'none';
}

const count = z.number().min(0).catch(0);

export const containerStats = z.object({
  read: text,
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: count }) }),
  memory_stats: z
    .object({
      usage: count,
      limit: count,
      // cgroup v2 says inactive_file, v1 total_inactive_file.
      stats: z.object({ inactive_file: z.number().optional(), total_inactive_file: z.number().optional() }).nullish(),
    })
    .catch({ usage: 0, limit: 0, stats: undefined }),
  networks: z.record(text, z.object({ rx_bytes: count, tx_bytes: count })).nullish(),
});

export function sampleOf(stats: z.infer<typeof containerStats>): UsageSample {
  const networks = Object.values(stats.networks ?? {});
  const memory = stats.memory_stats;
  return {
    readAtMs: Date.parse(stats.read),
    cpuTotalNs: stats.cpu_stats.cpu_usage.total_usage,
    memUsageBytes: memory.usage,
    memInactiveFileBytes: memory.stats?.total_inactive_file ?? memory.stats?.inactive_file ?? 0,
    memLimitBytes: memory.limit,
    rxBytes: networks.reduce((sum, network) => sum + network.rx_bytes, 0),
    txBytes: networks.reduce((sum, network) => sum + network.tx_bytes, 0),
  };
}
