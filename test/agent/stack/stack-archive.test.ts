// The stack's archive on a host: fetched once, again without a change, replaced in one step, and left alone when something is wrong with it.
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fetchStack, type StackOutcome } from '../../../src/agent/stack/stack-archive.ts';
import { HttpClient } from '../../../src/agent/upstream/http-client.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { tarGz } from '../../platform/archive/written-tar.ts';

const TOKEN = 'pt_token-of-the-purchase';

let state = '';
let server: Server;
let client: HttpClient;
/** What the server does next, and what it was asked. */
let answer: { status: number; body: Buffer | string; breakOffAt?: number } = { status: 404, body: '' };
let asked: (string | undefined)[] = [];

beforeEach(async () => {
  state = mkdtempSync(join(tmpdir(), 'status-panel-stack-'));
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url);
    const { status, body, breakOffAt } = answer;
    response.writeHead(status, { 'content-length': Buffer.byteLength(body) });
    if (breakOffAt === undefined) response.end(body);
    else response.write(Buffer.from(body).subarray(0, breakOffAt), () => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  client = new HttpClient({
    origin: `http://127.0.0.1:${port}`,
    clock: systemClock,
    connections: 1,
    answerMaxBytes: 10_000,
  });
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  server.close();
  server.closeAllConnections();
  rmSync(state, { recursive: true, force: true });
});

async function fetchNow(): Promise<StackOutcome> {
  return await fetchStack(client, TOKEN, state, new AbortController().signal);
}

function serve(text: string): void {
  answer = { status: 200, body: tarGz({ path: 'docker-compose.yml', bytes: text }) };
}

function compose(): string {
  return readFileSync(join(state, 'stack', 'docker-compose.yml'), 'utf8');
}

/** Everything in the state directory, by what is where. */
function everything(): readonly string[] {
  const link = existsSync(join(state, 'stack')) ? [`stack -> ${readlinkSync(join(state, 'stack'))}`] : [];
  return [...readdirSync(state).filter((name) => name !== 'stack'), ...link, ...readdirSync(join(state, 'stacks'))];
}

describe('the archive of a stack', () => {
  it('is asked for with the token and unpacked, for the agent alone to read', async () => {
    serve('one');
    expect(await fetchNow()).toEqual({ kind: 'unpacked', unpacked: { files: 1, sizeBytes: 3 } });
    expect(asked).toEqual([`/api/v1/marketplace/download/${TOKEN}`]);
    expect(compose()).toBe('one');
    expect(statSync(join(state, 'stacks')).mode & 0o777).toBe(0o700);
  });

  it('the same again changes nothing', async () => {
    serve('one');
    await fetchNow();
    const before = everything();
    const { ino } = statSync(join(state, 'stack', 'docker-compose.yml'));
    expect(await fetchNow()).toEqual({ kind: 'unchanged' });
    expect(everything()).toEqual(before);
    expect(statSync(join(state, 'stack', 'docker-compose.yml')).ino).toBe(ino);
  });

  it('another one takes its place, and only the one before stays beside it', async () => {
    for (const text of ['one', 'two', 'three']) {
      serve(text);
      expect((await fetchNow()).kind).toBe('unpacked');
      expect(compose()).toBe(text);
    }
    expect(readdirSync(join(state, 'stacks'))).toHaveLength(2);
    serve('two');
    expect((await fetchNow()).kind).toBe('unpacked');
    expect(compose()).toBe('two');
  });

  it('that the control plane does not have is no fault', async () => {
    answer = { status: 404, body: JSON.stringify({ code: 'stack_archive_missing', message: 'none' }) };
    expect(await fetchNow()).toEqual({ kind: 'none' });
    expect(everything()).toEqual(['stacks']);
  });

  const link = tarGz({ path: 'docker-compose.yml', flag: '2', link: '/etc/passwd' });
  it.each<[string, typeof answer, string, RegExp]>([
    [
      'a token that is not valid',
      { status: 404, body: JSON.stringify({ code: 'not_found' }) },
      'stack_refused',
      /not valid/u,
    ],
    [
      'a server that refuses',
      { status: 403, body: JSON.stringify({ message: 'paid?' }) },
      'stack_refused',
      /HTTP 403: paid/u,
    ],
    [
      'a server in trouble',
      { status: 503, body: JSON.stringify({ message: 'later' }) },
      'stack_refused',
      /HTTP 503: later/u,
    ],
    ['no archive at all', { status: 200, body: 'stack archive placeholder' }, 'archive_damaged', /damaged/u],
    ['a link in it', { status: 200, body: link }, 'archive_unsafe', /links are not unpacked/u],
    ['too many bytes', { status: 200, body: Buffer.alloc(65 * 1024 * 1024) }, 'answer_too_large', /larger/u],
    [
      'an end in the middle',
      { status: 200, body: Buffer.alloc(50_000), breakOffAt: 20_000 },
      'unreachable',
      /127\.0\.0\.1/u,
    ],
  ])('with %s leaves the one that is there', async (_, next, code, message) => {
    serve('good');
    await fetchNow();
    const before = everything();
    answer = next;
    await expect(fetchNow()).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
    await expect(fetchNow()).rejects.not.toMatchObject({ message: expect.stringContaining(TOKEN) });
    expect(compose()).toBe('good');
    expect(everything().filter((name) => name !== '.unpacking')).toEqual(before);
  });

  it('is taken up again after a run that was killed in the middle', async () => {
    serve('one');
    await fetchNow();
    const [hash = ''] = readdirSync(join(state, 'stacks'));
    rmSync(join(state, 'stack'));
    expect((await fetchNow()).kind).toBe('unpacked');
    expect(readlinkSync(join(state, 'stack'))).toBe(join('stacks', hash));
    expect(compose()).toBe('one');
  });
});
