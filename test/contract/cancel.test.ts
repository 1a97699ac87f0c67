// Cancelling: of what waits, of what runs, and how the agent hears of it (REQUIREMENTS B5).
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import type { Log } from '../../src/platform/log.ts';
import { ShiftedClock } from './clocks.ts';
import { findsNothing, onBothDatabases, pause, type TestAgent, type World } from './harness.ts';

const LEASE_MS = 5_000;

const clock = new ShiftedClock();
let onHandedOut = (): void => undefined;
const log: Log = {
  debug: (message) => {
    if (message === 'cancels handed out') onHandedOut();
  },
  info() {},
  warn() {},
  error() {},
};

interface Delivered {
  readonly agent: TestAgent;
  readonly commandId: string;
}

async function delivered(world: World): Promise<Delivered> {
  const agent = await world.newAgent();
  const commandId = await world.enqueue(agent.deploymentHash);
  expect((await agent.poll()).commandId).toBe(commandId);
  return { agent, commandId };
}

/** Delivered, wanted back, and the agent knows. */
async function toldToCancel(world: World): Promise<Delivered> {
  const { agent, commandId } = await delivered(world);
  expect((await world.cancel(agent.deploymentHash, commandId)).status).toBe(200);
  expect((await agent.poll()).cancel).toEqual([commandId]);
  return { agent, commandId };
}

function outcome(world: World, { agent, commandId }: Delivered): Promise<Readonly<Record<string, unknown>>> {
  return world.command(agent.deploymentHash, commandId);
}

const CANCELLED = { code: 'cancelled', message: 'stopped before it did anything' };
const TIMEOUT = { code: 'timeout', message: 'too slow' };
const failure = (...errors: object[]): object => ({ status: 'failed', command_status: 'failed', errors });

