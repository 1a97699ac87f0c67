// Every report is handed in until it is acknowledged, in its order, and one that is refused for ever stops no other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Progress } from '../../../src/agent/liveness/progress.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import { deliverUntilStopped } from '../../../src/agent/worker/deliver.ts';
import { Outbox } from '../../../src/agent/worker/outbox.ts';
import { failure, reportOf } from '../../../src/agent/worker/report-of.ts';
import type { Delivery } from '../../../src/agent/upstream/upstream.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import { Doorbell } from '../../../src/platform/doorbell.ts';
import { report as reportSchema } from '../../../src/protocol/report.ts';
import { FakeClock, FixedRandom, settle } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';
import { assertValidReport } from '../../protocol/strict-report.ts';

let home = '';
let journal: SqliteJournal;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'deliver-'));
  journal = new SqliteJournal(join(home, 'journal.db'), 0);
});
afterEach(() => {
  journal[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
});

const registry = registryOf(COMMANDS);
const YES: Delivery = { kind: 'accepted' };
const no = (kind: Exclude<Delivery['kind'], 'accepted'>, retryAfterMs?: number): Delivery => ({
  kind,
  reason: `${kind} for the test`,
  retryAfterMs,
});

function world(answer: (commandId: string, attempt: number) => Delivery | Promise<Delivery>) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const bell = new Doorbell();
  const draining = new AbortController();
  const stopped = new AbortController();
  const sent: string[] = [];
  const bodies: string[] = [];
  const attempts = new Map<string, number>();
  const upstream = {
    report: async (body: string): Promise<Delivery> => {
      assertValidReport(body, 'logs');
      const { command_id: id } = reportSchema.parse(JSON.parse(body));
      attempts.set(id, (attempts.get(id) ?? 0) + 1);
      sent.push(id);
      bodies.push(body);
      return await answer(id, attempts.get(id) ?? 0);
    },
    wait: () => Promise.reject(new Error('not here')),
    announce: () => Promise.reject(new Error('not here')),
    snapshot: () => Promise.reject(new Error('not here')),
  };
  const finish = (id: string): void => {
    const envelope = { command_id: id, deployment_hash: 'dep', type: 'logs', parameters: { app_code: 'web' } };
    const maker = { registry, agentVersion: '0', mask: (text: string) => text };
    const outcome = failure(registry, envelope, 'timeout', 'too slow');
    journal.receive(envelope, 1);
    journal.finish(id, reportOf(maker, envelope, outcome, { startedMs: 1_000, completedMs: 1_250 }), 2);
    bell.ring();
  };
  const running = deliverUntilStopped({
    progress: new Progress(clock),
    upstream,
    outbox: new Outbox(journal, clock, log),
    bell,
    registry,
    clock,
    random: new FixedRandom(0.999),
    log,
    activity: { trouble: () => undefined, over: () => undefined },
    draining: draining.signal,
    stopped: stopped.signal,
  });
  const end = async (): Promise<void> => {
    stopped.abort();
    draining.abort();
    bell.ring();
    await running;
  };
  return { clock, log, sent, bodies, finish, draining, running, end };
}

const finishedLines = (log: RecordingLog) => log.lines.filter((line) => line.message === 'command finished');

describe('delivery', () => {
  it('is once each, in the order in which commands finished, with one line each', async () => {
    const { finish, sent, log, clock, end } = world(() => YES);
    for (const id of ['b', 'a', 'c']) finish(id);
    await clock.advance(10);
    await end();
    expect(sent).toEqual(['b', 'a', 'c']);
    expect(journal.outbox(10)).toEqual([]);
    expect(finishedLines(log)).toHaveLength(3);
    expect(finishedLines(log)[0]?.fields).toMatchObject({
      command_id: 'b',
      type: 'logs',
      outcome: 'failed',
      code: 'timeout',
      duration_ms: 250,
      report: 'accepted',
    });
  });

  it('goes on through an outage with growing patience, until it is acknowledged', async () => {
    const { finish, sent, log, clock, end } = world((_, attempt) => (attempt < 9 ? no('unreachable') : YES));
    finish('a');
    await clock.advance(0);
    expect(sent).toHaveLength(1);
    await clock.advance(10_000);
    expect(sent.length).toBeLessThan(8);
    await clock.advance(3_600_000);
    await end();
    expect(sent).toHaveLength(9);
    expect(journal.find('a')?.state).toBe('reported');
    expect(finishedLines(log).map((line) => line.fields['report'])).toEqual(['waiting']);
  });

  it('waits as long as the server asks', async () => {
    const { finish, sent, clock, end } = world((_, attempt) => (attempt === 1 ? no('try-later', 120_000) : YES));
    finish('a');
    await clock.advance(119_000);
    expect(sent).toHaveLength(1);
    await clock.advance(3_000);
    expect(sent).toHaveLength(2);
    await end();
  });

  it('of one report that makes the server stumble does not hold up the others', async () => {
    const { finish, sent, clock, end } = world((id) => (id === 'bad' ? no('try-later') : YES));
    for (const id of ['bad', 'b', 'c']) finish(id);
    await clock.advance(100);
    expect(sent).toEqual(['bad', 'b', 'c']);
    await end();
    expect(journal.outbox(10).map((report) => report.commandId)).toEqual(['bad']);
  });

  it('does not run against a server that is gone with every report it has', async () => {
    const { finish, sent, clock, end } = world(() => no('unreachable'));
    for (let at = 0; at < 50; at += 1) finish(`c${at}`);
    await clock.advance(60_000);
    await end();
    expect(sent.length).toBeLessThan(80);
  });

  it('tries once more without the result when the server refuses a report, then sets it aside', async () => {
    const { finish, sent, bodies, log, clock, end } = world((id) => (id === 'bad' ? no('rejected') : YES));
    finish('bad');
    finish('b');
    await clock.advance(1_000);
    await end();
    expect(sent).toEqual(['bad', 'bad', 'b']);
    const second = reportSchema.parse(JSON.parse(bodies[1] ?? ''));
    expect(second.errors?.map((error) => error.code)).toEqual(['timeout', 'report_rejected']);
    expect(journal.find('bad')?.state).toBe('parked');
    expect(log.lines.some((line) => line.level === 'error' && line.fields['reason'] === 'rejected for the test')).toBe(
      true,
    );
  });

  it('takes a reduced report for delivered when that is accepted', async () => {
    const { finish, clock, end } = world((_, attempt) => (attempt === 1 ? no('rejected') : YES));
    finish('a');
    await clock.advance(1_000);
    await end();
    expect(journal.find('a')?.state).toBe('reported');
  });

  it('when draining ends with an empty outbox, having sent all', async () => {
    const { finish, sent, draining, running } = world(() => YES);
    for (const id of ['a', 'b']) finish(id);
    draining.abort();
    await settle();
    await running;
    expect(sent).toEqual(['a', 'b']);
  });

  it('when draining does not wait for a server that is gone', async () => {
    const { finish, draining, running, clock } = world(() => no('unreachable'));
    finish('a');
    await clock.advance(0);
    draining.abort();
    await clock.advance(0);
    await running;
    expect(journal.find('a')?.state).toBe('finished');
  });
});
