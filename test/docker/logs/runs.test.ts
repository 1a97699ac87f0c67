// Paging through the log of a container that ends and runs again, and of lines that are being written: none is cut short, none comes twice.
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type ContainerSpec, dockerClient, removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { until } from '../support.ts';
import { LogClient, type LogsPage } from './log-client.ts';
import { messages, readPages } from './paging.ts';

const place = { socketPath: inject('engineSocket'), image: inject('engineImage') };
const made: string[] = [];

async function run(spec: Omit<ContainerSpec, 'image'>): Promise<string> {
  const id = await runContainer(place, { image: place.image, init: true, ...spec });
  made.push(id);
  return id;
}

afterEach(async () => {
  for (const id of made.splice(0)) await removeContainer(place, id);
});

const texts = (page: LogsPage): readonly string[] => page.lines.map((line) => line.message);

async function ended(id: string): Promise<void> {
  await until(async () => (await dockerClient(place).getContainer(id).inspect()).State.Status === 'exited');
}

describe('the same container', () => {
  test('goes on after a restart, and after stop and start', async () => {
    const name = 'life-restart';
    const id = await run({ name, command: ['sh', '-c', 'echo begun; seq 1 500; exec sleep 600'] });
    using client = new LogClient(place.socketPath);
    const seen: string[] = [];
    let cursor = LogClient.beginning(id, name);
    const container = dockerClient(place).getContainer(id);
    for (const change of ['none', 'restart', 'stop', 'start'] as const) {
      if (change === 'restart') await container.restart({ t: 1 });
      if (change === 'stop') await container.stop({ t: 1 });
      if (change === 'start') await container.start();
      await systemClock.sleep(500);
      const paged = await readPages({ ...place, app: name, from: cursor, limit: () => 70 });
      seen.push(...messages(paged.lines));
      ({ cursor } = paged);
    }
    const once = ['begun', ...Array.from({ length: 500 }, (_, at) => String(at + 1))];
    expect(seen).toEqual([...once, ...once, ...once]);
    const idle = await client.page({ app_code: name, cursor });
    expect(idle).toMatchObject({ lines: [], truncated: false, cursor });
  });

  test.each(['json-file', 'local'] as const)(
    'has last words without a line feed, and goes on behind them (%s)',
    async (driver) => {
      const name = `life-last-words-${driver}`;
      const script = 'echo begun; echo warning >&2; sleep 0.1; printf panic';
      const logConfig = { type: driver, options: {} };
      const id = await run({ name, command: ['sh', '-c', script], logConfig });
      const seen: string[] = [];
      let cursor = LogClient.beginning(id, name);
      for (let runs = 0; runs < 3; runs += 1) {
        if (runs > 0) await dockerClient(place).getContainer(id).start();
        await ended(id);
        await systemClock.sleep(300);
        const paged = await readPages({ ...place, app: name, from: cursor, limit: () => 2 });
        seen.push(...messages(paged.lines).toSorted());
        ({ cursor } = paged);
      }
      const once = ['begun', 'panic', 'warning'];
      expect(seen).toEqual([...once, ...once, ...once]);
    },
  );

  test('that is made again begins with its first line, and the page says that lines are gone', async () => {
    const name = 'life-again';
    const first = await run({ name, command: ['sh', '-c', 'seq 1 50'] });
    await ended(first);
    using client = new LogClient(place.socketPath);
    const { cursor } = await client.page({ app_code: name, limit: 20 });
    await removeContainer(place, first);
    await ended(await run({ name, command: ['sh', '-c', 'seq 101 150'] }));
    const next = await client.page({ app_code: name, limit: 20, cursor });
    expect(next.truncated).toBe(true);
    expect(texts(next)).toEqual(Array.from({ length: 20 }, (_, at) => String(101 + at)));
    const last = await client.page({ app_code: name, limit: 100, cursor: next.cursor });
    expect([texts(last).length, last.truncated]).toEqual([30, false]);
  });

  test('does not give out a line that is being written, and then gives all of it', async () => {
    const name = 'life-long-line';
    const half = "head -c 20000 /dev/zero | tr '\\000' a";
    const id = await run({
      name,
      command: ['sh', '-c', `echo before; ${half}; sleep 2; ${half}; echo; echo after; sleep 600`],
    });
    await systemClock.sleep(800);
    using client = new LogClient(place.socketPath);
    const early = await client.page({ app_code: name, cursor: LogClient.beginning(id, name) });
    expect(texts(early)).toEqual(['before']);
    expect(early.truncated).toBe(false);
    await systemClock.sleep(2_000);
    const late = await client.page({ app_code: name, cursor: early.cursor });
    expect(texts(late)).toEqual(['a'.repeat(40_000), 'after']);
  });

  test('gives all of a line that was being written when the agent read on, and that the container ended with', async () => {
    const name = 'life-long-end';
    const half = "head -c 20000 /dev/zero | tr '\\000' a";
    const id = await run({
      name,
      command: ['sh', '-c', `echo one; echo two; ${half}; sleep 2; ${half}; echo; echo end`],
    });
    await systemClock.sleep(800);
    using client = new LogClient(place.socketPath);
    const early = await client.page({ app_code: name, limit: 1, cursor: LogClient.beginning(id, name) });
    expect(texts(early)).toEqual(['one']);
    await ended(id);
    const late = await client.page({ app_code: name, cursor: early.cursor });
    expect([texts(late), late.truncated]).toEqual([['two', 'a'.repeat(40_000), 'end'], false]);
  });
});
