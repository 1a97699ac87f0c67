// The journal on disk stays within 64 MiB and 200 files, forgets what is delivered and old, and never what is not delivered.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeEach, afterEach, expect, test } from 'vitest';
import { PatientJournal } from '../../../src/agent/journal/patient-journal.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { Fault } from '../../../src/platform/fault.ts';
import { RecordingLog } from '../../platform/recording-log.ts';
import { FaultTable } from '../stall/fault-table.ts';

const DISK_MAX_BYTES = 64 * 1024 * 1024;
const FILES_MAX_COUNT = 200;
const WRITE_MAX_MS = 500;
const LARGE_REPORT = 'r'.repeat(2 * 1024 * 1024 - 100);
const STEP_MAX_COUNT = 250;
const WEEK_MS = 7 * 86_400_000;

const table = new FaultTable('journal on disk');
afterAll(() => table.print());

let home = '';
let largestBytes = 0;
let slowestMs = 0;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'status-panel-journal-'));
  largestBytes = 0;
  slowestMs = 0;
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function openJournal(maxBytes?: number): PatientJournal {
  const open = (): SqliteJournal => new SqliteJournal(join(home, 'journal.db'), Date.now(), maxBytes);
  return new PatientJournal({ open, clock: systemClock, log: new RecordingLog() });
}

/** Runs a write and looks at the disk; false when the journal would not take it. */
function wrote(write: () => void): boolean {
  let taken = true;
  const began = performance.now();
  try {
    write();
  } catch (error) {
    if (!(error instanceof Fault) || error.code !== 'cannot_journal') throw error;
    taken = false;
  }
  slowestMs = Math.max(slowestMs, performance.now() - began);
  const names = readdirSync(home);
  expect(names.length).toBeLessThanOrEqual(FILES_MAX_COUNT);
  largestBytes = Math.max(
    largestBytes,
    names.reduce((sum, name) => sum + statSync(join(home, name)).size, 0),
  );
  expect(largestBytes).toBeLessThanOrEqual(DISK_MAX_BYTES);
  return taken;
}

const command = (id: string): { command_id: string; deployment_hash: string; type: string } => ({
  command_id: id,
  deployment_hash: 'dep',
  type: 'logs',
});

function finish(journal: PatientJournal, id: string): boolean {
  return (
    wrote(() => journal.receive(command(id), Date.now())) &&
    wrote(() => journal.start(id, Date.now())) &&
    wrote(() => journal.finish(id, LARGE_REPORT, Date.now()))
  );
}

const figure = (): string => `at most ${(largestBytes / 1024 / 1024).toFixed(1)} MiB`;

test('reports of 2 MiB that cannot be delivered: refused when there is no room, none lost', () => {
  using journal = openJournal();
  const taken = Array.from({ length: 60 }, (_, at) => `cmd-${at}`).filter((id) => finish(journal, id));
  expect(taken.length).toBeGreaterThan(10);
  expect(taken.length).toBeLessThan(60);
  journal.prune(Date.now() + WEEK_MS, 0);
  expect(journal.outbox(100).map(({ commandId }) => commandId)).toEqual(taken);
  table.add('2 MiB reports that cannot be delivered', Number.NaN, `${taken.length} kept, ${figure()}`, 60);
});

test('reports of 2 MiB that are all delivered: there is always room for the next', () => {
  using journal = openJournal();
  const refused: string[] = [];
  for (let at = 0; at < 120; at += 1) {
    if (!finish(journal, `cmd-${at}`)) refused.push(`cmd-${at}`);
    wrote(() => journal.reported(`cmd-${at}`, Date.now()));
  }
  expect(refused).toEqual([]);
  expect(journal.find('cmd-119')?.state).toBe('reported');
  table.add('2 MiB reports, each delivered', Number.NaN, figure(), 120);
});

test('a smaller limit that the owner has set', () => {
  const limitBytes = 16 * 1024 * 1024;
  using journal = openJournal(limitBytes);
  const taken = Array.from({ length: 20 }, (_, at) => `cmd-${at}`).filter((id) => finish(journal, id));
  expect(taken.length).toBeGreaterThan(2);
  expect(taken.length).toBeLessThan(20);
  expect(largestBytes).toBeLessThanOrEqual(limitBytes);
  expect(journal.outbox(100).map(({ commandId }) => commandId)).toEqual(taken);
  table.add('the same with a limit of 16 MiB', Number.NaN, `${taken.length} kept, ${figure()}`, 20);
});

