// The private Docker Engine that the other tests stand on: it can be hurt in every way they need, and leaves nothing behind.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, inject, it } from 'vitest';
import { createContainer, dockerClient, removeContainer, runContainer } from '../../scripts/parts/containers.ts';
import { type PrivateEngine, startPrivateEngine } from '../../scripts/parts/docker-engine.ts';
import { engineMark, enginePlace, sweepAbandonedEngines } from '../../scripts/parts/engine-leftovers.ts';
import { engineAnswers } from '../../scripts/parts/engine-request.ts';
import { importBusyboxImage } from '../../scripts/parts/images.ts';
import { findProcesses } from '../../scripts/parts/process-table.ts';
import { systemClock } from '../../src/platform/clock.ts';

const silent = { say: () => {} };
const FOREVER = ['sleep', '1000'];
const FROZEN_DEADLINE_MS = 300;

function suffixOf(name: string): string {
  return name.replace('status-panel-engine-', '');
}

/** Everything of the engine with this name that is still on the machine, in words. */
function traces(name: string): string[] {
  const place = enginePlace(suffixOf(name));
  const mark = engineMark(place);
  const processes = findProcesses({ environment: `${mark.name}=${mark.value}`, cgroup: name });
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(name));
  const groups = ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids'].map((dir) => `${dir}/${name}`);
  const paths = [place.runDirectory, place.dataDirectory, ...groups].filter((path) => existsSync(path));
  return [...processes.map((pid) => `process ${pid}`), ...mounts.map((line) => `mount ${line}`), ...paths];
}

async function engineWithImage(): Promise<PrivateEngine> {
  const engine = await startPrivateEngine(silent);
  await importBusyboxImage(engine, 'small');
  return engine;
}

async function eventually(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 200 && !condition(); attempt += 1) await systemClock.sleep(50);
}

describe('the engine of the test run', () => {
  const engine = { socketPath: inject('engineSocket') };
  const image = inject('engineImage');

  it('runs a container and keeps what it printed', async () => {
    const id = await runContainer(engine, { image, command: ['sh', '-c', 'echo out; echo err >&2'], tty: true });
    await dockerClient(engine).getContainer(id).wait();
    const log = await dockerClient(engine).getContainer(id).logs({ stdout: true, stderr: true });
    expect(log.toString()).toBe('out\r\nerr\r\n');
    await removeContainer(engine, id);
    await removeContainer(engine, id);
  });

  it('creates a container as it is told to', async () => {
    const id = await createContainer(engine, {
      image,
      command: FOREVER,
      labels: { 'example.app': 'web' },
      env: { TOKEN: 'value' },
      restartPolicy: { onFailureMax: 3 },
      logConfig: { type: 'json-file', options: { 'max-size': '1m' } },
      healthcheck: { test: 'true', intervalMs: 500 },
      stopSignal: 'SIGUSR1',
      stopTimeoutSeconds: 1,
      memoryBytes: 32 * 1024 * 1024,
    });
    const { Config, HostConfig, State } = await dockerClient(engine).getContainer(id).inspect();
    expect(State.Status).toBe('created');
    expect(Config).toMatchObject({ Labels: { 'example.app': 'web' }, Cmd: FOREVER, StopSignal: 'SIGUSR1' });
    expect(Config.Env).toContain('TOKEN=value');
    expect(Config.Healthcheck).toMatchObject({ Test: ['CMD-SHELL', 'true'], Interval: 500_000_000 });
    expect(HostConfig).toMatchObject({
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      NetworkMode: 'none',
    });
    expect(HostConfig.LogConfig).toStrictEqual({ Type: 'json-file', Config: { 'max-size': '1m' } });
    await removeContainer(engine, id);
  });

  it('starts a container that names no network', async () => {
    const container = await dockerClient(engine).createContainer({ Image: image, Cmd: FOREVER });
    await container.start();
    expect((await container.inspect()).State.Running).toBe(true);
    await removeContainer(engine, container.id);
  });
});

