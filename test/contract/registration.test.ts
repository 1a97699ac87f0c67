// Registration: with a purchase token and by deployment hash, each refusal, and what a repeat does (REQUIREMENTS B3, B4).
import { expect, test } from 'vitest';
import { agentRegisterAnswer } from '../../src/protocol/registration.ts';
import { FINGERPRINT, findsNothing, newPerson, onBothDatabases, TestAgent } from './harness.ts';

onBothDatabases('registration with a purchase token', {}, (world) => {
  test('the first time is 201 with an identity that works', async () => {
    const { purchase_token } = await world().mint();
    const answer = await world().registerWith(purchase_token);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      agent_id: expect.stringMatching(/^[\da-f-]{36}$/u),
      agent_token: expect.stringMatching(/^[\w-]{64,}$/u),
      deployment_hash: expect.stringMatching(/^mkt_[\da-f]{32}$/u),
      dashboard_url: world().controlPlane.url,
    });
    const agent = TestAgent.from(world().controlPlane.url, answer);
    expect((await agent.get(`/api/v1/agent/deployments/${agent.deploymentHash}`)).status).toBe(200);
  });

  test('the token is in Vault where production writes it', async () => {
    const { devVault } = world().controlPlane;
    const agent = await world().newAgent();
    const answer = await fetch(`${devVault?.address}/v1/agent/${agent.deploymentHash}/token`, {
      headers: { 'x-vault-token': devVault?.rootToken ?? '' },
    });
    expect(await answer.json()).toMatchObject({
      data: { data: { token: agent.token, deployment_hash: agent.deploymentHash } },
    });
  });

  test('the same server again gets the same identity, a fresh token, and is not counted twice', async () => {
    const { purchase_token } = await world().mint({ max_servers: 1 });
    const first = await world().registerWith(purchase_token);
    const second = await world().registerWith(purchase_token);
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body['agent_id']).toBe(first.body['agent_id']);
    expect(second.body['deployment_hash']).toBe(first.body['deployment_hash']);
    expect(second.body['agent_token']).not.toBe(first.body['agent_token']);
    const old = TestAgent.from(world().controlPlane.url, first);
    const path = `/api/v1/agent/deployments/${old.deploymentHash}`;
    expect(await old.get(path)).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
    expect((await TestAgent.from(old.url, second).get(path)).status).toBe(200);
  });

  test('a server is recognised by its machine id, whatever else changed', async () => {
    const { purchase_token } = await world().mint({ max_servers: 1 });
    const machine_id_hash = 'a'.repeat(64);
    const first = await world().registerWith(purchase_token, {
      server_fingerprint: { ...FINGERPRINT, machine_id_hash },
    });
    const changed = { ...FINGERPRINT, machine_id_hash, hostname: 'renamed', ram_mb: 4096 };
    const second = await world().registerWith(purchase_token, { server_fingerprint: changed });
    expect(second.status).toBe(200);
    expect(second.body['agent_id']).toBe(first.body['agent_id']);
  });

  test('more servers than paid for are refused, also when they come at the same moment', async () => {
    const { purchase_token } = await world().mint({ max_servers: 2 });
    const servers = ['one', 'two', 'three', 'four', 'five'].map((hostname) => ({ ...FINGERPRINT, hostname }));
    const answers = await Promise.all(
      servers.map((server_fingerprint) => world().registerWith(purchase_token, { server_fingerprint })),
    );
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 201, 403, 403, 403]);
    expect(answers.find((answer) => answer.status === 403)?.body['code']).toBe('purchase_token_used_up');
  });

  test('ten registrations of one server at the same moment make one identity', async () => {
    const { purchase_token } = await world().mint({ max_servers: 3 });
    const answers = await Promise.all(Array.from({ length: 10 }, () => world().registerWith(purchase_token)));
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1);
    expect(answers.filter((answer) => answer.status === 200)).toHaveLength(9);
    expect(new Set(answers.map((answer) => answer.body['agent_id'])).size).toBe(1);
  });

  test('each refusal says why', async () => {
    const unknown = await world().registerWith(`pt_${'x'.repeat(43)}`);
    expect(unknown).toMatchObject({
      status: 403,
      body: { code: 'purchase_token_unknown', message: expect.stringContaining('e-mail') },
    });
    const malformed = await world().registerWith(`pt_'; DROP TABLE agents; --`);
    expect(malformed).toMatchObject({ status: 403, body: { code: 'purchase_token_unknown' } });
    const expired = await world().mint({ expires_at: '2020-01-01T00:00:00Z' });
    expect((await world().registerWith(expired.purchase_token)).body['code']).toBe('purchase_token_expired');
    const other = await world().mint({ stack_id: 'stack-2' });
    expect((await world().registerWith(other.purchase_token)).body['code']).toBe('purchase_token_stack');
    const revoked = await world().mint();
    expect((await world().admin(`purchase-tokens/${revoked.id}/revoke`)).status).toBe(200);
    expect(await world().registerWith(revoked.purchase_token)).toMatchObject({
      status: 403,
      body: { code: 'purchase_token_revoked' },
    });
  });

  test('a user token is no purchase token, and an incomplete body names the field', async () => {
    expect((await world().registerWith(world().owner.token)).body['code']).toBe('purchase_token_unknown');
    const { purchase_token } = await world().mint();
    const answer = await world().post('/api/v1/marketplace/agents/register', { purchase_token, stack_id: 'stack-1' });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: expect.stringContaining('server_fingerprint') },
    });
  });

  test('only the administrator mints', async () => {
    const body = { stack_id: 'stack-1', user_id: world().owner.userId };
    const asUser = await world().post('/api/v1/admin/purchase-tokens', body, world().owner.token);
    expect(asUser).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
    expect((await world().post('/api/v1/admin/purchase-tokens', body)).body['code']).toBe('missing_credentials');
  });
});

