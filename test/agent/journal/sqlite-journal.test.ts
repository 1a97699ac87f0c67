// The journal on a real disk: what it was told is there after it was closed, in order, private, and bounded.
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import type { CommandEnvelope } from '../../../src/protocol/command-envelope.ts';

let home = '';
let path = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(home, 'state', 'journal.db');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const BORN = 1_000;
const open = (nowMs = BORN): SqliteJournal => new SqliteJournal(path, nowMs);
const envelope = (id: string, more: Partial<CommandEnvelope> = {}): CommandEnvelope => ({
  command_id: id,
  deployment_hash: 'dep-abc_123',
  type: 'restart',
  parameters: { app_code: 'web', token: 'hunter2' },
  created_by: 'user-7',
  created_at: '2026-01-09T00:00:00Z',
  timeout_seconds: 300,
  ...more,
});
const EVIDENCE = { containerId: 'abc', startedAt: '2026-01-09T00:00:00Z', notedAtMs: 15, mayTakeMs: 20 };

describe('journal', () => {
  it('keeps each state of a command', () => {
    using journal = open();
    expect(journal.receive(envelope('a'), 10)).toBeUndefined();
    expect(journal.find('a')).toEqual({
      envelope: envelope('a'),
      state: 'received',
      receivedAtMs: 10,
      startedAtMs: undefined,
      starts: 0,
      evidence: undefined,
      report: undefined,
    });
    journal.start('a', 20);
    expect(journal.find('a')).toMatchObject({ state: 'started', starts: 1, startedAtMs: 20 });
    journal.note('a', EVIDENCE);
    expect(journal.find('a')).toMatchObject({ state: 'started', evidence: EVIDENCE });
    journal.finish('a', '{"report":1}', 30);
    expect(journal.find('a')).toMatchObject({ state: 'finished', report: '{"report":1}', evidence: undefined });
    journal.reported('a', 40);
    expect(journal.find('a')?.state).toBe('reported');
    expect(journal.find('b')).toBeUndefined();
  });

  it('knows everything again after it was closed', () => {
    {
      using journal = open();
      journal.receive(envelope('a'), 1);
      journal.receive(envelope('b'), 2);
      journal.start('b', 3);
      journal.note('b', { ...EVIDENCE, startedAt: undefined });
      journal.receive(envelope('c'), 4);
      journal.finish('c', 'report of c', 5);
    }
    using journal = open(9_999);
    expect(journal.unfinished().map((entry) => [entry.envelope.command_id, entry.state, entry.starts])).toEqual([
      ['a', 'received', 0],
      ['b', 'started', 1],
    ]);
    expect(journal.find('b')?.evidence).toEqual({ ...EVIDENCE, startedAt: undefined });
    expect(journal.outbox(10)).toEqual([{ commandId: 'c', type: 'restart', body: 'report of c' }]);
    expect(journal.bornAtMs).toBe(BORN);
  });

  it('takes a command once and gives back what it has of it', () => {
    using journal = open();
    journal.receive(envelope('a'), 1);
    journal.start('a', 2);
    expect(journal.receive(envelope('a', { type: 'stop' }), 3)).toMatchObject({
      state: 'started',
      envelope: { type: 'restart' },
      receivedAtMs: 1,
    });
  });

  it('counts starts over crashes', () => {
    for (let crash = 1; crash <= 3; crash += 1) {
      using journal = open();
      if (crash === 1) journal.receive(envelope('a'), 1);
      journal.start('a', crash);
      expect(journal.find('a')?.starts).toBe(crash);
    }
  });

  it('gives reports in the order in which their commands finished, not in which they came', () => {
    using journal = open();
    for (const id of ['a', 'b', 'c', 'd']) journal.receive(envelope(id), 1);
    for (const id of ['c', 'a', 'd', 'b']) journal.finish(id, `report of ${id}`, 2);
    journal.reported('a', 3);
    expect(journal.outbox(10).map((report) => report.commandId)).toEqual(['c', 'd', 'b']);
    expect(journal.outbox(2).map((report) => report.commandId)).toEqual(['c', 'd']);
    journal.reopen('a');
    expect(journal.outbox(10).map((report) => report.commandId)).toContain('a');
  });

  it('forgets parameters when the command is finished, from the file too', () => {
    {
      using journal = open();
      journal.receive(envelope('a'), 1);
      expect(journal.find('a')?.envelope.parameters).toEqual({ app_code: 'web', token: 'hunter2' });
      journal.finish('a', 'report', 2);
      expect(journal.find('a')?.envelope).not.toHaveProperty('parameters');
      expect(journal.find('a')?.envelope).toMatchObject({ command_id: 'a', type: 'restart', created_by: 'user-7' });
    }
  });

  it('does not send what was parked, nor bring it back by itself', () => {
    using journal = open();
    journal.receive(envelope('a'), 1);
    journal.finish('a', 'report', 2);
    journal.park('a', 'HTTP 400', 3);
    expect(journal.outbox(10)).toEqual([]);
    expect(journal.find('a')?.state).toBe('parked');
    expect(journal.unfinished()).toEqual([]);
  });

  it('does not reopen what has no report', () => {
    using journal = open();
    journal.receive(envelope('a'), 1);
    journal.reopen('a');
    expect(journal.find('a')?.state).toBe('received');
    journal.reopen('nobody');
  });

  it('prunes what is acknowledged and old, or too much of it, and nothing else', () => {
    using journal = open();
    for (const id of ['received', 'started', 'finished', 'old', 'new-1', 'new-2', 'new-3', 'parked'])
      journal.receive(envelope(id), 1);
    journal.start('started', 1);
    journal.finish('finished', 'report', 1);
    for (const [id, at] of [
      ['old', 10],
      ['new-1', 100],
      ['new-2', 200],
      ['new-3', 300],
    ] as const) {
      journal.finish(id, 'report', at);
      journal.reported(id, at);
    }
    journal.finish('parked', 'report', 20);
    journal.park('parked', 'HTTP 400', 20);
    expect(journal.prune(50, 1_000)).toBe(2);
    expect(journal.find('old')).toBeUndefined();
    expect(journal.find('parked')).toBeUndefined();
    expect(journal.prune(50, 2)).toBe(1);
    expect(journal.find('new-1')).toBeUndefined();
    expect(['received', 'started', 'finished', 'new-2', 'new-3'].map((id) => journal.find(id)?.state)).toEqual([
      'received',
      'started',
      'finished',
      'reported',
      'reported',
    ]);
  });

  it('takes odd ids and long reports as they are', () => {
    using journal = open();
    const id = `'; DROP TABLE command; --`;
    journal.receive(envelope(id), 1);
    journal.finish(id, '🚀'.repeat(500_000), 2);
    expect(journal.outbox(1)[0]?.body).toHaveLength(1_000_000);
  });
});

