// Reports: final states, validation, repeats and limits (REQUIREMENTS B5, PROTOCOL.md §1.7 and §4.4).
import { expect, test } from 'vitest';
import { type Answer, onBothDatabases, type TestAgent, type World } from './harness.ts';

async function delivered(
  world: World,
  type = 'list_containers',
  parameters: object = {},
): Promise<{ agent: TestAgent; commandId: string }> {
  const agent = await world.newAgent();
  const commandId = await world.enqueue(agent.deploymentHash, type, { parameters });
  await agent.poll();
  return { agent, commandId };
}

const APP = { app_code: 'web' };

onBothDatabases('reports', {}, (world) => {
  const finals: readonly (readonly [string, object, string])[] = [
    ['command_status completed', { status: 'whatever', command_status: 'completed' }, 'completed'],
    ['command_status in capitals', { status: 'success', command_status: 'FAILED' }, 'failed'],
    [
      'command_status over errors',
      { status: 'failed', command_status: 'completed', errors: [{ code: 'x', message: 'y' }] },
      'completed',
    ],
    ['status failed alone', { status: 'Failed', command_status: null }, 'failed'],
    ['errors alone', { status: 'success', command_status: null, errors: [{ code: 'x', message: 'y' }] }, 'failed'],
    ['status error without errors', { status: 'error', command_status: null }, 'completed'],
  ];
  test.each(finals)('%s decides', async (_title, body, status) => {
    const { agent, commandId } = await delivered(world());
    const answer = await agent.report(commandId, { ...body });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({
      message: 'Result accepted',
      item: { accepted: true, message: `Command result accepted, status: ${status}` },
    });
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ status });
  });

  test('what is stored is what was sent', async () => {
    const { agent, commandId } = await delivered(world());
    await agent.report(commandId, {
      executed_by: 'agent 1.0',
      error: { why: 'x' },
      result: { text: 'Grüße 世界 🚀', list: [1, null] },
    });
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({
      result: { text: 'Grüße 世界 🚀', list: [1, null] },
      error: { why: 'x' },
      metadata: { executed_by: 'agent 1.0' },
      lease_until: null,
    });
  });

  test('errors are stored under their name, and a missing result as the status', async () => {
    const { agent, commandId } = await delivered(world());
    const errors = [{ code: 'timeout', message: 'too slow' }];
    await agent.report(commandId, { command_status: 'failed', status: 'failed', result: null, errors });
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({
      result: { status: 'failed' },
      error: { errors },
    });
  });

  test('a repeated report is accepted and changes nothing', async () => {
    const { agent, commandId } = await delivered(world());
    await agent.report(commandId);
    const before = await world().command(agent.deploymentHash, commandId);
    const again = await agent.report(commandId);
    expect(again).toMatchObject({
      status: 200,
      body: { item: { accepted: true, message: expect.stringContaining('already recorded') } },
    });
    expect(await world().command(agent.deploymentHash, commandId)).toEqual(before);
  });

  test('a different report never changes an outcome, in either direction', async () => {
    for (const [first, later] of [
      ['completed', 'failed'],
      ['failed', 'completed'],
    ] as const) {
      const { agent, commandId } = await delivered(world());
      await agent.report(commandId, { command_status: first, result: { n: 1 } });
      const answer = await agent.report(commandId, { command_status: later, result: { n: 2 } });
      expect(answer).toMatchObject({
        status: 200,
        body: { item: { accepted: true, message: expect.stringContaining(`status: ${first}`) } },
      });
      expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ status: first, result: { n: 1 } });
    }
  });

  test('of ten different reports at the same moment exactly one counts', async () => {
    // Several rounds: in the first one opening ten connections spreads the reports out.
    for (let round = 0; round < 5; round += 1) {
      const { agent, commandId } = await delivered(world());
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, n) => agent.report(commandId, { result: { n } })),
      );
      expect(answers.filter((answer) => answer.status === 200)).toHaveLength(10);
      expect(answers.filter((answer) => answer.text.includes('result accepted'))).toHaveLength(1);
      const winner = answers.findIndex((answer) => answer.text.includes('result accepted'));
      expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ result: { n: winner } });
    }
  });

  test('a report for a cancelled command does not revive it', async () => {
    const agent = await world().newAgent();
    const commandId = await world().enqueue(agent.deploymentHash);
    await world().post(`/api/v1/commands/${agent.deploymentHash}/${commandId}/cancel`, {}, world().owner.token);
    expect((await agent.report(commandId)).text).toContain('status: cancelled');
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ status: 'cancelled', result: null });
  });

  test('checks come in their order: deployment, command_status, command, its deployment, result', async () => {
    const { agent, commandId } = await delivered(world(), 'restart', APP);
    const other = await delivered(world());
    const bad = { command_status: 'done', result: null };
    const code = async (answer: Promise<Answer>): Promise<string> =>
      `${(await answer).status} ${String((await answer).body['code'])}`;
    expect(await code(agent.report('cmd_none', { ...bad, deployment_hash: other.agent.deploymentHash }))).toBe(
      '403 wrong_deployment',
    );
    expect(await code(agent.report('cmd_none', bad))).toBe('400 invalid_command_status');
    expect((await agent.report('cmd_none')).body['message']).toMatch(/^Command not found:/u);
    expect((await agent.report(other.commandId)).body['message']).toMatch(/^Command not found for this deployment/u);
    expect(await code(agent.report(commandId, { result: null }))).toBe('400 invalid_result');
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ status: 'sent' });
  });

  test('missing fields are named', async () => {
    const { agent, commandId } = await delivered(world());
    expect((await agent.report(commandId, { completed_at: undefined })).body['message']).toContain('completed_at');
    expect((await agent.report(commandId, { completed_at: '2026-01-09 00:00:00' })).status).toBe(400);
  });

  test('two MiB are taken, one byte more is 413, NUL and lone surrogates are 400', async () => {
    const { agent, commandId } = await delivered(world());
    const body = (fill: number): string =>
      JSON.stringify({
        command_id: commandId,
        deployment_hash: agent.deploymentHash,
        status: 'success',
        completed_at: '2026-01-09T00:00:00Z',
        result: { text: 'x'.repeat(fill) },
      });
    const limit = 2_097_152;
    const path = '/api/v1/agent/commands/report';
    expect(await agent.post(path, body(limit - body(0).length + 1))).toMatchObject({
      status: 413,
      body: { code: 'body_too_large' },
    });
    for (const text of ['"a\\u0000b"', '"\\ud800"', '"\\udc00x"', '{"a\\u0000":1}']) {
      const answer = await agent.post(path, body(0).replace('{"text":""}', text));
      expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_json' } });
    }
    const escaped = await agent.post(path, body(0).replace('{"text":""}', '"\\\\u0000"'));
    expect(escaped.status).toBe(200);
    const large = await delivered(world());
    const exact = body(limit - body(0).length)
      .replace(commandId, large.commandId)
      .replace(agent.deploymentHash, large.agent.deploymentHash);
    expect(Buffer.byteLength(exact)).toBe(limit);
    expect((await large.agent.post(path, exact)).status).toBe(200);
  });

  test('bodies that are no JSON, no UTF-8 or nested without end are 400', async () => {
    const { agent } = await delivered(world());
    const path = '/api/v1/agent/commands/report';
    for (const body of ['', '{', 'null', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, '{"a":1}\u0000']) {
      const answer = await agent.post(path, body);
      expect(answer.status).toBe(400);
      expect(answer.body['code']).toMatch(/^invalid_/u);
    }
  });
});

