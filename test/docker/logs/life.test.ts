// Paging through what happens to containers and to their logs, on a real engine: nothing is lost in silence, nothing comes twice.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { type ContainerSpec, dockerClient, removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { LIMITS } from '../../../src/protocol/limits.ts';
import { until } from '../support.ts';
import { LogClient, type LogsPage } from './log-client.ts';
import { logPath, printed } from './log-container.ts';
import { messages, readPages } from './paging.ts';

const place = { socketPath: inject('engineSocket'), image: inject('engineImage') };
const made: string[] = [];

async function run(spec: Omit<ContainerSpec, 'image'>): Promise<string> {
  const id = await runContainer(place, { image: place.image, init: true, ...spec });
  made.push(id);
  return id;
}

async function print(
  name: string,
  stdout: Buffer | string,
  more: { tty?: boolean; env?: Record<string, string> } = {},
): Promise<string> {
  const driver = more.tty === true ? 'tty' : 'json-file';
  const written = { stdout: Buffer.from(stdout), stderr: Buffer.alloc(0) };
  const id = await printed(place, { name, driver, env: more.env ?? {} }, written);
  made.push(id);
  return id;
}

afterEach(async () => {
  for (const id of made.splice(0)) await removeContainer(place, id);
});

const texts = (page: LogsPage): readonly string[] => page.lines.map((line) => line.message);
const numbered = (from: number, to: number): string =>
  Array.from({ length: to - from }, (_, at) => `n ${from + at}\n`).join('');

async function ended(id: string): Promise<void> {
  await until(async () => (await dockerClient(place).getContainer(id).inspect()).State.Status === 'exited');
}

describe('without a cursor', () => {
  test('come the newest lines, oldest first, filtered by stream before they are counted', async () => {
    const name = 'life-newest';
    const id = await run({ name, command: ['sh', '-c', 'echo rare >&2; seq 1 3000; echo seldom >&2; seq 1 3000'] });
    await ended(id);
    using client = new LogClient(place.socketPath);
    expect(texts(await client.page({ app_code: name, limit: 3 }))).toEqual(['2998', '2999', '3000']);
    const stderr = await client.page({ app_code: name, limit: 2, streams: ['stderr'] });
    expect([texts(stderr), stderr.truncated]).toEqual([['rare', 'seldom'], false]);
    expect(texts(await client.page({ app_code: name, limit: 1, streams: ['stderr'] }))).toEqual(['seldom']);
    const begin = LogClient.beginning(id, name);
    const paged = await readPages({ ...place, app: name, from: begin, limit: () => 1, streams: ['stderr'] });
    expect([messages(paged.lines), paged.faults]).toEqual([['rare', 'seldom'], []]);
  });

  test('come whole lines, however many parts they have', async () => {
    const long = Array.from({ length: 12 }, (_, at) => `${at} ${'x'.repeat(100_000)}`);
    await print('life-parts', `${long.join('\n')}\n`);
    using client = new LogClient(place.socketPath);
    const page = await client.page({ app_code: 'life-parts', limit: 10 });
    expect(texts(page).map((text) => [text.split(' ')[0], text.length])).toEqual(
      Array.from({ length: 10 }, (_, at) => [String(at + 2), String(at + 2).length + 100_001]),
    );
    expect(page.truncated).toBe(true);
    expect((await client.page({ app_code: 'life-parts', limit: 12 })).truncated).toBe(false);
  });
});

