// redact as a filter: what streams through it comes out in order, a broken record is named, and the owner's policy applies.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type } from './fake-terminal.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'redact-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const environment = (): Readonly<Record<string, string>> => ({ STATUS_PANEL_CONFIG: join(home, 'config.json') });

async function* inPieces(text: string, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe('status-panel redact', () => {
  const lines = Array.from({ length: 60_000 }, (_, index) =>
    index % 1000 === 7 ? `${index} password=hunter2hunter2` : `${index} request took ${index % 90} ms, für alle`,
  );
  const expected = lines.map((line) => line.replace('hunter2hunter2', '***REDACTED:env_assignment***')).join('\n');

  it.each([
    ['with', '\n'],
    ['without', ''],
  ])('passes a long text on, in order, %s a line feed at its end', async (_, end) => {
    const session = await type(['redact'], {
      environment: environment(),
      stdin: inPieces(lines.join('\n') + end, 7_001),
    });
    expect(session.out === expected + end).toBe(true);
    expect(session.exit).toBe('ok');
  });

  it('follows a key that runs over what is passed on at once', async () => {
    const filler = 'x'.repeat(1000);
    const body = Array.from(
      { length: 40 },
      (_, index) => `q7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf0sYaq7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf${String(index).padStart(3, '0')}`,
    );
    const label = ['RSA', 'PRIVATE', 'KEY-----'].join(' ');
    const text = [
      ...Array.from({ length: 1047 }, () => filler),
      `-----BEGIN ${label}`,
      ...body,
      `-----END ${label}`,
      'done',
    ].join('\n');
    const session = await type(['redact'], { environment: environment(), stdin: inPieces(text, 4_096) });
    expect(session.out).not.toContain('q7Kd2Zx9');
    expect(session.out.endsWith('\ndone')).toBe(true);
  });

  it('names the line of a broken record, goes on, and says so by its exit', async () => {
    const input = '{"id":1,"text":"token=abcdefgh12345"}\n{password=hunter2\n\n{"id":2}\n{"id":3,"text":"fine"}';
    const session = await type(['redact', '--jsonl'], { environment: environment(), stdin: inPieces(input, 10) });
    expect(session.out).toBe('{"id":1,"text":"token=***REDACTED:env_assignment***"}\n{"id":3,"text":"fine"}\n');
    expect(session.err).toMatch(/^line 2: not valid JSON\nline 4: not a record: text: .*\n$/);
    expect(session.err).not.toContain('hunter2');
    expect(session.exit).toBe('bad_data');
  });

  it('stops when nobody reads any more', async () => {
    let asked = 0;
    const endless = async function* (): AsyncGenerator<Buffer> {
      for (;;) {
        asked += 1;
        yield Buffer.from('{"id":1,"text":"x"}\n');
      }
    };
    const session = await type(['redact', '--jsonl'], {
      environment: environment(),
      stdin: endless(),
      print: async () => false,
    });
    expect(session.exit).toBe('ok');
    expect(asked).toBeLessThan(3);
  });

  it('applies the policy beside the configuration file', async () => {
    writeFileSync(join(home, 'policy.json'), '{"redaction": {"values": ["opensesame77"], "mask_emails": false}}');
    const session = await type(['redact'], {
      environment: environment(),
      stdin: inPieces('opensesame77 a@example.org\n', 99),
    });
    expect(session.out).toBe('***REDACTED:env_value*** a@example.org\n');
  });

  it('refuses a policy that it does not understand', async () => {
    writeFileSync(join(home, 'policy.json'), '{"redaction": {"patterns": [{"name": "x", "regex": ".*"}]}}');
    const session = await type(['redact'], { environment: environment(), stdin: inPieces('x\n', 9) });
    expect(session).toMatchObject({ exit: 'configuration', out: '' });
    expect(session.err).toContain('redaction.patterns.0');
  });
});
