// Leases, how an agent keeps them, and where the queue of a deployment ends (REQUIREMENTS B5, PROTOCOL.md §1.6).
import { expect, test } from 'vitest';
import type { Log } from '../../src/platform/log.ts';
import { ShiftedClock } from './clocks.ts';
import { findsNothing, onBothDatabases, pause, type TestAgent, type World } from './harness.ts';

const LEASE_MS = 5_000;
const QUEUE_MAX_COUNT = 20;

const clock = new ShiftedClock();
const debugLines: string[] = [];
const log: Log = { debug: (message) => debugLines.push(message), info() {}, warn() {}, error() {} };
const options = { clock, leaseSeconds: LEASE_MS / 1000, queueMaxCount: QUEUE_MAX_COUNT, log };

async function delivered(world: World): Promise<{ agent: TestAgent; commandId: string }> {
  const agent = await world.newAgent();
  const commandId = await world.enqueue(agent.deploymentHash);
  expect((await agent.poll()).commandId).toBe(commandId);
  return { agent, commandId };
}

async function leaseLeftMs(world: World, agent: TestAgent, commandId: string): Promise<number> {
  const { lease_until } = await world.command(agent.deploymentHash, commandId);
  return Date.parse(String(lease_until)) - clock.now();
}

onBothDatabases('leases', options, (world) => {
  test('a command that is not reported comes again when its lease ends, to a poll that already waits', async () => {
    const { agent, commandId } = await delivered(world());
    const poll = agent.poll(30);
    await pause(100);
    clock.advance(LEASE_MS);
    const again = await poll;
    expect(again.commandId).toBe(commandId);
    expect(again.body['item']).toMatchObject({ status: 'sent', deliveries: 2 });
  });

  test('before its lease ends it does not come', async () => {
    const { agent } = await delivered(world());
    clock.advance(LEASE_MS - 1_000);
    expect(await findsNothing(agent)).toBe(true);
  });

  test('a reported command does not come again', async () => {
    const { agent, commandId } = await delivered(world());
    expect((await agent.report(commandId)).status).toBe(200);
    clock.advance(LEASE_MS);
    expect(await findsNothing(agent)).toBe(true);
  });

  test('a command whose lease runs does not hold up the next one', async () => {
    const { agent } = await delivered(world());
    const second = await world().enqueue(agent.deploymentHash);
    expect((await agent.poll()).commandId).toBe(second);
  });

  test('without work the poll waits its time and says item: null', async () => {
    const agent = await world().newAgent();
    let isAnswered = false;
    // Asked for 1 s, which is clamped to 5.
    const poll = agent.poll(1).finally(() => {
      isAnswered = true;
    });
    await pause(100);
    clock.advance(4_500);
    await pause(100);
    expect(isAnswered).toBe(false);
    clock.advance(500);
    const answer = await poll;
    expect(answer.body).toEqual({ message: 'No command available', item: null, meta: { next_poll_secs: 1 } });
    expect(answer.text).toContain('"item":null');
  });
});

onBothDatabases('leases kept by the agent', options, (world) => {
  test('a command that every poll names is not delivered again, and comes again when they stop', async () => {
    const { agent, commandId } = await delivered(world());
    for (let polls = 0; polls < 3; polls += 1) {
      clock.advance(LEASE_MS - 1_000);
      expect(await findsNothing(agent, `cmd_unknown, ${commandId}`, 100)).toBe(true);
      expect(await leaseLeftMs(world(), agent, commandId)).toBeGreaterThan(LEASE_MS - 1_000);
    }
    clock.advance(LEASE_MS);
    expect((await agent.poll()).body['item']).toMatchObject({ command_id: commandId, deliveries: 2 });
  });

  test('one whose lease had ended is kept too', async () => {
    const { agent, commandId } = await delivered(world());
    clock.advance(2 * LEASE_MS);
    expect(await findsNothing(agent, commandId)).toBe(true);
    expect(await leaseLeftMs(world(), agent, commandId)).toBeGreaterThan(LEASE_MS - 1_000);
  });

  test('a poll that outlasts the lease does not get what it named', async () => {
    const { agent, commandId } = await delivered(world());
    const poll = agent.poll(60, undefined, commandId);
    await pause(100);
    clock.advance(LEASE_MS + 1_000);
    await pause(100);
    const second = await world().enqueue(agent.deploymentHash, 'list_containers', { priority: 'low' });
    expect((await poll).commandId).toBe(second);
    expect(await world().command(agent.deploymentHash, commandId)).toMatchObject({ status: 'sent', deliveries: 1 });
  });

  test('a queued command that it names is delivered nevertheless', async () => {
    const agent = await world().newAgent();
    const commandId = await world().enqueue(agent.deploymentHash);
    expect((await agent.poll(5, undefined, commandId)).commandId).toBe(commandId);
  });

  test('a finished command and one of another deployment are not touched', async () => {
    const { agent, commandId } = await delivered(world());
    await agent.report(commandId);
    const other = await delivered(world());
    const finished = await world().command(agent.deploymentHash, commandId);
    const foreign = await world().command(other.agent.deploymentHash, other.commandId);
    clock.advance(1_000);
    expect(await findsNothing(agent, `${commandId},${other.commandId}`, 100)).toBe(true);
    expect(await world().command(agent.deploymentHash, commandId)).toEqual(finished);
    expect(await world().command(other.agent.deploymentHash, other.commandId)).toEqual(foreign);
  });

  test('200 ids are taken', async () => {
    const { agent, commandId } = await delivered(world());
    clock.advance(LEASE_MS);
    const others = Array.from({ length: 199 }, (_, index) => `cmd_${index}`.padEnd(40, 'x'));
    expect(await findsNothing(agent, [...others, commandId].join(','))).toBe(true);
  });

  const malformed: readonly (readonly [string, (id: string) => string])[] = [
    ['201 ids', (id) => [id, ...Array.from({ length: 200 }, (_, index) => `cmd_${index}`)].join(',')],
    ['an id of 65 characters', (id) => `${id},${'x'.repeat(65)}`],
    ['an empty id', (id) => `${id},,cmd_1`],
    ['an id with a space', (id) => `${id},cmd 1`],
    ['an id beyond ASCII', (id) => `${id},cmd_\u00e9`],
  ];
  test.each(malformed)('a header with %s is ignored, with a line for who debugs', async (_title, header) => {
    const { agent, commandId } = await delivered(world());
    clock.advance(LEASE_MS);
    debugLines.length = 0;
    expect((await agent.poll(5, undefined, header(commandId))).commandId).toBe(commandId);
    expect(debugLines).toEqual(['header ignored because it is malformed']);
  });
});

