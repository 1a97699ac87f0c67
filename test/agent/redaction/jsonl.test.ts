// The adapter for scoring a corpus: a record in, a record out, an error with the line's number that quotes nothing.

import { describe, expect, it } from 'vitest';
import { redactJsonLine } from '../../../src/agent/redaction/jsonl.ts';

const VALUE = ['kJ7sd8', 'fKJ2sdf98'];
const STAMP = '2026-11-27T03:00:00.123456789Z ';

describe('redactJsonLine', () => {
  it.each([
    ['as they are', [`password=${VALUE[0]}`, `${VALUE[1]} ok`]],
    ['with the stamp that Docker puts before each', [`${STAMP}password=${VALUE[0]}`, `${STAMP}${VALUE[1]} ok`]],
  ])('joins the chunks before it redacts, %s', (_, chunks) => {
    const record = { id: 'a', text: `password=${VALUE.join('')} ok`, chunks };
    expect(redactJsonLine(JSON.stringify(record), 1)).toStrictEqual({
      output: JSON.stringify({ id: 'a', text: 'password=***REDACTED:env_assignment*** ok' }),
    });
  });

  it('uses the environment of the record, and of no other', () => {
    const text = `peer said ${VALUE.join('')}\nand left`;
    const withEnv = { id: 'b', text, env: { DB_PASSWD: VALUE.join('') } };
    expect(redactJsonLine(JSON.stringify(withEnv), 1)).toStrictEqual({
      output: JSON.stringify({ id: 'b', text: 'peer said ***REDACTED:env_value***\nand left' }),
    });
    expect(redactJsonLine(JSON.stringify({ id: 'c', text }), 2)).toStrictEqual({
      output: JSON.stringify({ id: 'c', text }),
    });
  });

  it.each([
    ['not json password=hunter2', 'line 4: not valid JSON'],
    ['{"id":"hunter2"}', expect.stringMatching(/^line 4: not a record: text: /)],
    ['{"id":"b","text":"x","env":{"A":7}}', expect.stringMatching(/^line 4: not a record: env\.A: /)],
  ])('names the line of a malformed record and does not quote it: %s', (line, error) => {
    const answer = redactJsonLine(line, 4);
    expect(answer).toStrictEqual({ lineNumber: 4, error });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  });
});