describe('a report', () => {
  test('never grows too large: pages end early and go on exactly there', async () => {
    const lines = Array.from({ length: 60 }, (_, at) => `${at} ${'"\u001b'.repeat(20_000)}`);
    const id = await print('life-large', `${lines.join('\n')}\n`);
    const sizes: number[] = [];
    using client = new LogClient(place.socketPath);
    const read: string[] = [];
    let cursor = LogClient.beginning(id, 'life-large');
    for (let more = true; more; ) {
      const page = await client.page({ app_code: 'life-large', limit: 1_000, cursor });
      sizes.push(page.reportBytes);
      read.push(...texts(page));
      ({ cursor, truncated: more } = page);
    }
    expect(Math.max(...sizes)).toBeLessThanOrEqual(LIMITS.reportMaxBytes);
    expect(sizes.length).toBeGreaterThan(3);
    expect(read).toEqual(lines);
    const newest = await client.page({ app_code: 'life-large', limit: 1_000 });
    expect([texts(newest).at(-1), newest.truncated]).toEqual([lines.at(-1), true]);
  });

  test('has a line of a MiB of control characters, cut with a mark, and goes on behind it', async () => {
    await print('life-control', `${'\u0001'.repeat(1_048_576)}\nnext\n`);
    using client = new LogClient(place.socketPath);
    const page = await client.page({ app_code: 'life-control' });
    expect(page.reportBytes).toBeLessThanOrEqual(LIMITS.reportMaxBytes);
    expect(texts(page).at(-1)).toBe('next');
    const begin = LogClient.beginning(made.at(-1) ?? '', 'life-control');
    const paged = await readPages({ ...place, app: 'life-control', from: begin, limit: () => 10 });
    expect(paged.lines.map((line) => line.message.replaceAll('\u0001', ''))).toEqual([
      expect.stringMatching(/^ \[cut: \d+ more bytes\]$/u),
      'next',
    ]);
    expect(paged.faults).toEqual([]);
  });

  test('masks its secrets before it cuts a line: none is left at the cut', async () => {
    const secret = `ghp_${'Ab1'.repeat(12)}`;
    // It begins before the end of what a line may have, and ends behind it.
    for (const before of [20, 10, 4]) {
      const name = `life-cut-${before}`;
      const line = `${'x '.repeat((LIMITS.logMessageMaxBytes - before) / 2)}${secret} ${'y '.repeat(100_000)}`;
      await print(name, `${line}\n`);
      using client = new LogClient(place.socketPath);
      const { lines } = await client.page({ app_code: name, redact: true });
      expect(lines[0]?.redacted).toBe(true);
      expect(lines[0]?.message.slice(-100)).not.toContain('ghp_');
      expect(lines[0]?.message).toMatch(/ \[cut: \d+ more bytes\]$/u);
      expect(Buffer.byteLength(lines[0]?.message ?? '')).toBeLessThanOrEqual(LIMITS.logMessageMaxBytes + 100);
    }
  });
});

describe('a secret', () => {
  const secret = `ghp_${'Zx9'.repeat(12)}`;

  test.each([false, true])('across the boundary of two parts is masked (TTY: %s)', async (tty) => {
    const name = `life-boundary-${tty}`;
    const lines = [1, 2, 10, 39].map((inside) => `${'-'.repeat(16_384 - inside - 1)} ${secret} end`);
    const value = 'Quiet7River8Stone';
    await print(name, `${[...lines, `${'-'.repeat(16_380)} ${value} end`].join('\n')}\n`, {
      tty,
      env: { DB_PASSWORD: value },
    });
    using client = new LogClient(place.socketPath);
    const page = await client.page({ app_code: name, redact: true });
    expect(page.lines.map((line) => [line.redacted, line.message.slice(-30)])).toEqual(
      Array.from({ length: 5 }, () => [true, expect.stringMatching(/\*\*\* end$/u)]),
    );
    expect(JSON.stringify(page)).not.toMatch(/Zx9Zx9|Quiet7|8Stone/u);
  });

  test('key over many lines is masked the same in pages of any size', async () => {
    const body = Array.from({ length: 30 }, (_, at) =>
      Buffer.from(`${at} body of a key `.repeat(4).slice(0, 48)).toString('base64'),
    );
    const label = ['RSA', 'PRIVATE', 'KEY'].join(' ');
    const key = [`-----BEGIN ${label}-----`, ...body, `-----END ${label}-----`];
    const log = [...numbered(0, 40).trim().split('\n'), ...key, 'after', ...numbered(40, 80).trim().split('\n')];
    const id = await print('life-key', `${log.join('\n')}\n`);
    using client = new LogClient(place.socketPath);
    const whole = await client.page({ app_code: 'life-key', limit: 1_000, redact: true });
    expect(whole.lines.filter((line) => line.redacted).length).toBeGreaterThanOrEqual(30);
    for (const limit of [1, 7, 33]) {
      for (const forgets of [false, true]) {
        const read: string[] = [];
        let cursor = LogClient.beginning(id, 'life-key');
        for (let more = true; more; ) {
          using other = new LogClient(place.socketPath);
          const page = await (forgets ? other : client).page({ app_code: 'life-key', limit, cursor, redact: true });
          read.push(...texts(page));
          ({ cursor, truncated: more } = page);
        }
        expect(read).toEqual(texts(whole));
      }
    }
  });
});

