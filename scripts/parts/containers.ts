// Starts and removes containers for the demo and the tests, with the settings they need and a deadline on every call.
import Docker from 'dockerode';
import type { EngineAddress } from './engine-request.ts';

const CALL_DEADLINE_MS = 30_000;
const NANOSECONDS_PER_MS = 1_000_000;

export interface ContainerSpec {
  readonly image: string;
  readonly name?: string;
  readonly command?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly tty?: boolean;
  readonly restartPolicy?: 'no' | 'always' | 'unless-stopped' | { readonly onFailureMax: number };
  readonly logConfig?: { readonly type: string; readonly options?: Readonly<Record<string, string>> };
  /** `test` is a shell line; a container without it has no health to report. */
  readonly healthcheck?: {
    readonly test: string;
    readonly intervalMs?: number;
    readonly timeoutMs?: number;
    readonly retries?: number;
    readonly startPeriodMs?: number;
  };
  readonly stopSignal?: string;
  /** How long the engine waits for a clean end before it kills, if a stop does not say. */
  readonly stopTimeoutSeconds?: number;
  /** A private engine has no network of its own, so only these two. Without it, `none`. */
  readonly network?: 'none' | 'host';
  readonly memoryBytes?: number;
  /** A small init as process 1, which passes signals on and so lets `sleep` end by SIGTERM. */
  readonly init?: boolean;
}

/** dockerode on an engine's socket; the deadline ends a request whose answer has been silent for so long. */
export function dockerClient(engine: EngineAddress): Docker {
  return new Docker({ socketPath: engine.socketPath, timeout: CALL_DEADLINE_MS });
}

/** Creates and starts a container; returns its full id. */
export async function runContainer(engine: EngineAddress, spec: ContainerSpec): Promise<string> {
  const id = await createContainer(engine, spec);
  await dockerClient(engine).getContainer(id).start();
  return id;
}

/** Creates a container and leaves it in the state `created`. */
export async function createContainer(engine: EngineAddress, spec: ContainerSpec): Promise<string> {
  return (await dockerClient(engine).createContainer(createOptions(spec))).id;
}

/** Kills and removes a container by id or name; that it is not there is not a failure. */
export async function removeContainer(engine: EngineAddress, idOrName: string): Promise<void> {
  try {
    await dockerClient(engine).getContainer(idOrName).remove({ force: true, v: true });
  } catch (error) {
    if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 404)) throw error;
  }
}

function createOptions(spec: ContainerSpec): Docker.ContainerCreateOptions {
  return {
    Image: spec.image,
    Tty: spec.tty ?? false,
    Labels: { ...spec.labels },
    Env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
    HostConfig: hostConfig(spec),
    ...(spec.name === undefined ? {} : { name: spec.name }),
    ...(spec.command === undefined ? {} : { Cmd: [...spec.command] }),
    ...(spec.stopSignal === undefined ? {} : { StopSignal: spec.stopSignal }),
    ...(spec.stopTimeoutSeconds === undefined ? {} : { StopTimeout: spec.stopTimeoutSeconds }),
    ...(spec.healthcheck === undefined ? {} : { Healthcheck: healthConfig(spec.healthcheck) }),
  };
}

function hostConfig(spec: ContainerSpec): Docker.HostConfig {
  return {
    NetworkMode: spec.network ?? 'none',
    RestartPolicy: restartPolicy(spec.restartPolicy ?? 'no'),
    ...(spec.logConfig === undefined
      ? {}
      : { LogConfig: { Type: spec.logConfig.type, Config: { ...spec.logConfig.options } } }),
    ...(spec.memoryBytes === undefined ? {} : { Memory: spec.memoryBytes }),
    ...(spec.init === undefined ? {} : { Init: spec.init }),
  };
}

function restartPolicy(policy: NonNullable<ContainerSpec['restartPolicy']>): Docker.HostRestartPolicy {
  if (typeof policy === 'string') return { Name: policy };
  return { Name: 'on-failure', MaximumRetryCount: policy.onFailureMax };
}

function healthConfig(check: NonNullable<ContainerSpec['healthcheck']>): Docker.HealthConfig {
  const nanoseconds = (ms: number | undefined): number => (ms ?? 0) * NANOSECONDS_PER_MS;
  return {
    Test: ['CMD-SHELL', check.test],
    // Zero stands for the engine's own default in all of these.
    Interval: nanoseconds(check.intervalMs),
    Timeout: nanoseconds(check.timeoutMs),
    StartPeriod: nanoseconds(check.startPeriodMs),
    Retries: check.retries ?? 0,
  };
}
