// What the log of a container costs others: the program docker, and a bare request to the engine.
import { spawn } from 'node:child_process';
import { request } from 'node:http';
import process from 'node:process';
import type { PrivateEngine } from '../parts/docker-engine.ts';
import { activityOf } from './process-figures.ts';

export interface Cost {
  readonly wallMs: number;
  /** Of the client. */
  readonly cpuMs: number;
  readonly engineCpuMs: number;
}

/** `docker logs` of the whole, to /dev/null. */
export async function costOfDockerLogs(engine: PrivateEngine, id: string): Promise<Cost> {
  const before = activityOf(engine.pid).cpuMs;
  const timed = await bash(`TIMEFORMAT='%R %U %S'; { time docker logs ${id} >/dev/null 2>/dev/null; } 2>&1`, {
    DOCKER_HOST: engine.dockerHost,
  });
  const [wall, user, system] = timed.trim().split(' ').map(Number);
  if (wall === undefined || user === undefined || system === undefined) throw new Error(`docker logs: ${timed}`);
  const engineCpuMs = activityOf(engine.pid).cpuMs - before;
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000, engineCpuMs };
}

/** Milliseconds of the request that a page comes down to, its bytes thrown away. */
export async function msOfBareTail(engine: PrivateEngine, id: string, tail: number): Promise<number> {
  const begun = performance.now();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const path = `/containers/${id}/logs?stdout=1&stderr=1&timestamps=1&tail=${tail}`;
  const asking = request({ socketPath: engine.socketPath, path, agent: false }, (answer) => {
    answer.resume();
    answer.on('end', resolve);
    answer.on('error', reject);
  });
  asking.on('error', reject);
  asking.end();
  await promise;
  return performance.now() - begun;
}

export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** What a line of bash prints. */
async function bash(line: string, environment: Readonly<Record<string, string>>): Promise<string> {
  const child = spawn('bash', ['-c', line], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...environment },
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const code = await promise;
  if (code !== 0) throw new Error(`docker logs failed (${code}): is the program docker on the PATH?`);
  return said;
}