describe('a TTY', () => {
  test('that prints one JSON document gives its text', async () => {
    await print('life-json', '{"level":"info","items":[1,2,{"a":"b"}]}\n', { tty: true });
    using client = new LogClient(place.socketPath);
    expect((await client.page({ app_code: 'life-json' })).lines).toEqual([
      expect.objectContaining({ stream: 'stdout', message: '{"level":"info","items":[1,2,{"a":"b"}]}' }),
    ]);
  });
});

describe('what cannot be', () => {
  test.each([
    ['nothing of ours', 'garbage'],
    ['a timestamp', '2026-01-09T00:00:00.123456789Z'],
    ['an old form', Buffer.from('{"v":1,"c":"0123456789abcdef","a":"0123456789abcdef"}').toString('base64url')],
  ])('a cursor that is %s is refused before the log is read', async (_, cursor) => {
    await print('life-cursor', 'one\n');
    using client = new LogClient(place.socketPath);
    expect((await client.page({ app_code: 'life-cursor', cursor })).errors).toMatchObject([{ code: 'invalid_cursor' }]);
    expect(client.docker.openedCount).toBe(0);
  });

  test('a cursor of another app, or changed, is refused before the log is read', async () => {
    await print('life-one', 'one\n');
    await print('life-two', 'two\n');
    using client = new LogClient(place.socketPath);
    const { cursor } = await client.page({ app_code: 'life-one' });
    const opened = client.docker.openedCount;
    const changed = cursor.slice(0, 40) + (cursor[40] === 'A' ? 'B' : 'A') + cursor.slice(41);
    for (const [app_code, given] of [
      ['life-two', cursor],
      ['life-one', changed],
      ['life-one', cursor.slice(0, -2)],
    ] as const) {
      expect((await client.page({ app_code, cursor: given })).errors).toMatchObject([{ code: 'invalid_cursor' }]);
    }
    expect(client.docker.openedCount).toBe(opened);
  });

  test('a driver that keeps nothing is logs_unavailable, with the reason', async () => {
    await run({ name: 'life-none', logConfig: { type: 'none' }, command: ['sleep', '60'] });
    using client = new LogClient(place.socketPath);
    const { errors } = await client.page({ app_code: 'life-none' });
    expect(errors).toMatchObject([
      { code: 'logs_unavailable', message: expect.stringContaining('does not support reading') },
    ]);
    expect(client.docker.openLogsCount).toBe(0);
  });

  test('a log that is damaged gives what the engine still reads of it, once and in order', async () => {
    const id = await print('life-damaged', numbered(0, 3_000));
    const path = await logPath(place, id);
    if (!existsSync(path)) return;
    // As a power loss leaves it. The engine steps over it, with lines that it had in hand, and tells nobody.
    const entries = readFileSync(path, 'utf8').split('\n');
    writeFileSync(path, [...entries.slice(0, 1_000), '\0'.repeat(512), ...entries.slice(1_000)].join('\n'));
    const begin = LogClient.beginning(id, 'life-damaged');
    const paged = await readPages({
      ...place,
      app: 'life-damaged',
      from: begin,
      limit: () => 250,
      newAgent: () => true,
    });
    const numbers = messages(paged.lines).map((text) => Number(text.split(' ')[1]));
    expect(numbers.slice(0, 1_000)).toEqual(Array.from({ length: 1_000 }, (_, at) => at));
    expect(numbers.at(-1)).toBe(2_999);
    expect(numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0))).toBe(true);
    expect(paged.faults).toEqual([]);
  });
});
