// What people do: enqueue, read, wait for outcomes, see capabilities and the snapshot; and whose business it is (REQUIREMENTS B5, B6).
import { expect, test } from 'vitest';
import { CAPABILITY_MAP } from '../../src/protocol/capability.ts';
import { ShiftedClock } from './clocks.ts';
import { SNAPSHOT_COMMANDS_COUNT } from '../../src/protocol/snapshot.ts';
import { FINGERPRINT, newPerson, onBothDatabases, pause, type TestAgent } from './harness.ts';

const clock = new ShiftedClock();

onBothDatabases('people', { clock }, (world) => {
  const enqueue = (agent: TestAgent, body: object, token = world().owner.token) =>
    world().post('/api/v1/agent/commands/enqueue', { deployment_hash: agent.deploymentHash, ...body }, token);

  test('an enqueue is 202 with the queued command', async () => {
    const agent = await world().newAgent();
    const answer = await enqueue(agent, { command_type: 'start', parameters: { app_code: 'web', anything: [1] } });
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      message: 'Command enqueued',
      item: {
        status: 'queued',
        type: 'start',
        priority: 'normal',
        timeout_seconds: 300,
        parameters: { app_code: 'web', anything: [1] },
      },
    });
  });

  const normalised: readonly (readonly [string, object | undefined, object])[] = [
    ['health', undefined, { app_code: 'all', include_metrics: true, include_system: false }],
    [
      'health',
      { app_code: 'web', include_metrics: false, junk: 1 },
      { app_code: 'web', include_metrics: false, include_system: false },
    ],
    [
      'logs',
      { app_code: 'web', streams: [] },
      { app_code: 'web', limit: 400, streams: ['stdout', 'stderr'], redact: true },
    ],
    [
      'logs',
      { app_code: 'web', streams: ['stderr'], limit: 1000, cursor: 'c' },
      { app_code: 'web', limit: 1000, streams: ['stderr'], redact: true, cursor: 'c' },
    ],
    ['restart', { app_code: 'web' }, { app_code: 'web', force: false }],
  ];
  test.each(normalised)('parameters of %s are filled in: %j', async (command_type, parameters, stored) => {
    const answer = await enqueue(await world().newAgent(), { command_type, parameters });
    expect(answer.status).toBe(202);
    expect(answer.body['item']).toHaveProperty('parameters', stored);
  });

  const refused: readonly (readonly [string, object | undefined, string])[] = [
    ['health', { app_code: ' ' }, 'parameters.app_code'],
    ['logs', undefined, 'parameters.app_code'],
    ['logs', { app_code: 'web', limit: 0 }, 'parameters.limit'],
    ['logs', { app_code: 'web', limit: 1001 }, 'parameters.limit'],
    ['logs', { app_code: 'web', streams: ['STDOUT'] }, 'parameters.streams.0'],
    ['restart', {}, 'parameters.app_code'],
    ['restart', { app_code: 'web', force: 'yes' }, 'parameters.force'],
    ['  ', {}, 'command_type'],
  ];
  test.each(refused)('%s with %j is refused by name', async (command_type, parameters, path) => {
    const answer = await enqueue(await world().newAgent(), { command_type, parameters });
    expect(answer).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', message: expect.stringContaining(path) },
    });
  });

  test("somebody else's deployment looks like none, for every call", async () => {
    const agent = await world().newAgent();
    const commandId = await world().enqueue(agent.deploymentHash);
    const stranger = await newPerson(world().controlPlane);
    expect(await enqueue(agent, { command_type: 'start' }, stranger.token)).toMatchObject({
      status: 404,
      body: { code: 'deployment_not_found' },
    });
    for (const path of [
      `/api/v1/commands/${agent.deploymentHash}`,
      `/api/v1/commands/${agent.deploymentHash}/${commandId}`,
      `/api/v1/deployments/${agent.deploymentHash}/capabilities`,
      `/api/v1/agent/deployments/${agent.deploymentHash}`,
    ]) {
      expect(await world().get(path, stranger.token)).toMatchObject({
        status: 404,
        body: { code: 'deployment_not_found' },
      });
      expect((await world().get(path, world().controlPlane.adminToken)).status).toBe(200);
      expect(await world().get(path, 'ut_wrong')).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
    }
    const cancel = await world().post(
      `/api/v1/commands/${agent.deploymentHash}/${commandId}/cancel`,
      {},
      stranger.token,
    );
    expect(cancel.status).toBe(404);
    expect((await agent.poll()).commandId).toBe(commandId);
  });

  test('the agent itself may not enqueue', async () => {
    const agent = await world().newAgent();
    const answer = await agent.post('/api/v1/agent/commands/enqueue', {
      deployment_hash: agent.deploymentHash,
      command_type: 'start',
    });
    expect(answer).toMatchObject({ status: 401, body: { code: 'invalid_token' } });
  });

  test('the list is newest first, limited, without outcomes unless asked', async () => {
    const agent = await world().newAgent();
    const ids = [
      await world().enqueue(agent.deploymentHash),
      await world().enqueue(agent.deploymentHash),
      await world().enqueue(agent.deploymentHash),
    ];
    await agent.poll();
    await agent.report(ids[0] ?? '', { result: { n: 1 } });
    const path = `/api/v1/commands/${agent.deploymentHash}`;
    const all = await world().get(`${path}?include_results=true`);
    expect(all.body['list']).toMatchObject([
      { command_id: ids[2] },
      { command_id: ids[1] },
      { command_id: ids[0], result: { n: 1 } },
    ]);
    expect((await world().get(`${path}?limit=2`)).body['list']).toMatchObject([
      { command_id: ids[2] },
      { command_id: ids[1] },
    ]);
    expect((await world().get(path)).body['list']).toMatchObject([{}, {}, { result: null, status: 'completed' }]);
    for (const query of ['limit=0', 'limit=501', 'wait_ms=30001', 'since=yesterday', 'include_results=1']) {
      expect((await world().get(`${path}?${query}`)).status).toBe(400);
    }
  });

  test('waiting for an outcome ends when the report comes', async () => {
    const agent = await world().newAgent();
    const commandId = await world().enqueue(agent.deploymentHash);
    await agent.poll();
    const now = new Date().toISOString();
    const one = world().get(`/api/v1/commands/${agent.deploymentHash}/${commandId}?wait_ms=20000`);
    const list = world().get(
      `/api/v1/commands/${agent.deploymentHash}?since=${now}&wait_ms=20000&include_results=true`,
    );
    await pause(100);
    const from = performance.now();
    await agent.report(commandId, { result: { n: 7 } });
    expect((await one).body['item']).toMatchObject({ status: 'completed', result: { n: 7 } });
    expect((await list).body['list']).toMatchObject([{ command_id: commandId, result: { n: 7 } }]);
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(await world().get(`/api/v1/commands/${agent.deploymentHash}/cmd_none`)).toMatchObject({
      status: 404,
      body: { code: 'command_not_found' },
    });
  });

  test('waiting that is in vain ends in time with the command as it is', async () => {
    const agent = await world().newAgent();
    const commandId = await world().enqueue(agent.deploymentHash);
    const answer = await world().get(`/api/v1/commands/${agent.deploymentHash}/${commandId}?wait_ms=200`);
    expect(answer.body['item']).toMatchObject({ status: 'queued' });
  });

  const announce = (agent: TestAgent, capabilities: readonly string[]) =>
    agent.post('/api/v1/agent/register', {
      deployment_hash: agent.deploymentHash,
      capabilities,
      system_info: FINGERPRINT,
      agent_version: '2.0.0',
    });

  test('capabilities offer what the agent can do, and say why not compose', async () => {
    const agent = await world().newAgent();
    const path = `/api/v1/deployments/${agent.deploymentHash}/capabilities`;
    expect((await world().get(path)).body['item']).toMatchObject({
      status: 'offline',
      last_heartbeat: null,
      commands: [],
      compose_agent: false,
      fallback_reason: 'agent_offline',
    });
    await announce(agent, ['docker', 'logs']);
    const online = (await world().get(path)).body['item'];
    expect(online).toMatchObject({
      status: 'online',
      agent_id: agent.agentId,
      version: '2.0.0',
      compose_agent: false,
      fallback_reason: 'compose_not_supported',
    });
    expect(online).toHaveProperty(
      'commands',
      CAPABILITY_MAP.filter((one) => one.requires === 'docker' || one.requires === 'logs'),
    );
    await announce(agent, ['docker', 'compose']);
    expect((await agent.get(path)).body['item']).toMatchObject({ compose_agent: true, fallback_reason: null });
  });

  test('an agent is offline 300 s after its last sign of life, and a poll is one', async () => {
    const agent = await world().newAgent();
    await world().enqueue(agent.deploymentHash);
    await agent.poll();
    const path = `/api/v1/deployments/${agent.deploymentHash}/capabilities`;
    const status = async (): Promise<unknown> => (await world().get(path)).body['item'];
    try {
      clock.shiftMs = 298_000;
      expect(await status()).toMatchObject({ status: 'online' });
      clock.shiftMs = 303_000;
      expect(await status()).toMatchObject({ status: 'offline', fallback_reason: 'agent_offline' });
    } finally {
      clock.shiftMs = 0;
    }
  });

  test('a deployment without an agent has capabilities too', async () => {
    const created = await world().admin('deployments', { user_id: world().owner.userId });
    const hash = String(created.body['deployment_hash']);
    const answer = await world().get(`/api/v1/deployments/${hash}/capabilities`);
    expect(answer.body['item']).toMatchObject({
      agent_id: null,
      status: 'offline',
      fallback_reason: 'no_agent',
      commands: [],
    });
  });

  test('the snapshot shows sent commands with parameters, and container states from health', async () => {
    const agent = await world().newAgent();
    const health = await world().enqueue(agent.deploymentHash, 'health');
    await agent.poll();
    const containers = [
      { app_code: 'web', container_state: 'running' },
      { app_code: 'db', container_state: 'exited' },
    ];
    const result = {
      type: 'health',
      deployment_hash: agent.deploymentHash,
      app_code: 'all',
      status: 'unhealthy',
      container_state: 'exited',
      metrics: { containers },
    };
    expect((await agent.report(health, { result })).status).toBe(200);
    const lost = await world().enqueue(agent.deploymentHash, 'restart', { parameters: { app_code: 'web' } });
    await agent.poll();
    const answer = await agent.get(`/api/v1/agent/deployments/${agent.deploymentHash}?command_limit=1`);
    expect(answer.body['item']).toMatchObject({
      agent: { id: agent.agentId, status: 'online', deployment_hash: agent.deploymentHash },
      commands: [{ command_id: lost, status: 'sent', parameters: { app_code: 'web', force: false } }],
      containers: [
        { app: 'web', state: 'running' },
        { app: 'db', state: 'exited' },
      ],
      apps: [],
    });
    const asAgentsAsk = `?command_limit=${SNAPSHOT_COMMANDS_COUNT}`;
    expect((await agent.get(`/api/v1/agent/deployments/${agent.deploymentHash}${asAgentsAsk}`)).status).toBe(200);
  });

  test('health answers anybody', async () => {
    expect(await world().get('/health', 'nobody')).toMatchObject({ status: 200, body: { status: 'ok' } });
  });
});