onBothDatabases('a command that was lost on its way to a process of the agent', options, (world) => {
  const ME = 'process-0001';
  const OTHER = 'process-0002';

  test('comes again at once, and before anything newer, when its next poll does not name it', async () => {
    const agent = await world().newAgent();
    const first = await world().enqueue(agent.deploymentHash);
    expect((await agent.poll(5, undefined, undefined, ME)).commandId).toBe(first);
    const second = await world().enqueue(agent.deploymentHash);
    expect((await agent.poll(5, undefined, undefined, ME)).commandId).toBe(first);
    expect((await agent.poll(5, undefined, first, ME)).commandId).toBe(second);
  });

  test('comes to the first poll of a process that has been started since, and names everything it was left', async () => {
    const agent = await world().newAgent();
    const [first, second] = [await world().enqueue(agent.deploymentHash), await world().enqueue(agent.deploymentHash)];
    expect((await agent.poll(5, undefined, undefined, ME)).commandId).toBe(first);
    expect((await agent.poll(5, undefined, first, ME)).commandId).toBe(second);
    const third = await world().enqueue(agent.deploymentHash);
    expect((await agent.poll(5, undefined, first, OTHER)).commandId).toBe(second);
    expect((await agent.poll(5, undefined, `${first},${second}`, OTHER)).commandId).toBe(third);
  });

  test('does not come when it is named, when a process asks that is not new, or when the names cannot be read', async () => {
    const agent = await world().newAgent();
    const early = await world().enqueue(agent.deploymentHash);
    expect((await agent.poll(5, undefined, undefined, OTHER)).commandId).toBe(early);
    await agent.report(early);
    const first = await world().enqueue(agent.deploymentHash);
    expect((await agent.poll(5, undefined, undefined, ME)).commandId).toBe(first);
    for (const [working, instance] of [
      [first, ME],
      [undefined, OTHER],
      ['a b', ME],
      [undefined, undefined],
    ] as const) {
      const next = await world().enqueue(agent.deploymentHash);
      expect((await agent.poll(5, undefined, working, instance)).commandId).toBe(next);
      await agent.report(next);
    }
  });
});

onBothDatabases('the length of the queue', options, (world) => {
  test('has a limit for each deployment, also for many at once', async () => {
    const agent = await world().newAgent();
    const enqueue = () =>
      world().post(
        '/api/v1/agent/commands/enqueue',
        { deployment_hash: agent.deploymentHash, command_type: 'start' },
        world().owner.token,
      );
    const answers = await Promise.all(Array.from({ length: QUEUE_MAX_COUNT + 10 }, enqueue));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(QUEUE_MAX_COUNT);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(10);
    expect(refused[0]?.body).toMatchObject({ code: 'queue_full' });
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    // A delivered command counts until it has ended.
    const { commandId } = await agent.poll();
    expect((await enqueue()).status).toBe(429);
    await agent.report(commandId ?? '');
    expect((await enqueue()).status).toBe(202);
    expect((await enqueue()).status).toBe(429);
    await world().enqueue((await world().newAgent()).deploymentHash);
  });
});