onBothDatabases('cancel', { clock, leaseSeconds: LEASE_MS / 1000, log }, (world) => {
  test('a queued command ends at once and is never delivered', async () => {
    const agent = await world().newAgent();
    const commandId = await world().enqueue(agent.deploymentHash);
    const cancel = await world().cancel(agent.deploymentHash, commandId);
    expect(cancel).toMatchObject({ status: 200, body: { item: { status: 'cancelled' } } });
    expect(await findsNothing(agent)).toBe(true);
  });

  test('of a delivered command wakes the open poll, once', async () => {
    const { agent, commandId } = await delivered(world());
    const poll = agent.poll(30);
    await pause(100);
    const from = performance.now();
    const cancel = await world().cancel(agent.deploymentHash, commandId);
    expect(cancel.body['item']).toMatchObject({ status: 'sent', cancel_requested_at: expect.any(String) });
    expect((await poll).body).toEqual({
      message: 'No command available',
      item: null,
      meta: { next_poll_secs: 1, cancel: [commandId] },
    });
    expect(performance.now() - from).toBeLessThan(2_000);
    expect(await findsNothing(agent)).toBe(true);
    expect(await outcome(world(), { agent, commandId })).toMatchObject({
      status: 'sent',
      cancel_requested_at: expect.any(String),
    });
  });

  test('is there for the next poll if none is open, beside a command if there is one', async () => {
    const { agent, commandId } = await delivered(world());
    const second = await world().enqueue(agent.deploymentHash);
    await world().cancel(agent.deploymentHash, commandId);
    const answer = await agent.poll();
    expect(answer).toMatchObject({ commandId: second, cancel: [commandId] });
    await world().enqueue(agent.deploymentHash);
    expect((await agent.poll()).cancel).toBeUndefined();
  });

  test('that is asked for again is handed out again, and keeps the time of the first request', async () => {
    const { agent, commandId } = await toldToCancel(world());
    const first = await outcome(world(), { agent, commandId });
    clock.advance(100);
    await world().cancel(agent.deploymentHash, commandId);
    expect((await agent.poll()).cancel).toEqual([commandId]);
    expect(await findsNothing(agent)).toBe(true);
    const { cancel_requested_at } = await outcome(world(), { agent, commandId });
    expect(cancel_requested_at).toBe(first['cancel_requested_at']);
  });

  test('reaches only the agent of its deployment', async () => {
    const mine = await delivered(world());
    const other = await delivered(world());
    await world().cancel(mine.agent.deploymentHash, mine.commandId);
    expect(await findsNothing(other.agent, mine.commandId)).toBe(true);
    expect((await mine.agent.poll()).cancel).toEqual([mine.commandId]);
  });

  test('several come together', async () => {
    const agent = await world().newAgent();
    const ids: string[] = [];
    for (let index = 0; index < 3; index += 1) {
      ids.push(await world().enqueue(agent.deploymentHash));
      await agent.poll();
    }
    for (const commandId of ids) await world().cancel(agent.deploymentHash, commandId);
    expect((await agent.poll()).cancel).toEqual(ids);
  });

  const reports: readonly (readonly [string, object, string])[] = [
    ['of a cancel', failure(CANCELLED), 'cancelled'],
    ['of success, because it had ended before,', {}, 'completed'],
    ['of another failure', failure(TIMEOUT), 'failed'],
    ['of another failure first', failure(TIMEOUT, CANCELLED), 'failed'],
    ['of success with an error of that name', { errors: [CANCELLED] }, 'completed'],
  ];
  test.each(reports)('a report %s decides', async (_title, report, status) => {
    const { agent, commandId } = await toldToCancel(world());
    const reader = world().get(`/api/v1/commands/${agent.deploymentHash}/${commandId}?wait_ms=20000`);
    expect((await agent.report(commandId, { ...report })).status).toBe(200);
    expect((await reader).body['item']).toMatchObject({ status, cancel_requested_at: expect.any(String) });
    expect(await world().cancel(agent.deploymentHash, commandId)).toMatchObject(
      status === 'cancelled' ? { status: 200 } : { status: 409, body: { code: 'command_finished' } },
    );
  });

  test('what the agent said of it is kept, and a repeated report is accepted', async () => {
    const { agent, commandId } = await toldToCancel(world());
    await agent.report(commandId, { ...failure(CANCELLED) });
    expect(await outcome(world(), { agent, commandId })).toMatchObject({ error: { errors: [CANCELLED] } });
    expect((await agent.report(commandId, { ...failure(CANCELLED) })).text).toContain('status: cancelled');
  });

  test('a report of a cancel that nobody asked for is a failure', async () => {
    const { agent, commandId } = await delivered(world());
    await agent.report(commandId, { ...failure(CANCELLED) });
    expect(await outcome(world(), { agent, commandId })).toMatchObject({ status: 'failed' });
  });

  test('without a report the end of the lease is the end, in a poll that already waits', async () => {
    const { agent, commandId } = await toldToCancel(world());
    const reader = world().get(`/api/v1/commands/${agent.deploymentHash}/${commandId}?wait_ms=20000`);
    const hangUp = new AbortController();
    const poll = agent.poll(30, hangUp.signal).catch(() => 'nothing came');
    await pause(100);
    clock.advance(LEASE_MS);
    expect((await reader).body['item']).toMatchObject({ status: 'cancelled', deliveries: 1, lease_until: null });
    hangUp.abort();
    expect(await poll).toBe('nothing came');
    expect((await agent.report(commandId)).text).toContain('already recorded, status: cancelled');
  });

  test('while the agent names the command it goes on, and its report counts', async () => {
    const { agent, commandId } = await toldToCancel(world());
    for (let polls = 0; polls < 2; polls += 1) {
      clock.advance(LEASE_MS + 1_000);
      expect(await findsNothing(agent, commandId, 100)).toBe(true);
    }
    await agent.report(commandId);
    expect(await outcome(world(), { agent, commandId })).toMatchObject({ status: 'completed', deliveries: 1 });
  });

  test('a poll that outlasts the lease does not end what it named', async () => {
    const { agent, commandId } = await toldToCancel(world());
    const second = await world().enqueue(agent.deploymentHash);
    await agent.poll(5, undefined, commandId);
    const poll = agent.poll(60, undefined, `${commandId},${second}`);
    await pause(100);
    clock.advance(LEASE_MS + 1_000);
    await pause(100);
    await world().cancel(agent.deploymentHash, second);
    expect((await poll).cancel).toEqual([second]);
    expect(await outcome(world(), { agent, commandId })).toMatchObject({ status: 'sent' });
  });

  test('one whose answer cannot be written is handed out again', async () => {
    const { agent, commandId } = await delivered(world());
    const url = new URL(agent.url);
    const client = connect(Number(url.port), url.hostname);
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.on('error', () => undefined);
    const headers = Object.entries({ host: url.host, ...agent.headers() }).map(([name, value]) => `${name}: ${value}`);
    const path = `/api/v1/agent/commands/wait/${agent.deploymentHash}?timeout=30&interval=1`;
    client.write(`GET ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n`);
    await pause(100);
    let handedOut = 0;
    // Between the moment at which it counts as handed out and the first byte of the answer.
    onHandedOut = () => {
      handedOut += 1;
      client.resetAndDestroy();
    };
    await world().cancel(agent.deploymentHash, commandId);
    await closed;
    expect(handedOut).toBe(1);
    onHandedOut = () => undefined;
    expect((await agent.poll()).cancel).toEqual([commandId]);
    expect(await findsNothing(agent)).toBe(true);
  });
});
