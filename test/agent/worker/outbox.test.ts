// Reports wait until they are delivered, also when the disk takes no more, and what was delivered is recorded in the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../../src/agent/journal/journal.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import { Outbox } from '../../../src/agent/worker/outbox.ts';
import { Fault } from '../../../src/platform/fault.ts';
import { FakeClock } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

let home = '';
let real: SqliteJournal;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'outbox-'));
  real = new SqliteJournal(join(home, 'journal.db'), 0);
});
afterEach(() => {
  real[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
});

function world() {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const disk = { full: false };
  const write =
    <A extends readonly unknown[], R>(work: (...args: A) => R) =>
    (...args: A): R => {
      if (disk.full) throw new Fault('cannot_journal', 'disk full');
      return work(...args);
    };
  const journal: Journal = {
    bornAtMs: 0,
    receive: write(real.receive.bind(real)),
    find: real.find.bind(real),
    start: write(real.start.bind(real)),
    note: write(real.note.bind(real)),
    finish: write(real.finish.bind(real)),
    reported: write(real.reported.bind(real)),
    reopen: write(real.reopen.bind(real)),
    park: write(real.park.bind(real)),
    forgetBodies: write(real.forgetBodies.bind(real)),
    outbox: real.outbox.bind(real),
    parkedIds: real.parkedIds.bind(real),
    unfinished: real.unfinished.bind(real),
    prune: write(real.prune.bind(real)),
    [Symbol.dispose]: () => undefined,
  };
  const finish = (id: string): void => {
    real.receive({ command_id: id, deployment_hash: 'dep', type: 'health' }, 1);
    real.finish(id, `report of ${id}`, 1);
  };
  return { clock, log, disk, finish, outbox: new Outbox(journal, clock, log) };
}

describe('outbox', () => {
  it('gives what is in the journal, until it was delivered or parked', () => {
    const { outbox, finish } = world();
    finish('a');
    finish('b');
    const [a, b] = outbox.waiting();
    expect([a?.commandId, b?.commandId]).toEqual(['a', 'b']);
    if (a === undefined || b === undefined) throw new Error('two reports should wait');
    outbox.delivered(a);
    outbox.park(b, 'HTTP 400');
    expect(outbox.waiting()).toEqual([]);
    expect([real.find('a')?.state, real.find('b')?.state]).toEqual(['reported', 'parked']);
  });

  it('does not send again what was delivered while the disk was full, and records it later', async () => {
    const { outbox, finish, disk, clock, log } = world();
    finish('a');
    disk.full = true;
    const [entry] = outbox.waiting();
    if (entry === undefined) throw new Error('a report should wait');
    outbox.delivered(entry);
    expect(outbox.waiting()).toEqual([]);
    expect(outbox.holds('a')).toBe(true);
    expect(real.find('a')?.state).toBe('finished');
    for (let time = 0; time < 10; time += 1) {
      await clock.advance(6_000);
      outbox.waiting();
    }
    expect(log.lines).toHaveLength(1);
    disk.full = false;
    await clock.advance(6_000);
    outbox.waiting();
    expect(real.find('a')?.state).toBe('reported');
    expect(outbox.holds('a')).toBe(false);
  });

  it('keeps some reports in memory, the newest of them', () => {
    const { outbox } = world();
    for (let at = 0; at < 250; at += 1) outbox.keepVolatile({ commandId: `c${at}`, type: 'health', body: '{}' });
    const waiting = outbox.waiting();
    expect(waiting).toHaveLength(200);
    expect(waiting[0]).toMatchObject({ commandId: 'c50', volatile: true });
    outbox.delivered({ commandId: 'c50', type: 'health', body: '{}', volatile: true });
    expect(outbox.holds('c50')).toBe(false);
  });

  it('marks in the journal as done what ran without it, so that it does not run again', () => {
    const { outbox } = world();
    real.receive({ command_id: 'a', deployment_hash: 'dep', type: 'restart' }, 1);
    real.start('a', 1);
    const report = { commandId: 'a', type: 'restart', body: 'report' };
    outbox.keepVolatile(report);
    outbox.delivered({ ...report, volatile: true });
    expect(real.find('a')?.state).toBe('reported');
    expect(real.unfinished()).toEqual([]);
  });
});