describe('a private engine', () => {
  it('does not answer while frozen, and does once thawed', async () => {
    await using engine = await startPrivateEngine(silent);
    expect(await engineAnswers(engine)).toBe(true);
    engine.freeze();
    expect(await engineAnswers(engine, FROZEN_DEADLINE_MS)).toBe(false);
    engine.thaw();
    expect(await engineAnswers(engine)).toBe(true);
  });

  it('comes back after SIGKILL with the same containers', async () => {
    await using engine = await engineWithImage();
    const id = await runContainer(engine, { image: 'small', name: 'survivor', command: FOREVER, init: true });
    const before = engine.pid;
    await engine.kill('SIGKILL');
    expect(await engineAnswers(engine)).toBe(false);
    await engine.restart();
    expect(engine.pid).not.toBe(before);
    expect((await dockerClient(engine).getContainer('survivor').inspect()).Id).toBe(id);
  });

  it('keeps containers running without it when asked to', async () => {
    await using engine = await startPrivateEngine({ ...silent, liveRestore: true });
    await importBusyboxImage(engine, 'small');
    const id = await runContainer(engine, { image: 'small', command: FOREVER });
    const { Pid } = (await dockerClient(engine).getContainer(id).inspect()).State;
    await engine.kill('SIGKILL');
    expect(existsSync(`/proc/${Pid}`)).toBe(true);
    await engine.restart();
    expect((await dockerClient(engine).getContainer(id).inspect()).State).toMatchObject({ Running: true, Pid });
  });

  it.each(['running', 'frozen', 'killed'])('leaves nothing when stopped while %s', async (state) => {
    const engine = await engineWithImage();
    await runContainer(engine, { image: 'small', command: FOREVER });
    const paused = await runContainer(engine, { image: 'small', command: FOREVER, network: 'host' });
    await dockerClient(engine).getContainer(paused).pause();
    // The looking itself must be able to see: before the end there is a lot.
    expect(traces(engine.name).join('\n')).toMatch(/process[^]*mount[^]*\/run\//u);
    if (state === 'frozen') engine.freeze();
    if (state === 'killed') await engine.kill('SIGKILL');
    await engine.stop();
    await engine.stop();
    expect(traces(engine.name)).toStrictEqual([]);
  });
});

describe('a program that started an engine', () => {
  const program = `
    const { startPrivateEngine } = await import('./scripts/parts/docker-engine.ts');
    const { importBusyboxImage } = await import('./scripts/parts/images.ts');
    const { runContainer } = await import('./scripts/parts/containers.ts');
    const engine = await startPrivateEngine({ say: () => {} });
    await importBusyboxImage(engine, 'small');
    await runContainer(engine, { image: 'small', command: ['sleep', '1000'] });
    console.log(engine.name);
    setInterval(() => {}, 1000);`;

  async function endBy(signal: NodeJS.Signals): Promise<{ name: string; code: number | null }> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exit = once(child, 'exit');
    const [name] = await once(createInterface(child.stdout), 'line');
    expect(traces(String(name))).not.toStrictEqual([]);
    child.kill(signal);
    await exit;
    return { name: String(name), code: child.exitCode };
  }

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('takes it along when ended by %s', async (signal, expected) => {
    const { name, code } = await endBy(signal);
    expect(code).toBe(expected);
    expect(traces(name)).toStrictEqual([]);
  });

  it('is ended by the kernel when the program is killed, and swept up by the next one', async () => {
    const { name } = await endBy('SIGKILL');
    const socketPath = `${enginePlace(suffixOf(name)).runDirectory}/docker.sock`;
    await eventually(() => !existsSync(socketPath));
    expect(await engineAnswers({ socketPath })).toBe(false);
    // Another run on this machine may just be doing the same.
    sweepAbandonedEngines();
    await eventually(() => traces(name).length === 0);
    expect(traces(name)).toStrictEqual([]);
  });
});