const ANNOUNCEMENT = { capabilities: ['docker', 'logs'], system_info: FINGERPRINT, agent_version: '1.2.3' };

onBothDatabases('registration by deployment hash', {}, (world) => {
  const deployment = async (): Promise<string> => {
    const answer = await world().admin('deployments', { user_id: world().owner.userId });
    return String(answer.body['deployment_hash']);
  };
  const register = (deployment_hash: string, more: object = {}) =>
    world().post('/api/v1/agent/register', { deployment_hash, ...ANNOUNCEMENT, ...more });
  const agentOf = (hash: string, body: Readonly<Record<string, unknown>>): TestAgent => {
    const { item } = agentRegisterAnswer.parse(body).data;
    return new TestAgent(world().controlPlane.url, item.agent_id, item.agent_token, hash);
  };

  test('the first agent of a known deployment is 201 in the nested form', async () => {
    const hash = await deployment();
    const answer = await register(hash);
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({
      data: {
        item: {
          agent_id: expect.any(String),
          agent_token: expect.stringMatching(/^[\w-]{64,}$/u),
          dashboard_version: expect.any(String),
          supported_api_versions: ['1.0'],
        },
      },
    });
    expect(await findsNothing(agentOf(hash, answer.body))).toBe(true);
  });

  test('an unknown deployment is 404', async () => {
    expect(await register('dep_unknown')).toMatchObject({ status: 404, body: { code: 'deployment_not_found' } });
  });

  test('the hash alone does not yield the token of an agent at work', async () => {
    const hash = await deployment();
    const agent = agentOf(hash, (await register(hash)).body);
    await world().enqueue(hash);
    await agent.poll();
    const answer = await register(hash);
    expect(answer).toMatchObject({
      status: 409,
      body: { code: 'already_registered', message: expect.stringContaining('sign the request') },
    });
    expect(answer.text).not.toContain(agent.token);
  });

  test('a first registration whose answer was lost can be repeated by that server only', async () => {
    const hash = await deployment();
    const lost = await register(hash);
    expect((await register(hash, { system_info: { ...FINGERPRINT, hostname: 'thief' } })).status).toBe(409);
    const again = await register(hash);
    expect(again.status).toBe(200);
    expect(agentOf(hash, again.body).agentId).toBe(agentOf(hash, lost.body).agentId);
    expect((await agentOf(hash, again.body).get(`/api/v1/agent/deployments/${hash}`)).status).toBe(200);
  });

  test('an agent from the marketplace announces what it can do by signing', async () => {
    const agent = await world().newAgent();
    const answer = await agent.post('/api/v1/agent/register', {
      deployment_hash: agent.deploymentHash,
      ...ANNOUNCEMENT,
    });
    expect(answer.status).toBe(200);
    expect(agentOf(agent.deploymentHash, answer.body)).toMatchObject({ agentId: agent.agentId, token: agent.token });
    const capabilities = await world().get(`/api/v1/deployments/${agent.deploymentHash}/capabilities`);
    expect(capabilities.body['item']).toMatchObject({ capabilities: ['docker', 'logs'], version: '1.2.3' });
  });

  test('an agent cannot announce for another deployment', async () => {
    const [mine, other] = [await world().newAgent(), await world().newAgent()];
    const answer = await mine.post('/api/v1/agent/register', {
      deployment_hash: other.deploymentHash,
      ...ANNOUNCEMENT,
    });
    expect(answer).toMatchObject({ status: 403, body: { code: 'wrong_deployment' } });
  });

  test('a deployment needs a user that exists', async () => {
    const stranger = await newPerson(world().controlPlane);
    expect((await world().admin('deployments', { user_id: stranger.userId })).status).toBe(201);
    const nobody = await world().admin('deployments', { user_id: '00000000-0000-4000-8000-000000000000' });
    expect(nobody).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });
});