// A page holds one of them, and goes on being used when the report in it is forgotten: whole entries have to go.
test('small reports that are all delivered, more of them than there is room for', () => {
  const limitBytes = 16 * 1024 * 1024;
  using journal = openJournal(limitBytes);
  const refused: string[] = [];
  for (let at = 0; at < 3_200; at += 1) {
    const id = `cmd-${at}`;
    const taken =
      wrote(() => journal.receive(command(id), Date.now())) &&
      wrote(() => journal.finish(id, 'x'.repeat(3_000), Date.now())) &&
      wrote(() => journal.reported(id, Date.now()));
    if (!taken) refused.push(id);
  }
  expect(refused).toEqual([]);
  expect(largestBytes).toBeLessThanOrEqual(limitBytes);
  expect(journal.find('cmd-0')).toBeUndefined();
  // Those that may be delivered again are known.
  expect(['cmd-2200', 'cmd-3199'].map((id) => journal.find(id)?.state)).toEqual(['reported', 'reported']);
  table.add('3 KB reports, each delivered, limit of 16 MiB', Number.NaN, figure(), 3_200);
});

test('after an hour under load, forgetting and pruning stay within the limit too', () => {
  using journal = openJournal();
  for (let at = 0; at < 2_500; at += 1) {
    const id = `cmd-${at}`;
    wrote(() => journal.receive(command(id), 1));
    wrote(() => journal.finish(id, 'x'.repeat(12_000), 1));
    wrote(() => journal.reported(id, 1));
  }
  const repeated = (step: () => number): number => {
    const counts: number[] = [];
    do wrote(() => counts.push(step()));
    while (counts.at(-1) !== 0);
    // A step is synchronous: as long as it lasts, nothing else in the agent moves.
    expect(Math.max(...counts)).toBeLessThanOrEqual(STEP_MAX_COUNT);
    return counts.reduce((sum, count) => sum + count, 0);
  };
  expect(repeated(() => journal.forgetBodies(2))).toBe(2_500);
  expect(repeated(() => journal.prune(0, 1_000))).toBe(1_500);
  expect([journal.find('cmd-1499'), journal.find('cmd-1500')?.state]).toEqual([undefined, 'reported']);
  table.add('2,500 bodies of 12 KB forgotten, 1,500 entries pruned', Number.NaN, figure(), 2_500);
});

test('one report that cannot be delivered, in a week of others', () => {
  using journal = openJournal();
  finish(journal, 'stuck');
  for (let at = 0; at < 3_000; at += 1) {
    const id = `cmd-${at}`;
    wrote(() => journal.receive(command(id), Date.now()));
    wrote(() => journal.finish(id, 'x'.repeat(4_000), Date.now()));
    wrote(() => journal.reported(id, Date.now() - WEEK_MS - 1));
    if (at % 500 === 499) wrote(() => journal.prune(Date.now() - WEEK_MS, 20_000));
  }
  expect(journal.find('cmd-0')).toBeUndefined();
  expect(journal.outbox(10).map(({ commandId }) => commandId)).toEqual(['stuck']);
  table.add('a report stuck among 3,000 others', Number.NaN, figure());
});

test('a reader that holds the file open, as a backup does', () => {
  using journal = openJournal();
  finish(journal, 'first');
  using reader = new DatabaseSync(join(home, 'journal.db'), { readOnly: true });
  reader.exec('BEGIN');
  reader.prepare('SELECT count(*) FROM command').get();
  let taken = 0;
  for (let at = 0; at < 60 && slowestMs < WRITE_MAX_MS; at += 1) {
    const id = `cmd-${at}`;
    if (!finish(journal, id)) continue;
    taken += 1;
    wrote(() => journal.reported(id, Date.now() - WEEK_MS - 1));
    wrote(() => journal.prune(Date.now() - WEEK_MS, 20_000));
  }
  // A write is synchronous: as long as it lasts, nothing else in the agent moves.
  expect(slowestMs).toBeLessThan(WRITE_MAX_MS);
  table.add('a reader that never lets go', Number.NaN, `${taken} of 60 kept, ${figure()}`, 60);
});
