// Log lines as machines and people read them, and that nothing leaves without its mask.
import { describe, expect, it } from 'vitest';
import { createLog, journalLine, maskLog } from '../../src/platform/log.ts';
import { RecordingLog } from './recording-log.ts';

function written(
  format: 'json' | 'journal',
  level: 'debug' | 'info' = 'info',
): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = [];
  return { lines, log: createLog({ level, format, write: (line) => lines.push(line) }) };
}

describe('log', () => {
  it('writes one JSON object a line, with level, time, fields and message', () => {
    const { lines, log } = written('json');
    log.info('command finished', { type: 'health', duration_ms: 12 });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith('\n')).toBe(true);
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/u),
      type: 'health',
      duration_ms: 12,
      msg: 'command finished',
    });
  });

  it('leaves out what is below its level', () => {
    const { lines, log } = written('json');
    log.debug('quiet');
    log.error('loud');
    expect(lines).toHaveLength(1);
  });

  it.each([
    ['debug', 7],
    ['info', 6],
    ['warn', 4],
    ['error', 3],
  ] as const)('gives %s the priority %i for the journal', (level, priority) => {
    const { lines, log } = written('journal', 'debug');
    log[level]('something happened', { code: 'a b', count: 1, none: undefined });
    expect(lines).toEqual([`<${priority}>something happened code="a b" count=1\n`]);
  });

  it('keeps a line of the journal one line, however it was', () => {
    const { lines, log } = written('journal');
    log.info('first\n<0>second', { reason: 'a\nb' });
    expect(lines[0]?.split('\n')).toHaveLength(2);
    log.info('long', { reason: 'x'.repeat(100_000) });
    expect(lines[1]?.length).toBeLessThan(9_000);
  });

  it('writes even what is no object', () => {
    expect(journalLine('17')).toBe('<6>17\n');
  });

  it('hands an entry over with its fields, and writes the line when that is refused', () => {
    const lines: string[] = [];
    const entries: Buffer[] = [];
    let takes = true;
    const log = createLog({
      level: 'info',
      format: 'journal',
      write: (line) => lines.push(line),
      writeEntry: (entry) => {
        entries.push(entry);
        return takes;
      },
    });
    log.warn('command finished', { command_id: 'cmd_1', code: undefined, stack: 'a\nb' });
    expect(lines).toEqual([]);
    const [before = '', after = ''] = entries[0]?.toString('latin1').split('STATUS_PANEL_STACK\n') ?? [];
    expect(before.split('\n')).toEqual([
      'MESSAGE=command finished command_id=cmd_1 stack="a\\nb"',
      'PRIORITY=4',
      'SYSLOG_IDENTIFIER=status-panel',
      'STATUS_PANEL_COMMAND_ID=cmd_1',
      '',
    ]);
    expect(after).toBe('\x03\0\0\0\0\0\0\0a\nb\n');
    takes = false;
    log.error('too large');
    expect(lines).toEqual(['<3>too large\n']);
  });
});

describe('maskLog', () => {
  it('masks the sentence and every text among the fields', () => {
    const log = new RecordingLog();
    const masked = maskLog(log, (text) => text.replaceAll('hunter2', '***'));
    masked.warn('refused hunter2', { reason: 'token hunter2', tries: 2 });
    masked.info('a');
    masked.debug('b');
    masked.error('c');
    expect(log.lines[0]).toEqual({ level: 'warn', message: 'refused ***', fields: { reason: 'token ***', tries: 2 } });
    expect(log.lines.map((line) => line.level)).toEqual(['warn', 'info', 'debug', 'error']);
  });
});