const health = { type: 'health', app_code: 'web', status: 'ok', container_state: 'running' };
const line = { ts: '2026-01-09T00:00:00Z', stream: 'stdout', message: 'm' };
const logs = { type: 'logs', app_code: 'web' };
const restart = { type: 'restart', app_code: 'web', status: 'ok', container_state: 'running' };

const ACCEPTED: readonly (readonly [string, string, object])[] = [
  ['health, least', 'health', health],
  ['health of all', 'health', { ...health, app_code: 'all', metrics: { containers: [{ app_code: 'web' }] } }],
  [
    'health, everything',
    'health',
    {
      ...health,
      last_heartbeat_at: '2026-01-09T00:00:00+02:00',
      metrics: { a: 1 },
      errors: [{ code: 'c', message: 'm', details: [1] }],
    },
  ],
  ['health, nulls', 'health', { ...health, last_heartbeat_at: null, metrics: null }],
  ['logs without lines', 'logs', logs],
  ['logs with a line', 'logs', { ...logs, cursor: null, lines: [line], truncated: true }],
  ['restart', 'restart', { ...restart, status: 'failed', container_state: 'failed', errors: [] }],
];

const REFUSED: readonly (readonly [string, string, object | null])[] = [
  ['health without a result', 'health', null],
  ['the generic failure form', 'health', { type: 'health', app_code: 'web', status: 'failed', errors: [] }],
  ['health of another type', 'health', { ...health, type: 'logs' }],
  ['health of another deployment', 'health', { ...health, deployment_hash: 'dep_other' }],
  ['health with a blank app', 'health', { ...health, app_code: ' ' }],
  ['health in capitals', 'health', { ...health, status: 'OK' }],
  ['health in a Docker state', 'health', { ...health, container_state: 'paused' }],
  ['health with metrics as a list', 'health', { ...health, metrics: [] }],
  ['health with errors null', 'health', { ...health, errors: null }],
  ['health with an error without a message', 'health', { ...health, errors: [{ code: 'x' }] }],
  ['health with a time without an offset', 'health', { ...health, last_heartbeat_at: '2026-01-09T00:00:00' }],
  ['logs without a result', 'logs', null],
  ['logs with one line of stream console', 'logs', { ...logs, lines: [line, { ...line, stream: 'console' }] }],
  ['logs with a line without a time', 'logs', { ...logs, lines: [{ stream: 'stdout', message: 'm' }] }],
  ['logs with a word as time', 'logs', { ...logs, lines: [{ ...line, ts: 'Listening' }] }],
  ['logs with a line without a message', 'logs', { ...logs, lines: [{ ts: line.ts, stream: 'stdout' }] }],
  ['restart without a result', 'restart', null],
  ['restart that is unknown', 'restart', { ...restart, status: 'unknown' }],
  ['restart without a state', 'restart', { type: 'restart', app_code: 'web', status: 'ok' }],
];

