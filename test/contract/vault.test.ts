// Vault: the development Vault's KV API, rotation, and what happens when Vault is silent (REQUIREMENTS B9, PROTOCOL.md §3).
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../src/platform/clock.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { DevVault } from '../../src/control-plane/vault/dev-vault.ts';
import { VaultClient } from '../../src/control-plane/vault/vault-client.ts';
import { ShiftedClock } from './clocks.ts';
import { type Answer, onBothDatabases, pause, send, startOn, TestAgent, World, temporaryFolder } from './harness.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const parts = { clock: systemClock, random: systemRandom, log };

describe('development Vault', () => {
  let vault: DevVault;
  beforeAll(async () => {
    vault = await DevVault.start(parts);
  });
  afterAll(async () => {
    await vault[Symbol.asyncDispose]();
  });
  const call = (method: string, path: string, body?: unknown, token = vault.rootToken): Promise<Answer> =>
    send(`${vault.address}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': token, 'x-vault-namespace': 'team-a' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  test('KV v1 returns what was written, under data', async () => {
    const secret = { data: { token: 't'.repeat(20), deployment_hash: 'h1' } };
    expect((await call('POST', 'agent/h1/token', secret)).status).toBe(204);
    const read = await call('GET', 'agent/h1/token');
    expect(read).toMatchObject({ status: 200, body: { data: secret, auth: null, wrap_info: null, lease_id: '' } });
    expect((await call('PUT', 'agent/h1/token', { data: { token: 'x' } })).status).toBe(204);
    expect((await call('GET', 'agent/h1/token')).body['data']).toEqual({ data: { token: 'x' } });
    expect((await call('GET', 'agent/h1?list=true')).body['data']).toEqual({ keys: ['token'] });
    expect((await call('GET', 'agent?list=true')).body['data']).toEqual({ keys: ['h1/'] });
    expect((await call('DELETE', 'agent/h1/token')).status).toBe(204);
    expect(await call('GET', 'agent/h1/token')).toMatchObject({ status: 404, body: { errors: [] } });
  });

  test('KV v2 counts versions, checks and sets, and keeps metadata of what is deleted', async () => {
    const path = 'secret/data/agent/h2/token';
    expect((await call('POST', path, { data: { token: 'one' } })).body['data']).toMatchObject({ version: 1 });
    expect((await call('POST', path, { data: { token: 'two' }, options: { cas: 1 } })).body['data']).toMatchObject({
      version: 2,
    });
    expect(await call('POST', path, { data: { token: 'no' }, options: { cas: 1 } })).toMatchObject({ status: 400 });
    expect((await call('GET', path)).body['data']).toMatchObject({
      data: { token: 'two' },
      metadata: { version: 2, destroyed: false },
    });
    expect((await call('GET', 'secret/metadata/agent/h2?list=true')).body['data']).toEqual({ keys: ['token'] });
    expect((await call('DELETE', path)).status).toBe(204);
    expect(await call('GET', path)).toMatchObject({
      status: 404,
      body: { data: { data: null, metadata: { version: 2 } } },
    });
    expect((await call('GET', 'secret/agent/h2/token')).body['errors']).toHaveLength(1);
  });

  test('without a known token nothing is told', async () => {
    for (const token of ['', 'hvs.wrong']) {
      expect(await call('GET', 'agent/h1/token', undefined, token)).toMatchObject({
        status: 403,
        body: { errors: ['permission denied'] },
      });
    }
    expect((await call('GET', 'sys/health', undefined, '')).body).toMatchObject({ initialized: true, sealed: false });
    expect((await call('GET', 'nothing/here')).status).toBe(404);
  });

  test('a read token reads its own deployment in both mounts and nothing else', async () => {
    for (const hash of ['h3', 'h33']) {
      await call('POST', `agent/${hash}/token`, { data: { token: hash } });
      await call('POST', `secret/data/agent/${hash}/token`, { data: { token: hash } });
    }
    const token = await vault.mintReadToken('h3');
    expect((await call('GET', 'auth/token/lookup-self', undefined, token)).body['data']).toMatchObject({
      policies: ['default', 'agent-read'],
    });
    expect((await call('GET', 'agent/h3/token', undefined, token)).body['data']).toEqual({ data: { token: 'h3' } });
    expect((await call('GET', 'secret/data/agent/h3/token', undefined, token)).status).toBe(200);
    for (const path of [
      'agent/h33/token',
      'secret/data/agent/h33/token',
      'agent/h3/..%2fh33/token',
      'agent?list=true',
    ]) {
      expect((await call('GET', path, undefined, token)).status).toBe(403);
    }
    expect((await call('POST', 'agent/h3/token', { data: {} }, token)).status).toBe(403);
    expect((await call('DELETE', 'agent/h3/token', undefined, token)).status).toBe(403);
  });

  test('a read token can be made over HTTP by the root token only', async () => {
    await call('POST', 'agent/h5/token', { data: { token: 'five' } });
    const made = await call('POST', 'auth/token/create', { policies: ['agent-read:h5'] });
    const token = z.object({ client_token: z.string() }).parse(made.body['auth']).client_token;
    expect((await call('GET', 'agent/h5/token', undefined, token)).status).toBe(200);
    expect((await call('GET', 'agent/h3/token', undefined, token)).status).toBe(403);
    expect((await call('POST', 'auth/token/create', { policies: ['agent-read:h3'] }, token)).status).toBe(403);
    expect((await call('POST', 'auth/token/create', { policies: ['root'] })).status).toBe(400);
  });

  test('the client reads and writes through both mounts', async () => {
    for (const prefix of ['agent', 'secret/data/agent']) {
      await using client = new VaultClient(
        { address: vault.address, token: vault.rootToken, prefix, namespace: 'n' },
        systemClock,
      );
      expect(await client.read('h4')).toBeUndefined();
      await client.write('h4', 'z'.repeat(64));
      expect(await client.read('h4')).toBe('z'.repeat(64));
      await client.remove('h4');
      expect(await client.read('h4')).toBeUndefined();
    }
  });

  test('what is kept in a file survives, private, and without any token in the clear', async () => {
    const file = join(await temporaryFolder(), 'vault.json');
    const first = await DevVault.start({ ...parts, file });
    await using client = new VaultClient({ address: first.address, token: first.rootToken }, systemClock);
    await Promise.all(Array.from({ length: 20 }, (_, n) => client.write(`h${n}`, `${n}`.padStart(64, 'k'))));
    const readToken = await first.mintReadToken('h7');
    await first[Symbol.asyncDispose]();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, 'utf8');
    expect(text).not.toContain(first.rootToken);
    expect(text).not.toContain(readToken);
    await using second = await DevVault.start({ ...parts, file });
    const answer = await send(`${second.address}/v1/agent/h7/token`, { headers: { 'x-vault-token': readToken } });
    expect(answer.body['data']).toMatchObject({ data: { token: '7'.padStart(64, 'k') } });
  });
});

onBothDatabases('rotation', {}, (world) => {
  const works = async (agent: TestAgent): Promise<number> =>
    (await agent.get(`/api/v1/agent/deployments/${agent.deploymentHash}`)).status;

  async function tokenInVault(agent: TestAgent): Promise<string> {
    const { devVault } = world().controlPlane;
    await using client = new VaultClient(
      { address: devVault?.address ?? '', token: devVault?.rootToken ?? '' },
      systemClock,
    );
    return (await client.read(agent.deploymentHash)) ?? '';
  }

  test('the old token stops at once, the one in Vault works, and no answer holds it', async () => {
    const agent = await world().newAgent();
    expect(await works(agent)).toBe(200);
    const answer = await world().admin(`agents/${agent.agentId}/rotate-token`);
    expect(answer.status).toBe(200);
    expect(answer.body['vault_path']).toBe(`/v1/agent/${agent.deploymentHash}/token`);
    expect(await works(agent)).toBe(401);
    const old = agent.token;
    agent.token = await tokenInVault(agent);
    expect(agent.token).not.toBe(old);
    expect(answer.text).not.toContain(agent.token);
    expect(await works(agent)).toBe(200);
  });

  test('a token that somebody rotates in Vault itself works at once', async () => {
    const agent = await world().newAgent();
    expect(await works(agent)).toBe(200);
    const { devVault } = world().controlPlane;
    await using client = new VaultClient(
      { address: devVault?.address ?? '', token: devVault?.rootToken ?? '' },
      systemClock,
    );
    await client.write(agent.deploymentHash, 'n'.repeat(86));
    await pause(1_100);
    agent.token = 'n'.repeat(86);
    expect(await works(agent)).toBe(200);
  });

  test('a poll that waits during a rotation loses no command', async () => {
    const agent = await world().newAgent();
    const poll = agent.poll(30);
    await pause(100);
    await world().admin(`agents/${agent.agentId}/rotate-token`);
    const commandId = await world().enqueue(agent.deploymentHash);
    expect((await poll).commandId).toBe(commandId);
    agent.token = await tokenInVault(agent);
    expect((await agent.report(commandId)).status).toBe(200);
  });

  test('an unknown agent cannot be rotated, and only the administrator may', async () => {
    expect((await world().admin('agents/00000000-0000-4000-8000-000000000000/rotate-token')).status).toBe(404);
    const agent = await world().newAgent();
    const path = `/api/v1/admin/agents/${agent.agentId}/rotate-token`;
    expect((await world().post(path, {}, world().owner.token)).status).toBe(401);
    expect(await works(agent)).toBe(200);
  });
});

test('with Vault silent agents that work go on, and registrations are told to come back', async () => {
  const clock = new ShiftedClock();
  const vault = await DevVault.start(parts);
  const world = await World.around(
    await startOn('postgres', { clock, vault: { address: vault.address, token: vault.rootToken } }),
  );
  await using _ = world.controlPlane;
  const agent = await world.newAgent();
  const path = `/api/v1/agent/deployments/${agent.deploymentHash}`;
  expect((await agent.get(path)).status).toBe(200);
  await vault[Symbol.asyncDispose]();
  expect((await agent.get(path)).status).toBe(200);
  const { purchase_token } = await world.mint();
  const refused = await world.registerWith(purchase_token);
  expect(refused).toMatchObject({ status: 503, body: { code: 'vault_unavailable' } });
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/u);
  const rotation = await world.admin(`agents/${agent.agentId}/rotate-token`);
  expect(rotation.status).toBe(503);
  // Long after what was read from Vault counts as fresh, and then long after it counts at all.
  clock.shiftMs = 60_000;
  expect((await agent.get(path)).status).toBe(200);
  expect(await agent.get(path, { authorization: `Bearer ${'x'.repeat(86)}` })).toMatchObject({ status: 401 });
  clock.shiftMs = 4_000_000;
  const seconds = String(Math.floor(clock.now() / 1000));
  expect(await agent.get(path, { 'x-timestamp': seconds })).toMatchObject({
    status: 503,
    body: { code: 'vault_unavailable' },
  });
});

test('a registration that failed at Vault is completed by its repeat, and takes one place', async () => {
  const before = await DevVault.start(parts);
  const { address, rootToken } = before;
  const world = await World.around(await startOn('postgres', { vault: { address, token: rootToken } }));
  await using _ = world.controlPlane;
  const { purchase_token } = await world.mint({ max_servers: 1 });
  await before[Symbol.asyncDispose]();
  expect(await world.registerWith(purchase_token)).toMatchObject({ status: 503, body: { code: 'vault_unavailable' } });
  await using _after = await DevVault.start({ ...parts, rootToken, port: Number(new URL(address).port) });
  const answer = await world.registerWith(purchase_token);
  expect(answer.status).toBe(200);
  const agent = TestAgent.from(world.controlPlane.url, answer);
  expect((await agent.get(`/api/v1/agent/deployments/${agent.deploymentHash}`)).status).toBe(200);
});

test('a Vault token of the control plane that may not write is named as the reason', async () => {
  await using vault = await DevVault.start(parts);
  const world = await World.around(
    await startOn('postgres', { vault: { address: vault.address, token: 'hvs.wrong' } }),
  );
  await using _ = world.controlPlane;
  const { purchase_token } = await world.mint();
  const refused = await world.registerWith(purchase_token);
  expect(refused).toMatchObject({
    status: 503,
    body: { message: expect.stringContaining('Vault token of the control plane') },
  });
});