describe('the file', () => {
  it('lies in a directory of its own that nobody else may open', () => {
    using _journal = open();
    expect(statSync(join(home, 'state')).mode & 0o777).toBe(0o700);
  });

  it('that a newer version wrote is refused, with what to do, and not touched', () => {
    open()[Symbol.dispose]();
    {
      using newer = new DatabaseSync(path);
      newer.exec('PRAGMA user_version = 99');
    }
    const before = readFileSync(path);
    expect(() => open()).toThrow(
      expect.objectContaining({
        code: 'cannot_journal',
        message: expect.stringMatching(/newer version.*update the program/u),
      }),
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each([
    [
      'is garbage',
      () => writeFileSync(path, 'this is no database, and it is long enough to be taken for one'.repeat(20)),
    ],
    ['is a directory', () => mkdirSync(path)],
  ])('that %s is refused with its path', (_, spoil) => {
    mkdirSync(join(home, 'state'));
    spoil();
    expect(() => open()).toThrow(
      expect.objectContaining({ name: 'Fault', code: 'cannot_journal', message: expect.stringContaining(path) }),
    );
  });

  it('in a directory that cannot be made is refused', () => {
    writeFileSync(join(home, 'state'), '');
    expect(() => open()).toThrow(expect.objectContaining({ code: 'cannot_journal' }));
  });

  it('that lies in an open directory is left where it is', () => {
    mkdirSync(join(home, 'state'));
    chmodSync(join(home, 'state'), 0o755);
    using journal = open();
    expect(journal.unfinished()).toEqual([]);
  });

  it('grows to its limit and then says so, having written nothing', () => {
    using journal = open();
    const megabyte = 'x'.repeat(1_000_000);
    let stored = 0;
    const fill = (): void => {
      for (; stored < 100; stored += 1) {
        journal.receive(envelope(`cmd_${stored}`), 1);
        journal.finish(`cmd_${stored}`, megabyte, 2);
      }
    };
    expect(fill).toThrow(expect.objectContaining({ code: 'cannot_journal' }));
    expect(stored).toBeGreaterThan(20);
    expect(stored).toBeLessThan(60);
    expect(journal.outbox(200)).toHaveLength(stored);
    journal.reported('cmd_0', 3);
    expect(journal.find('cmd_0')?.state).toBe('reported');
  });
});
