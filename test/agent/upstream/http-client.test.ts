// One request, one answer or one sentence of why there is none, against a server that does everything wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { HttpClient } from '../../../src/agent/upstream/http-client.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { NEVER } from '../../platform/fake-clock.ts';
import { answerText, MisbehavingServer } from './misbehaving-server.ts';

async function world(answer: (socket: Socket, request: string) => void, answerMaxBytes = 10_000) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await MisbehavingServer.start(answer));
  const client = stack.use(
    new HttpClient({ origin: server.origin, clock: systemClock, connections: 2, answerMaxBytes }),
  );
  const get = (deadlineMs = 2_000, signal = NEVER) =>
    client.request({ method: 'GET', path: '/x?y=1', headers: { accept: 'application/json' }, deadlineMs }, signal);
  return { server, client, get, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

describe('a download', () => {
  const download = async (client: HttpClient, limits: { readonly deadlineMs?: number; readonly stallMs?: number }) => {
    const pieces: Buffer[] = [];
    const request = { path: '/big', headers: {}, deadlineMs: 20_000, stallMs: 20_000, ...limits };
    const take = async (piece: Buffer): Promise<void> => {
      pieces.push(piece);
    };
    const answer = await client.download(request, 1_000, take, NEVER);
    return { ...answer, text: Buffer.concat(pieces).toString() };
  };
  const BEGINNING = 'HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nabc';

  it('is handed on as it comes', async () => {
    await using there = await world((socket) => socket.write(`${BEGINNING}def`));
    expect(await download(there.client, {})).toMatchObject({ status: 200, text: 'abcdef' });
  });

  it.each([
    ['in the middle of the body', BEGINNING],
    ['before the first byte', ''],
  ])('that stands still %s is given up long before its deadline', async (_, sent) => {
    await using there = await world((socket) => socket.write(sent));
    await expect(download(there.client, { stallMs: 500 })).rejects.toThrow('nothing came for 500 ms');
  });

  it('that is slow, but comes, is waited for', async () => {
    await using there = await world((socket) => {
      socket.write(BEGINNING);
      ['d', 'e', 'f'].forEach((byte, at) => setTimeout(() => socket.write(byte), 600 * (at + 1)));
    });
    expect(await download(there.client, { stallMs: 1_500 })).toMatchObject({ text: 'abcdef' });
  });
});

describe('an honest server', () => {
  it('gets the exact bytes and gives status, headers and body', async () => {
    await using there = await world((socket) =>
      socket.write(answerText('{"a":"ü"}', 'Retry-After: 7\r\nX-Twice: a\r\nX-Twice: b\r\n', '503 Busy')),
    );
    const body = Buffer.from('{"grüße":"🚀"}\n');
    const answer = await there.client.request(
      { method: 'POST', path: '/report', headers: { 'x-agent-id': '1' }, body, deadlineMs: 2_000 },
      NEVER,
    );
    expect(answer).toMatchObject({
      status: 503,
      body: '{"a":"ü"}',
      headers: { 'retry-after': '7', 'x-twice': 'a, b' },
    });
    expect(there.server.requests[0]).toContain('POST /report HTTP/1.1\r\n');
    expect(there.server.requests[0]?.endsWith(body.toString('latin1'))).toBe(true);
  });

  it('is asked again over the connections there are', async () => {
    await using there = await world((socket) => socket.write(answerText('')));
    for (let request = 0; request < 20; request += 1) await there.get();
    expect(there.server.connections).toBeLessThanOrEqual(2);
  });

  it('may take its time, within the deadline', async () => {
    await using there = await world((socket) => {
      setTimeout(() => socket.write(answerText('late')), 150);
    });
    expect((await there.get()).body).toBe('late');
  });

  it('is reached through a socket of this host in place of the network, with the same request', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'status-panel-socket-'));
    const socketPath = join(folder, 'way-out.sock');
    const requests: string[] = [];
    const server = createServer((socket) => {
      socket.on('data', (chunk) => {
        requests.push(chunk.toString());
        socket.write(answerText('through'));
      });
    });
    await new Promise<void>((resolve) => server.listen(socketPath, resolve));
    const options = { origin: 'http://panel.example.com', clock: systemClock, connections: 1, answerMaxBytes: 1_000 };
    {
      await using client = new HttpClient({ ...options, socketPath });
      expect((await client.request({ method: 'GET', path: '/x', headers: {}, deadlineMs: 2_000 }, NEVER)).body).toBe(
        'through',
      );
    }
    expect(requests[0]).toContain('host: panel.example.com\r\n');
    server.close();
    rmSync(folder, { recursive: true });
  });

  it('is not followed to where it redirects', async () => {
    await using there = await world((socket) =>
      socket.write(answerText('', 'Location: http://127.0.0.1:1/\r\n', '302 Found')),
    );
    expect((await there.get()).status).toBe(302);
    expect(there.server.requests).toHaveLength(1);
  });
});

