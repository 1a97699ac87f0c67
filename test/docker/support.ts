// What the tests on a real engine share: the edge under test, and waiting for a container to have said something.
import { EngineDocker } from '../../src/agent/docker/docker.ts';
import type { LogLine } from '../../src/commands/context.ts';
import { systemClock } from '../../src/platform/clock.ts';

export function dockerAt(socketPath: string): EngineDocker {
  return new EngineDocker(socketPath, systemClock);
}

export const never = new AbortController().signal;

export async function linesOf(docker: EngineDocker, id: string, tail = 100_000): Promise<LogLine[]> {
  using reader = await docker.openLog(id, tail, never);
  const lines: LogLine[] = [];
  for (let batch = await reader.read(never); batch !== undefined; batch = await reader.read(never))
    lines.push(...batch);
  return lines;
}

/** Waits until the container has stopped by itself, then gives its log. */
export async function logOfFinished(docker: EngineDocker, id: string): Promise<LogLine[]> {
  await until(async () => (await docker.inspect(id, never)).state === 'exited');
  return await linesOf(docker, id);
}

export async function until(condition: () => Promise<boolean>, deadlineMs = 20_000): Promise<void> {
  const end = systemClock.monotonicMs() + deadlineMs;
  while (!(await condition())) {
    if (systemClock.monotonicMs() > end) throw new Error(`not so within ${deadlineMs} ms`);
    await systemClock.sleep(50);
  }
}
