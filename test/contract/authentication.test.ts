// Authentication of agents: every header, every bit, freshness and replay (REQUIREMENTS B5, PROTOCOL.md §2).
import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { signBody } from '../../src/protocol/signature.ts';
import { ShiftedClock } from './clocks.ts';
import { onBothDatabases, send, type TestAgent } from './harness.ts';

const clock = new ShiftedClock();

onBothDatabases('agent authentication', { clock }, (world) => {
  const snapshotPath = (agent: TestAgent): string => `/api/v1/agent/deployments/${agent.deploymentHash}`;
  const NAMES = {
    'x-agent-id': 'X-Agent-Id',
    authorization: 'Authorization',
    'x-timestamp': 'X-Timestamp',
    'x-request-id': 'X-Request-Id',
    'x-agent-signature': 'X-Agent-Signature',
  };

  test.each(Object.entries(NAMES))('without %s the answer names it', async (header, shown) => {
    const agent = await world().newAgent();
    const headers = agent.headers();
    delete headers[header];
    const url = `${agent.url}/api/v1/agent/commands/wait/${agent.deploymentHash}`;
    const answer = await send(url, { headers });
    expect(answer.status).toBe(401);
    expect(answer.body).toEqual({ code: 'missing_credentials', message: expect.stringContaining(shown) });
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('date')).not.toBeNull();
  });

  const faults: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['an id that is no UUID', { 'x-agent-id': 'agent-1' }, 'malformed_credentials'],
    ['an unknown id', { 'x-agent-id': '00000000-0000-4000-8000-000000000000' }, 'unknown_agent'],
    ['a scheme other than Bearer', { authorization: 'Basic abc' }, 'malformed_credentials'],
    ['another token', { authorization: `Bearer ${'x'.repeat(86)}` }, 'invalid_token'],
    ['a timestamp that is no number', { 'x-timestamp': 'now' }, 'malformed_credentials'],
    ['a request id of other characters', { 'x-request-id': 'a b c d e f g h' }, 'malformed_credentials'],
    ['an old timestamp', { 'x-timestamp': String(Math.floor(Date.now() / 1000) - 330) }, 'stale_timestamp'],
    ['a timestamp ahead', { 'x-timestamp': String(Math.floor(Date.now() / 1000) + 330) }, 'stale_timestamp'],
    ['a signature of something else', { 'x-agent-signature': signBody('x'.repeat(86)) }, 'invalid_signature'],
    ['a signature in hex', { 'x-agent-signature': 'ab'.repeat(32) }, 'invalid_signature'],
  ];
  test.each(faults)('%s is refused', async (_title, headers, code) => {
    const agent = await world().newAgent();
    expect(await agent.get(snapshotPath(agent), headers)).toMatchObject({ status: 401, body: { code } });
  });

  test('a timestamp within 300 s is taken, and the message of a stale one holds the server time', async () => {
    const agent = await world().newAgent();
    const now = Math.floor(Date.now() / 1000);
    for (const offset of [-295, 295]) {
      expect((await agent.get(snapshotPath(agent), { 'x-timestamp': String(now + offset) })).status).toBe(200);
    }
    const stale = await agent.get(snapshotPath(agent), { 'x-timestamp': String(now - 4000) });
    expect(stale.body['message']).toContain(new Date(now * 1000).toISOString().slice(0, 13));
  });

  test('Date is the clock that timestamps are judged by', async () => {
    const agent = await world().newAgent();
    clock.shiftMs = 3_600_000;
    try {
      const stale = await agent.get(snapshotPath(agent));
      expect(stale.body['code']).toBe('stale_timestamp');
      const seconds = Math.floor(Date.parse(stale.headers.get('date') ?? '') / 1000);
      expect((await agent.get(snapshotPath(agent), { 'x-timestamp': String(seconds) })).status).toBe(200);
    } finally {
      clock.shiftMs = 0;
    }
  });

  test('a request id works once', async () => {
    const agent = await world().newAgent();
    const id = { 'x-request-id': randomUUID() };
    expect((await agent.get(snapshotPath(agent), id)).status).toBe(200);
    expect(await agent.get(snapshotPath(agent), id)).toMatchObject({ status: 401, body: { code: 'replayed_request' } });
  });

  test('a request that fails does not use up its id', async () => {
    const agent = await world().newAgent();
    const id = { 'x-request-id': randomUUID() };
    expect((await agent.get(snapshotPath(agent), { ...id, 'x-agent-signature': 'AAAA' })).status).toBe(401);
    expect((await agent.get(snapshotPath(agent), id)).status).toBe(200);
  });

  test('every flipped bit of a short body and of its signature is noticed', async () => {
    const agent = await world().newAgent();
    const text = JSON.stringify({
      command_id: 'c',
      deployment_hash: agent.deploymentHash,
      status: 'ok',
      completed_at: '2026-01-09T00:00:00Z',
    });
    const bytes = Buffer.from(text);
    const post = (body: Buffer, headers: Record<string, string>) =>
      send(`${agent.url}/api/v1/agent/commands/report`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      });
    expect((await post(bytes, agent.headers(text))).status).toBe(404);
    for (let bit = 0; bit < bytes.length * 8; bit += 7) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect((await post(flipped, agent.headers(text))).body['code']).toBe('invalid_signature');
    }
    const signature = Buffer.from(signBody(agent.token, bytes), 'base64');
    for (let bit = 0; bit < signature.length * 8; bit += 5) {
      const flipped = Buffer.from(signature);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const headers = { ...agent.headers(text), 'x-agent-signature': flipped.toString('base64') };
      expect((await post(bytes, headers)).body['code']).toBe('invalid_signature');
    }
  });

  test('the exact bytes are signed: the same JSON with another space is another message', async () => {
    const agent = await world().newAgent();
    const body = '{"command_id": "c"}';
    const headers = { 'content-type': 'application/json', ...agent.headers('{"command_id":"c"}') };
    const answer = await send(`${agent.url}/api/v1/agent/commands/report`, { method: 'POST', body, headers });
    expect(answer.body['code']).toBe('invalid_signature');
  });

  test("another agent's poll is 403, and an unsigned stranger learns nothing", async () => {
    const [mine, other] = [await world().newAgent(), await world().newAgent()];
    const path = `/api/v1/agent/commands/wait/${other.deploymentHash}`;
    expect(await mine.get(path)).toMatchObject({ status: 403, body: { code: 'wrong_deployment' } });
    expect((await mine.get(snapshotPath(other))).status).toBe(403);
    expect((await send(mine.url + path)).status).toBe(401);
  });

  test('an unknown path and a wrong content type are answered in the documented form', async () => {
    const agent = await world().newAgent();
    expect(await agent.get('/api/v1/nothing')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const answer = await send(`${agent.url}/api/v1/agent/commands/report`, {
      method: 'POST',
      body: 'x',
      headers: { 'content-type': 'text/plain' },
    });
    expect(answer).toMatchObject({ status: 415, body: { code: 'unsupported_media_type' } });
  });
});
