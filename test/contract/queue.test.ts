// The queue: waking, order, polls that replace each other and clients that go away (REQUIREMENTS B5, PROTOCOL.md §1.6).
import { expect, test } from 'vitest';
import { onBothDatabases, pause, startOn, World } from './harness.ts';

onBothDatabases('long poll', {}, (world) => {
  test('an enqueue wakes a waiting poll at once', async () => {
    const agent = await world().newAgent();
    const waits: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      const poll = agent.poll(30).then((answer) => ({ answer, at: performance.now() }));
      await pause(80);
      const from = performance.now();
      const commandId = await world().enqueue(agent.deploymentHash);
      const { answer, at } = await poll;
      expect(answer.commandId).toBe(commandId);
      waits.push(at - from);
    }
    // The median, because the machine is shared; a polling loop of one second could not pass.
    expect(waits.toSorted((a, b) => a - b)[2]).toBeLessThan(250);
  });

  test('a command comes in the form of production, with status sent', async () => {
    const agent = await world().newAgent();
    await world().enqueue(agent.deploymentHash, 'logs', {
      parameters: { app_code: 'web' },
      timeout_seconds: 60,
      priority: 'high',
    });
    const answer = await agent.poll();
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      message: 'Command available',
      item: {
        id: expect.any(String),
        command_id: expect.stringMatching(/^cmd_[\da-f-]{36}$/u),
        deployment_hash: agent.deploymentHash,
        type: 'logs',
        status: 'sent',
        priority: 'high',
        parameters: { app_code: 'web', limit: 400, streams: ['stdout', 'stderr'], redact: true },
        result: null,
        error: null,
        created_by: world().owner.userId,
        timeout_seconds: 60,
      },
      meta: { next_poll_secs: 1 },
    });
  });

  test('a timeout that is no whole number is refused', async () => {
    const agent = await world().newAgent();
    const path = `/api/v1/agent/commands/wait/${agent.deploymentHash}`;
    expect(await agent.get(`${path}?timeout=soon`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect((await agent.get(`${path}?interval=-1`)).body['message']).toContain('interval');
  });

  test('the most urgent first, then the oldest', async () => {
    const agent = await world().newAgent();
    const priorities = ['low', 'normal', 'critical', 'high', 'normal', 'critical', 'low'];
    const ids: string[] = [];
    for (const priority of priorities)
      ids.push(await world().enqueue(agent.deploymentHash, 'list_containers', { priority }));
    const delivered: (string | null)[] = [];
    for (const _ of ids) delivered.push((await agent.poll()).commandId);
    expect(delivered).toEqual([2, 5, 3, 1, 4, 0, 6].map((index) => ids[index]));
  });

  test('a newer poll ends the older one at once, and only one of them gets the command', async () => {
    const agent = await world().newAgent();
    const from = performance.now();
    const older = agent.poll(30);
    await pause(100);
    const newer = agent.poll(30);
    expect((await older).body).toEqual({
      message: 'No command available',
      item: null,
      meta: { next_poll_secs: 1, superseded: true },
    });
    expect(performance.now() - from).toBeLessThan(5_000);
    const commandId = await world().enqueue(agent.deploymentHash);
    const answer = await newer;
    expect(answer.commandId).toBe(commandId);
    expect(answer.body['meta']).toEqual({ next_poll_secs: 1 });
  });

  test('twenty polls at once never share a command', async () => {
    const agent = await world().newAgent();
    const ids = new Set<string>();
    for (let index = 0; index < 20; index += 1) ids.add(await world().enqueue(agent.deploymentHash));
    const delivered: string[] = [];
    while (delivered.length < ids.size) {
      // The last ones find nothing and would wait: they hang up, which must not lose anything either.
      const poll = (): Promise<string | null> =>
        agent.poll(30, AbortSignal.timeout(1_000)).then(
          (answer) => answer.commandId,
          () => null,
        );
      const answers = await Promise.all(Array.from({ length: 5 }, poll));
      delivered.push(...answers.filter((commandId) => commandId !== null));
    }
    expect(new Set(delivered)).toEqual(ids);
    expect(delivered).toHaveLength(ids.size);
  });

  test('clients that hang up in mid-poll swallow nothing', async () => {
    const agent = await world().newAgent();
    for (let round = 0; round < 10; round += 1) {
      const gone = new AbortController();
      const poll = agent.poll(30, gone.signal).catch(() => 'gone');
      await pause(30);
      gone.abort();
      await poll;
      const commandId = await world().enqueue(agent.deploymentHash);
      const answer = await agent.poll(30);
      expect(answer.commandId).toBe(commandId);
      expect(answer.body['item']).toMatchObject({ deliveries: 1 });
    }
  });

  test('a poll that replaces one whose client has gone is not told of it', async () => {
    const agent = await world().newAgent();
    for (let round = 0; round < 10; round += 1) {
      const gone = new AbortController();
      const first = agent.poll(30, gone.signal).catch(() => 'gone');
      await pause(round * 3);
      gone.abort();
      const second = agent.poll(30);
      await first;
      const commandId = await world().enqueue(agent.deploymentHash);
      const { body } = await second;
      expect(body).toMatchObject({ item: { command_id: commandId } });
      expect(body['meta']).toEqual({ next_poll_secs: 1 });
    }
  });
});

test('a stop answers waiting polls and closes soon', async () => {
  const world = await World.around(await startOn('postgres'));
  const agents = [await world.newAgent(), await world.newAgent(), await world.newAgent()];
  const polls = agents.map((agent) => agent.poll(30));
  await pause(150);
  const from = performance.now();
  await world.controlPlane.stop();
  for (const poll of polls) expect(await poll).toMatchObject({ status: 200, commandId: null });
  expect(performance.now() - from).toBeLessThan(3_000);
  await expect(agents[0]?.poll(5)).rejects.toThrow('fetch failed');
});
