// Open logs: never more than four, those left between two pages give way and end by themselves, and an engine that dies is no end of a log.
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EngineDocker } from '../../../src/agent/docker/docker.ts';
import { LOG_LEFT_OPEN_MAX_MS, LogReaders } from '../../../src/agent/docker/log-readers.ts';
import type { LogBytes } from '../../../src/agent/docker/log-reader.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { FakeClock, NEVER } from '../../platform/fake-clock.ts';
import { frame, STAMP } from './frames-of.ts';

class Bytes implements LogBytes {
  closed = false;

  async read(): Promise<Buffer | undefined> {
    return undefined;
  }

  release(): void {}

  [Symbol.dispose](): void {
    this.closed = true;
  }
}

const READERS_MAX = 4;

class World {
  readonly clock = new FakeClock();
  readonly readers = new LogReaders(this.clock);
  readonly opened: Bytes[] = [];

  async open(id = 'web') {
    return await this.readers.open(
      id,
      async () => {
        const bytes = new Bytes();
        this.opened.push(bytes);
        return { bytes, first: Buffer.alloc(0), tail: 10, tty: false, mayHaveGrown: async () => false };
      },
      NEVER,
    );
  }

  get closed(): readonly boolean[] {
    return this.opened.map((bytes) => bytes.closed);
  }
}

describe('readers of logs', () => {
  it('are four at most; a fifth waits for one that is in use', async () => {
    const world = new World();
    const open = await Promise.all(Array.from({ length: READERS_MAX }, () => world.open()));
    let fifth = false;
    const waiting = world.open().then((reader) => {
      fifth = true;
      return reader;
    });
    await world.clock.advance(1_000);
    expect([fifth, world.readers.usedCount]).toEqual([false, READERS_MAX]);
    open[1]?.[Symbol.dispose]();
    (await waiting)[Symbol.dispose]();
    expect(world.readers.usedCount).toBe(READERS_MAX - 1);
  });

  it('that were left give way to it, the one that was left first', async () => {
    const world = new World();
    for (let at = 0; at < READERS_MAX; at += 1) (await world.open()).leave(`place ${at}`, []);
    await world.open();
    expect(world.closed).toEqual([true, false, false, false, false]);
    expect(world.readers.resume('web', 'place 0')).toBeUndefined();
    expect(world.readers.resume('web', 'place 1')).toBeDefined();
    expect(world.readers.usedCount).toBe(READERS_MAX);
  });

  it('that are left while somebody waits are closed at once', async () => {
    const world = new World();
    const open = await Promise.all(Array.from({ length: READERS_MAX }, () => world.open()));
    const waiting = world.open();
    await world.clock.advance(10);
    open[0]?.leave('place', []);
    await waiting;
    expect(world.closed[0]).toBe(true);
  });

  it('that were left are found by container and place, once, and not closed by who held them', async () => {
    const world = new World();
    const reader = await world.open();
    reader.leave('place', []);
    reader[Symbol.dispose]();
    expect(world.readers.resume('db', 'place')).toBeUndefined();
    expect(world.readers.resume('web', 'place')).toBe(reader);
    expect(world.readers.resume('web', 'place')).toBeUndefined();
    reader[Symbol.dispose]();
    expect([world.closed, world.readers.usedCount]).toEqual([[true], 0]);
  });

  it('that nobody comes back to are closed, and leave no timer', async () => {
    const world = new World();
    (await world.open()).leave('place', []);
    await world.clock.advance(LOG_LEFT_OPEN_MAX_MS - 1);
    expect(world.closed).toEqual([false]);
    await world.clock.advance(1);
    expect([world.closed, world.readers.usedCount, world.clock.pending]).toEqual([[true], 0, 0]);
    (await world.open()).leave('place', []);
    world.readers[Symbol.dispose]();
    expect([world.closed, world.readers.usedCount, world.clock.pending]).toEqual([[true, true], 0, 0]);
  });

  it('that could not be opened do not count', async () => {
    const world = new World();
    const refused = world.readers.open('web', () => Promise.reject(new Error('refused')), NEVER);
    await expect(refused).rejects.toThrow('refused');
    expect(world.readers.usedCount).toBe(0);
  });
});

/** An engine that answers a request for a log in its own way. */
async function engine(logs: RequestListener) {
  const path = join(tmpdir(), `log-engine-${crypto.randomUUID()}.sock`);
  const server = createServer((request, answer) => {
    if (request.url?.includes('/logs') === true) return logs(request, answer);
    const state = { Status: 'running' };
    answer.end(
      JSON.stringify({ Id: 'a'.repeat(64), Name: '/web', State: state, Config: { Tty: false }, HostConfig: {} }),
    );
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return { docker: new EngineDocker(path, systemClock), [Symbol.asyncDispose]: async () => void server.close() };
}

async function textsOf(docker: EngineDocker): Promise<readonly string[]> {
  using reader = await docker.openLog('web', 10, NEVER);
  const texts: string[] = [];
  for (let batch = await reader.read(NEVER); batch !== undefined; batch = await reader.read(NEVER))
    texts.push(...batch.map((line) => line.message));
  return texts;
}

describe('an engine', () => {
  it('that dies in the middle of a log is docker_unavailable, not the end of the log', async () => {
    await using dying = await engine((_, answer) => {
      answer.write(frame('stdout', `${STAMP} one\n`));
      setTimeout(() => answer.socket?.destroy(), 50);
    });
    await expect(textsOf(dying.docker)).rejects.toMatchObject({ code: 'docker_unavailable' });
    expect(dying.docker.openLogsCount).toBe(0);
  });

  it('that says in the log that it cannot read on is logs_unavailable, with its reason', async () => {
    await using stuck = await engine((_, answer) => {
      const words = frame('stdout', 'Error grabbing logs: invalid character');
      words[0] = 3;
      answer.end(Buffer.concat([frame('stdout', `${STAMP} one\n`), words]));
    });
    await expect(textsOf(stuck.docker)).rejects.toMatchObject({
      code: 'logs_unavailable',
      message: expect.stringContaining('invalid character'),
    });
  });

  it.each([
    [404, 'No such container: web', 'container_not_found'],
    [501, 'configured logging driver does not support reading', 'logs_unavailable'],
    [500, 'something else', 'docker_error'],
  ])('that refuses with %i and its sentence is known by it', async (status, message, code) => {
    await using refusing = await engine((_, answer) => {
      answer.writeHead(status).end(JSON.stringify({ message }));
    });
    await expect(textsOf(refusing.docker)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('that is not one is docker_error; a caller that gives up is let go at once with its own reason', async () => {
    await using odd = await engine((_, answer) => void answer.end('<html>not a log</html>'));
    await expect(textsOf(odd.docker)).rejects.toMatchObject({ code: 'docker_error' });
    await using silent = await engine(() => undefined);
    const hurry = new AbortController();
    const opening = silent.docker.openLog('web', 10, hurry.signal);
    setTimeout(() => hurry.abort(new Error('in a hurry')), 50);
    await expect(opening).rejects.toThrow('in a hurry');
    expect(silent.docker.openLogsCount).toBe(0);
  });
});