describe('a server that misbehaves', () => {
  it.each<[string, (socket: Socket) => void, RegExp]>([
    ['never answers', () => undefined, /no complete answer within 150 ms/u],
    [
      'stalls in the head',
      (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-le'),
      /no complete answer within 150 ms/u,
    ],
    [
      'stalls in the body',
      (socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a"'),
      /no complete answer within 150 ms/u,
    ],
    ['resets', (socket) => socket.resetAndDestroy(), /ECONNRESET|other side closed|socket/iu],
    ['closes without a word', (socket) => socket.end(), /other side closed|socket/iu],
    [
      'closes in the middle',
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"a"'),
      /terminated|other side closed|aborted|socket/iu,
    ],
    ['speaks no HTTP', (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n\r\n'), /./u],
    ['sends too much', (socket) => socket.write(answerText('x'.repeat(10_001))), /larger than 10000 bytes/u],
    [
      'sends without end',
      (socket) => socket.write(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(200_000)}`),
      /larger than 10000 bytes/u,
    ],
    ['sends endless headers', (socket) => socket.write(`HTTP/1.1 200 OK\r\n${'x-a: b\r\n'.repeat(20_000)}`), /./u],
  ])('and %s is unreachable, soon', async (_, answer, reason) => {
    await using there = await world(answer);
    const beganMs = systemClock.monotonicMs();
    await expect(there.get(150)).rejects.toMatchObject({
      name: 'Fault',
      code: 'unreachable',
      message: expect.stringMatching(reason),
    });
    expect(systemClock.monotonicMs() - beganMs).toBeLessThan(1_500);
  });

  it('is asked again afterwards as if nothing had been', async () => {
    let count = 0;
    await using there = await world((socket) => {
      count += 1;
      if (count < 4) socket.resetAndDestroy();
      else socket.write(answerText('well'));
    });
    for (let request = 0; request < 3; request += 1)
      await expect(there.get()).rejects.toMatchObject({ code: 'unreachable' });
    expect((await there.get()).body).toBe('well');
  });

  it('holds no other request up', async () => {
    await using there = await world((socket, request) => {
      if (request.includes('POST')) return;
      socket.write(answerText('quick'));
    });
    const stuck = there.client.request(
      { method: 'POST', path: '/', headers: {}, body: Buffer.from('{}'), deadlineMs: 400 },
      NEVER,
    );
    expect((await there.get()).body).toBe('quick');
    await expect(stuck).rejects.toMatchObject({ code: 'unreachable' });
  });

  it('does not keep one waiting who wants to go', async () => {
    await using there = await world(() => undefined);
    const controller = new AbortController();
    const waiting = there.get(60_000, controller.signal);
    await systemClock.sleep(30);
    controller.abort(new Error('stopped'));
    await expect(waiting).rejects.toThrow('stopped');
  });
});

describe('no server', () => {
  it('is unreachable, with its address in the sentence', async () => {
    await using client = new HttpClient({
      origin: 'http://127.0.0.1:1',
      clock: systemClock,
      connections: 1,
      answerMaxBytes: 10,
    });
    const request = client.request({ method: 'GET', path: '/', headers: {}, deadlineMs: 2_000 }, NEVER);
    await expect(request).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/u),
    });
  });
});
