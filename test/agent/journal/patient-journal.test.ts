// A journal that outlives its disk: refuses while it cannot write, opens the file anew, and tells of it twice, not always.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PatientJournal } from '../../../src/agent/journal/patient-journal.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import { Fault } from '../../../src/platform/fault.ts';
import { FakeClock } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'patient-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const envelope = (id: string) => ({ command_id: id, deployment_hash: 'dep', type: 'health' });

/** A journal in whose way the disk can be. */
class Disk extends SqliteJournal {
  static full = false;
  override start(commandId: string, nowMs: number): void {
    if (Disk.full) throw new Fault('cannot_journal', 'disk full');
    super.start(commandId, nowMs);
  }
}

function world(broken: { open: boolean }) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const opens = { count: 0 };
  const journal = new PatientJournal({
    open: () => {
      opens.count += 1;
      if (broken.open) throw new Fault('cannot_journal', 'read-only file system');
      return new Disk(join(home, 'journal.db'), 7);
    },
    clock,
    log,
  });
  return { clock, log, opens, journal };
}

describe('a journal that cannot be opened', () => {
  it('refuses what it is told, holds nothing, and is taken up once it can be', async () => {
    const broken = { open: true };
    const { clock, log, opens, journal } = world(broken);
    let opened = 0;
    journal.onOpened = () => {
      opened += 1;
    };
    for (let second = 0; second < 20; second += 1) {
      expect(() => journal.receive(envelope('a'), 1)).toThrow(expect.objectContaining({ code: 'cannot_journal' }));
      await clock.advance(1_000);
    }
    expect(journal).toMatchObject({ healthy: false, bornAtMs: undefined });
    expect([journal.outbox(1), journal.unfinished(), journal.find('a')]).toEqual([[], [], undefined]);
    expect(opens.count).toBeLessThan(13);
    expect(log.lines.map((line) => line.level)).toEqual(['error']);
    broken.open = false;
    await clock.advance(3_000);
    expect(journal.receive(envelope('a'), 1)).toBeUndefined();
    expect(journal).toMatchObject({ healthy: true, bornAtMs: 7 });
    expect(opened).toBe(1);
    expect(log.lines.map((line) => line.level)).toEqual(['error', 'info']);
    journal[Symbol.dispose]();
  });
});

describe('a disk that is full for a while', () => {
  it('is told of once, and again when it is over', async () => {
    const { clock, log, journal } = world({ open: false });
    journal.receive(envelope('a'), 1);
    Disk.full = true;
    for (let time = 0; time < 10; time += 1) {
      expect(() => journal.start('a', 1)).toThrow(expect.objectContaining({ code: 'cannot_journal' }));
      await clock.advance(3_000);
    }
    expect(journal.find('a')?.state).toBe('received');
    Disk.full = false;
    journal.start('a', 1);
    expect(journal.find('a')).toMatchObject({ state: 'started', starts: 1 });
    expect(log.messages()).toEqual([
      'journal cannot be written: changes are refused until it can',
      'journal can be written again',
    ]);
    journal[Symbol.dispose]();
  });
});