onBothDatabases('result validation', {}, (world) => {
  test.each(ACCEPTED)('%s is accepted', async (_title, type, result) => {
    const { agent, commandId } = await delivered(world(), type, APP);
    const whole = { deployment_hash: agent.deploymentHash, ...result };
    expect((await agent.report(commandId, { result: { ...whole, unknown_key: 1 } })).status).toBe(200);
    const stored = await world().command(agent.deploymentHash, commandId);
    expect(stored['result']).toMatchObject(whole);
    expect(stored['result']).not.toHaveProperty('unknown_key');
  });

  test.each(REFUSED)('%s is refused, and the command stays open', async (_title, type, result) => {
    const { agent, commandId } = await delivered(world(), type, APP);
    const whole = result === null ? null : { deployment_hash: agent.deploymentHash, ...result };
    const answer = await agent.report(commandId, { status: 'failed', command_status: 'failed', result: whole });
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_result' } });
    expect(answer.body['message']).toContain(result === null ? `${type} result payload is required` : 'result.');
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ status: 'sent', result: null });
  });

  test('any other type carries anything', async () => {
    const { agent, commandId } = await delivered(world(), 'start');
    expect((await agent.report(commandId, { result: [1, 'two'] })).status).toBe(200);
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ result: [1, 'two'] });
  });
});
