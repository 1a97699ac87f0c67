// A damaged journal is set aside and begun anew; one that is whole, or whose disk fails, is left as it is.
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Journal } from '../../../src/agent/journal/journal.ts';
import { openJournal } from '../../../src/agent/journal/open-journal.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import { Fault } from '../../../src/platform/fault.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

const BORN = 1_000;
const REBORN = 2_000;
let home = '';
let path = '';
let log: RecordingLog;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'journal-'));
  path = join(home, 'journal.db');
  log = new RecordingLog();
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const open = (): Journal => openJournal(path, () => new SqliteJournal(path, REBORN), log);

function write(): void {
  using journal = new SqliteJournal(path, BORN);
  for (let at = 0; at < 200; at += 1) {
    const id = `cmd-${at}`;
    journal.receive({ command_id: id, deployment_hash: 'dep', type: 'logs' }, BORN);
    journal.finish(id, 'r'.repeat(2_000), BORN);
  }
}

function overwrite(atBytes: number, bytes: Buffer): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, atBytes);
  closeSync(file);
}

describe('a journal', () => {
  it('that is whole is opened as it is', () => {
    write();
    using journal = open();
    expect(journal.bornAtMs).toBe(BORN);
    expect(journal.outbox(300)).toHaveLength(200);
    expect(log.lines).toEqual([]);
  });

  it.each<[string, () => void]>([
    ['with a spoilt page in its middle', () => overwrite(40 * 4_096, Buffer.alloc(8 * 4_096, 0xa5))],
    ['with a spoilt head', () => overwrite(0, Buffer.alloc(4_096, 0xa5))],
    ['that another program has written', () => writeFileSync(path, 'a note to myself\n'.repeat(1_000))],
  ])('%s is set aside and begun anew, loudly', (_, spoil) => {
    write();
    spoil();
    const spoilt = readFileSync(path);
    using journal = open();
    expect(journal.bornAtMs).toBe(REBORN);
    expect(journal.receive({ command_id: 'new', deployment_hash: 'dep', type: 'logs' }, REBORN)).toBeUndefined();
    expect(readFileSync(`${path}.damaged`).equals(spoilt)).toBe(true);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatchObject({ level: 'error', message: expect.stringContaining('begun anew') });
  });

  it('that is damaged again replaces the one that was set aside before', () => {
    for (const note of ['first', 'second']) {
      writeFileSync(path, note.repeat(1_000));
      open()[Symbol.dispose]();
      expect(readFileSync(`${path}.damaged`, 'utf8')).toContain(note);
    }
  });

  it('that is damaged and too large to keep is removed', () => {
    writeFileSync(path, 'x'.repeat(3 * 1024 * 1024));
    open()[Symbol.dispose]();
    expect(readdirSync(home)).toEqual(['journal.db']);
    expect(log.lines[0]?.fields).toMatchObject({ set_aside: 'no: too large' });
  });

  it('that cannot be opened for another reason is left alone', () => {
    write();
    const refusing = (): Journal =>
      openJournal(
        path,
        () => {
          throw new Fault('cannot_journal', 'disk I/O error', {
            cause: Object.assign(new Error('x'), { errcode: 10 }),
          });
        },
        log,
      );
    expect(refusing).toThrow('disk I/O error');
    expect(existsSync(`${path}.damaged`)).toBe(false);
    expect(statSync(path).size).toBeGreaterThan(4_096);
  });
});
