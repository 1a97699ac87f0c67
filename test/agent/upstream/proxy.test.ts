// The proxy that is used for an address, and the exceptions from it; and what really goes through one.
import { createServer, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { HttpClient } from '../../../src/agent/upstream/http-client.ts';
import { proxyFor } from '../../../src/agent/upstream/proxy.ts';
import { systemClock } from '../../../src/platform/clock.ts';

const PANEL = 'https://panel.example.com';

describe('the proxy for an address', () => {
  it.each<[string, Record<string, string>, string | undefined]>([
    [PANEL, {}, undefined],
    [PANEL, { HTTPS_PROXY: 'http://proxy:3128' }, 'http://proxy:3128'],
    [PANEL, { https_proxy: 'http://lower:1', HTTPS_PROXY: 'http://upper:1' }, 'http://lower:1'],
    [PANEL, { HTTP_PROXY: 'http://proxy:3128' }, undefined],
    ['http://panel.example.com', { HTTP_PROXY: 'http://proxy:3128' }, 'http://proxy:3128'],
    [PANEL, { ALL_PROXY: 'http://all:3128' }, 'http://all:3128'],
    [PANEL, { HTTPS_PROXY: 'proxy:3128' }, 'http://proxy:3128'],
    [PANEL, { HTTPS_PROXY: ' ' }, undefined],
    ['http://127.0.0.1:8200', { HTTP_PROXY: 'http://proxy:1' }, undefined],
    ['http://localhost:8200', { HTTP_PROXY: 'http://proxy:1' }, undefined],
    ['http://[::1]:8200', { HTTP_PROXY: 'http://proxy:1' }, undefined],
  ])('%s with %j is %s', (origin, environment, proxy) => {
    expect(proxyFor(origin, environment)).toBe(proxy);
  });

  it.each<[string, string, boolean]>([
    ['*', PANEL, true],
    ['example.com', PANEL, true],
    ['.example.com', PANEL, true],
    ['*.example.com', PANEL, true],
    ['PANEL.example.com', PANEL, true],
    ['other.org, panel.example.com', PANEL, true],
    ['other.org panel.example.com', PANEL, true],
    ['panel.example.com:443', PANEL, true],
    ['panel.example.com:8443', PANEL, false],
    ['ple.com', PANEL, false],
    ['', PANEL, false],
    ['10.0.0.7', 'https://10.0.0.7', true],
    ['10.0.0.7', 'https://110.0.0.7', false],
    ['fd00::7', 'https://[fd00::7]:8443', true],
    ['[fd00::7]:8443', 'https://[fd00::7]:8443', true],
    ['[fd00::7]:1', 'https://[fd00::7]:8443', false],
  ])('NO_PROXY=%s exempts %s: %s', (list, origin, exempt) => {
    const proxy = proxyFor(origin, { HTTPS_PROXY: 'http://proxy:1', NO_PROXY: list });
    expect(proxy === undefined).toBe(exempt);
  });
});

describe('a request through a proxy', () => {
  const opened: { close(): unknown }[] = [];
  afterEach(() => {
    for (const one of opened.splice(0)) one.close();
  });

  it('goes as a tunnel, with the password for the proxy alone, and the name is never looked up here', async () => {
    const server = createServer((request, answer) => answer.end(`seen ${JSON.stringify(request.headers)}`));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = addressOf(server);
    const asked: string[] = [];
    const proxy = createServer();
    proxy.on('connect', (request: IncomingMessage, socket: Socket) => {
      asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
      const onward = connect(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        onward.pipe(socket).pipe(onward);
      });
      onward.on('error', () => socket.destroy());
      socket.on('error', () => onward.destroy());
    });
    proxy.listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    opened.push(server, proxy);
    await using client = new HttpClient({
      origin: 'http://panel.invalid',
      clock: systemClock,
      connections: 1,
      answerMaxBytes: 10_000,
      proxy: `http://user:pass%21@127.0.0.1:${addressOf(proxy).port}`,
    });
    const request = { method: 'GET', path: '/x', headers: {}, deadlineMs: 5_000 } as const;
    const { signal } = new AbortController();
    const answers = [await client.request(request, signal), await client.request(request, signal)];
    expect(answers.map((answer) => answer.status)).toEqual([200, 200]);
    expect(answers[0]?.body).toContain('"host":"panel.invalid"');
    expect(answers[0]?.body).not.toContain('proxy-authorization');
    // One connection, kept.
    expect(asked).toEqual([`panel.invalid:80 Basic ${Buffer.from('user:pass!').toString('base64')}`]);
  });

  it('that is not there is a fault that names the server, within the deadline', async () => {
    await using client = new HttpClient({
      origin: PANEL,
      clock: systemClock,
      connections: 1,
      answerMaxBytes: 10_000,
      proxy: 'http://127.0.0.1:1',
    });
    const request = { method: 'GET', path: '/', headers: {}, deadlineMs: 5_000 } as const;
    await expect(client.request(request, new AbortController().signal)).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('panel.example.com'),
    });
  });
});

function addressOf(server: { address(): string | AddressInfo | null }): AddressInfo {
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no address');
  return address;
}
