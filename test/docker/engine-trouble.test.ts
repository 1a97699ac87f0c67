// A real engine that is absent, stopped, or killed in the middle: every call settles with a typed error, and the next one works.
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runContainer } from '../../scripts/parts/containers.ts';
import { startPrivateEngine } from '../../scripts/parts/docker-engine.ts';
import { importBusyboxImage } from '../../scripts/parts/images.ts';
import { Engine } from '../../src/agent/docker/engine.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { dockerAt, linesOf, never, until } from './support.ts';

test('no engine: docker_unavailable, with what to check', async () => {
  const docker = dockerAt(join(tmpdir(), 'no-engine-here.sock'));
  await expect(docker.list(never)).rejects.toMatchObject({ code: 'docker_unavailable' });
  await expect(docker.list(never)).rejects.toThrow(/is Docker installed and running/u);
});

test('an engine that is stopped, goes on, is killed and comes back', { timeout: 90_000 }, async () => {
  await using engine = await startPrivateEngine({ say: () => undefined });
  const image = 'trouble:latest';
  await importBusyboxImage(engine, image);
  const id = await runContainer(engine, { image, command: ['sh', '-c', 'seq 1 1000; sleep 600'], init: true });
  const docker = dockerAt(engine.socketPath);
  await until(async () => (await linesOf(docker, id)).length === 1000);

  engine.freeze();
  const frozen = new Engine(engine.socketPath, systemClock);
  const asked = systemClock.monotonicMs();
  await expect(frozen.json({ method: 'GET', path: '/info', deadlineMs: 1_000 }, never)).rejects.toMatchObject({
    code: 'timeout',
  });
  expect(systemClock.monotonicMs() - asked).toBeLessThan(3_000);
  // A caller that gives up is let go at once, with its own reason.
  using hurry = systemClock.deadline(300);
  await expect(docker.inspect(id, hurry.signal)).rejects.toThrow(/within 300 ms/u);
  engine.thaw();
  expect((await docker.inspect(id, never)).state).toBe('running');

  await engine.kill('SIGKILL');
  await expect(docker.list(never)).rejects.toMatchObject({ code: 'docker_unavailable' });
  await engine.restart();
  expect((await docker.list(never)).map((one) => one.id)).toContain(id);
});

describe('an engine that dies in the middle of an answer', () => {
  // The real engine answers too fast to be killed at a chosen byte, so a server that speaks its protocol is killed instead.
  test.each(['body', 'head'] as const)('in the %s: docker_unavailable at once, not at the deadline', async (where) => {
    const path = join(tmpdir(), `dying-engine-${where}-${crypto.randomUUID()}.sock`);
    await using _server = await listening(
      createServer((_, answer) => {
        if (where === 'body') {
          answer.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
          answer.write('[{"Id":');
        }
        setTimeout(() => answer.socket?.destroy(), 50);
      }),
      path,
    );
    const asked = systemClock.monotonicMs();
    await expect(dockerAt(path).list(never)).rejects.toMatchObject({ code: 'docker_unavailable' });
    expect(systemClock.monotonicMs() - asked).toBeLessThan(2_000);
  });

  test('an answer that is no JSON, or not the expected one, is docker_error', async () => {
    const path = join(tmpdir(), `odd-engine-${crypto.randomUUID()}.sock`);
    const bodies = ['<html>', '{"message":1}', '[{"Id":5}]'];
    await using _server = await listening(
      createServer((_, answer) => answer.end(bodies.shift())),
      path,
    );
    for (let tries = 0; tries < 3; tries += 1) {
      await expect(dockerAt(path).list(never)).rejects.toMatchObject({ code: 'docker_error' });
    }
  });
});

async function listening(server: Server, path: string): Promise<Server> {
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return server;
}
