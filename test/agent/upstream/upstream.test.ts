// What goes over the wire to the control plane, and what its answers become.
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Credentials } from '../../../src/agent/credentials/credentials.ts';
import { HttpClient } from '../../../src/agent/upstream/http-client.ts';
import { ServerClock } from '../../../src/agent/upstream/server-clock.ts';
import { HttpUpstream } from '../../../src/agent/upstream/upstream.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { signBody, verifyBody } from '../../../src/protocol/signature.ts';
import { FakeClock, FixedRandom, NEVER, START_MS } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';
import { GOLDEN_ANSWERS } from '../../protocol/vectors.ts';
import { answerText, MisbehavingServer } from './misbehaving-server.ts';

const TOKEN = 'mkt-test-token_ABC-0123456789';
const AGENT = '4f9c1c34-3b5b-4a69-8d5e-2d2f0a8c8f10';

async function world(answer: (socket: Socket) => void) {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await MisbehavingServer.start(answer));
  const client = stack.use(
    new HttpClient({ origin: server.origin, clock: systemClock, connections: 3, answerMaxBytes: 100_000 }),
  );
  const clock = new FakeClock();
  const log = new RecordingLog();
  const vault = { reads: 0 };
  const source = {
    name: 'vault',
    asked: 'on-schedule' as const,
    read: async () => {
      vault.reads += 1;
      return 'rotated-token-0123456789';
    },
  };
  const random = new FixedRandom();
  const credentials = new Credentials({ initial: TOKEN, source, onChange: () => undefined, clock, random, log });
  const upstream = new HttpUpstream({
    pollClient: client,
    client,
    credentials,
    agentId: AGENT,
    deploymentHash: 'dep/abc 123',
    pollTimeoutSeconds: 30,
    pollIntervalSeconds: 1,
    serverClock: new ServerClock(clock, log, () => undefined),
    clock,
    random,
  });
  return { server, upstream, credentials, vault, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const headerOf = (request: string | undefined, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)\r$`, 'imu').exec(request ?? '')?.[1];
const bodyOf = (request: string | undefined): Buffer =>
  Buffer.from(request?.slice(request.indexOf('\r\n\r\n') + 4) ?? '', 'latin1');
const NOTHING = '{"message":"No command available","item":null,"meta":{"next_poll_secs":1}}';

describe('a poll', () => {
  it('names the deployment, how long and how often, and signs nothing', async () => {
    await using there = await world((socket) => socket.write(answerText(NOTHING)));
    expect(await there.upstream.wait([], NEVER)).toMatchObject({ kind: 'nothing' });
    const [request] = there.server.requests;
    expect(request).toMatch(
      /^GET \/api\/v1\/agent\/commands\/wait\/dep%2Fabc%20123\?timeout=30&interval=1 HTTP\/1\.1\r\n/u,
    );
    expect(headerOf(request, 'authorization')).toBe(`Bearer ${TOKEN}`);
    expect(headerOf(request, 'x-agent-id')).toBe(AGENT);
    expect(headerOf(request, 'x-timestamp')).toBe(String(START_MS / 1000));
    expect(headerOf(request, 'x-agent-signature')).toBe(signBody(TOKEN));
    expect(headerOf(request, 'x-agent-working')).toBeUndefined();
  });

  it('has a fresh request id each time', async () => {
    await using there = await world((socket) => socket.write(answerText(NOTHING)));
    for (let time = 0; time < 3; time += 1) await there.upstream.wait([], NEVER);
    expect(new Set(there.server.requests.map((request) => headerOf(request, 'x-request-id'))).size).toBe(3);
  });

  it("takes the server's time for the next signature", async () => {
    await using there = await world((socket) =>
      socket.write(answerText(NOTHING, 'Date: Sun, 09 Jan 2028 00:00:00 GMT\r\n')),
    );
    await there.upstream.wait([], NEVER);
    await there.upstream.wait([], NEVER);
    expect(headerOf(there.server.requests[1], 'x-timestamp')).toBe(String(Date.parse('2028-01-09T00:00:00Z') / 1000));
  });

  it('answered 204 means that there is no work', async () => {
    await using there = await world((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'));
    expect(await there.upstream.wait([], NEVER)).toMatchObject({ kind: 'nothing' });
  });

  it('answered with a page of something else is tried again later', async () => {
    await using there = await world((socket) => socket.write(answerText('<html>captive portal</html>')));
    expect(await there.upstream.wait([], NEVER)).toMatchObject({
      kind: 'try-later',
      reason: expect.stringContaining('not JSON'),
    });
  });

  it('names the commands in hand', async () => {
    await using there = await world((socket) => socket.write(answerText(NOTHING)));
    await there.upstream.wait(['cmd_1', 'cmd_2'], NEVER);
    expect(headerOf(there.server.requests[0], 'x-agent-working')).toBe('cmd_1,cmd_2');
  });

  it.each(['grüße', '命令', 'a\nb', 'a\r\nx-evil: 1', 'a\u0000b', '🚀'])(
    'goes out although a command in hand is called %j',
    async (id) => {
      await using there = await world((socket) => socket.write(answerText(NOTHING)));
      expect(await there.upstream.wait(['cmd_1', id], NEVER)).toMatchObject({ kind: 'nothing' });
      expect(headerOf(there.server.requests[0], 'x-evil')).toBeUndefined();
    },
  );

  it('has headers that a proxy takes, however many commands are in hand', async () => {
    await using there = await world((socket) => socket.write(answerText(NOTHING)));
    const many = Array.from({ length: 500 }, (_, at) => `cmd_${String(at).padStart(60, '0')}`);
    await there.upstream.wait(many, NEVER);
    // nginx takes 8 KiB a line unless it is told otherwise, and answers 400 to more.
    expect(headerOf(there.server.requests[0], 'x-agent-working')?.length).toBeLessThan(8_000);
  });
});

describe('a report', () => {
  it('is sent as it is, and signed over exactly these bytes', async () => {
    await using there = await world((socket) =>
      socket.write(answerText('{"message":"Result accepted","item":{"accepted":true,"message":"ok"}}')),
    );
    const body = '{"command_id":"cmd_1", "note":"Grüße 🚀"}\n';
    expect(await there.upstream.report(body, NEVER)).toEqual({ kind: 'accepted' });
    const [request] = there.server.requests;
    expect(request).toMatch(/^POST \/api\/v1\/agent\/commands\/report HTTP\/1\.1\r\n/u);
    expect(bodyOf(request).toString('utf8')).toBe(body);
    expect(headerOf(request, 'content-type')).toBe('application/json');
    expect(verifyBody(TOKEN, bodyOf(request), headerOf(request, 'x-agent-signature') ?? '')).toBe(true);
  });

  it.each(['', '<html>captive portal</html>', '{"item":null}', '[]'])(
    'answered 200 with %j is not delivered',
    async (body) => {
      await using there = await world((socket) => socket.write(answerText(body)));
      expect(await there.upstream.report('{}', NEVER)).toMatchObject({ kind: 'try-later' });
    },
  );
});

describe('a refusal', () => {
  const refusals = GOLDEN_ANSWERS.filter((answer) => answer.verdict !== 'accepted' && answer.request === 'wait');
  it.each(refusals)('$status $name', async ({ status, body, verdict }) => {
    await using there = await world((socket) => socket.write(answerText(body, 'Retry-After: 7\r\n', `${status} X`)));
    expect(await there.upstream.wait([], NEVER)).toMatchObject({ kind: verdict, retryAfterMs: 7_000 });
    expect(there.vault.reads).toBe(verdict === 'unauthorized' ? 1 : 0);
  });

  it('of the token is followed by the next request with the new one', async () => {
    let count = 0;
    await using there = await world((socket) => {
      count += 1;
      if (count === 1) socket.write(answerText('{"message":"Invalid agent token"}', '', '400 Bad Request'));
      else socket.write(answerText('{"item":{"accepted":true}}'));
    });
    await there.upstream.wait([], NEVER);
    await there.upstream.report('{}', NEVER);
    expect(headerOf(there.server.requests[1], 'authorization')).toBe('Bearer rotated-token-0123456789');
    expect(headerOf(there.server.requests[1], 'x-agent-signature')).toBe(
      signBody('rotated-token-0123456789', Buffer.from('{}')),
    );
    expect(there.vault.reads).toBe(1);
  });

  it('by silence is unreachable, and an abort is an abort', async () => {
    await using there = await world((socket) => socket.resetAndDestroy());
    expect(await there.upstream.wait([], NEVER)).toMatchObject({ kind: 'unreachable' });
    await expect(there.upstream.wait([], AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
  });
});
