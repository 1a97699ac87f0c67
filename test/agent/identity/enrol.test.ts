// Registration: what goes out, what comes back, and whether trying again makes sense.
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { enrol, type Enrolment } from '../../../src/agent/identity/enrol.ts';
import { HttpClient } from '../../../src/agent/upstream/http-client.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { GOLDEN_REGISTRATIONS } from '../../protocol/vectors.ts';
import { NEVER, START_MS } from '../../platform/fake-clock.ts';

const SERVER = 'http://panel.example';
const BOUGHT: Enrolment = { way: 'purchase_token', purchaseToken: 'pt_hunter2', stackId: 'wordpress' };
const KNOWN: Enrolment = { way: 'deployment_hash', deploymentHash: 'dep-abc_123', capabilities: ['docker', 'logs'] };
const FINGERPRINT = { hostname: 'host-1', os: 'Linux 6.1', arch: 'x64', cpu_count: 2, ram_mb: 2048 };
const FACTS = { serverUrl: SERVER, fingerprint: FINGERPRINT, agentVersion: '0.1.0', nowMs: START_MS };

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

async function register(enrolment: Enrolment): Promise<unknown> {
  await using client = new HttpClient({ origin: SERVER, clock: systemClock, connections: 1, answerMaxBytes: 100_000 });
  return await enrol(client, enrolment, FACTS, NEVER).catch((error: unknown) => error);
}

const answerOf = (name: RegExp): string => GOLDEN_REGISTRATIONS.find((one) => name.test(one.name))?.body ?? '';

describe('by purchase token', () => {
  it('sends token, fingerprint and stack, without any credentials, and becomes what the answer says', async () => {
    const body = { purchase_token: 'pt_hunter2', server_fingerprint: FINGERPRINT, stack_id: 'wordpress' };
    nock(SERVER, { badheaders: ['authorization', 'x-agent-id'] })
      .post('/api/v1/marketplace/agents/register', body)
      .reply(201, answerOf(/flat$/u));
    expect(await register(BOUGHT)).toEqual({
      version: 1,
      server_url: SERVER,
      registered_with: 'purchase_token',
      registered_at: '2026-01-09T00:00:00.000Z',
      agent_id: '4f9c1c34-3b5b-4a69-8d5e-2d2f0a8c8f10',
      agent_token: expect.stringMatching(/^0123456789/u),
      deployment_hash: 'mkt_4f9c1c34',
      dashboard_url: 'https://panel.example.com',
    });
  });

  it('does without a dashboard', async () => {
    nock(SERVER)
      .post('/api/v1/marketplace/agents/register')
      .reply(201, answerOf(/no dashboard/u));
    expect(await register(BOUGHT)).not.toHaveProperty('dashboard_url');
  });
});

describe('by deployment hash', () => {
  it('sends all that production demands and keeps the hash', async () => {
    const body = {
      deployment_hash: 'dep-abc_123',
      capabilities: ['docker', 'logs'],
      system_info: FINGERPRINT,
      agent_version: '0.1.0',
    };
    nock(SERVER, { badheaders: ['authorization', 'x-agent-id'] })
      .post('/api/v1/agent/register', body)
      .reply(200, answerOf(/known already/u));
    expect(await register(KNOWN)).toMatchObject({
      deployment_hash: 'dep-abc_123',
      registered_with: 'deployment_hash',
      agent_token: expect.stringMatching(/^A+b+$/u),
    });
  });
});

describe('a registration that fails', () => {
  it.each([
    [
      400,
      '{"kind":"deserialize","line":1, "column":2, "msg":"missing field"}',
      'registration_refused',
      /HTTP 400: missing field/u,
    ],
    [403, '', 'registration_refused', /HTTP 403: no reason given/u],
    [403, '{"message":"used up","code":"purchase_token_used_up"}', 'registration_refused', /used up/u],
    [409, '{"message":"this deployment has an agent"}', 'registration_refused', /has an agent/u],
    [408, '', 'registration_failed', /408/u],
    [429, '', 'registration_failed', /429/u],
    [500, '{"message":"Database error"}', 'registration_failed', /Database error/u],
    [502, '<html>', 'registration_failed', /502/u],
    [302, '', 'registration_failed', /302/u],
    [200, '<html>captive portal</html>', 'registration_failed', /not JSON.*server URL/u],
    [200, '{}', 'registration_failed', /not that of a registration/u],
    [201, '{"agent_id":"7","agent_token":"x","deployment_hash":""}', 'registration_failed', /agent_id/u],
  ])('HTTP %i %s is %s', async (status, body, code, sentence) => {
    nock(SERVER)
      .post('/api/v1/marketplace/agents/register')
      .reply(status, body, { 'content-type': 'text/plain; charset=utf-8' });
    const failure = await register(BOUGHT);
    expect(failure).toMatchObject({ name: 'Fault', code, message: expect.stringMatching(sentence) });
    expect(String(failure)).not.toContain('hunter2');
  });
});
