// The adapter for scoring a corpus: records in, records out, errors with the line's number.

import { describe, expect, it } from 'vitest';
import { redactJsonl } from '../../../src/agent/redaction/jsonl.ts';

describe('redactJsonl', () => {
  it('joins the chunks before it redacts, and uses the environment', () => {
    const value = ['kJ7sd8', 'fKJ2sdf98'];
    const input = [
      JSON.stringify({
        id: 'a',
        text: `password=${value.join('')} ok`,
        chunks: [`password=${value[0]}`, `${value[1]} ok`],
      }),
      JSON.stringify({ id: 'b', text: `peer said ${value.join('')}\nand left`, env: { DB_PASSWD: value.join('') } }),
    ].join('\n');
    expect([...redactJsonl(input)]).toStrictEqual([
      { output: JSON.stringify({ id: 'a', text: 'password=***REDACTED:env_assignment*** ok' }) },
      { output: JSON.stringify({ id: 'b', text: 'peer said ***REDACTED:env_value***\nand left' }) },
    ]);
  });

  it('names the line of a malformed record, does not quote it, and goes on', () => {
    const answers = [
      ...redactJsonl('{"id":"a","text":"x"}\nnot json password=hunter2\n\n{"id":"b"}\n{"id":"c","text":"y"}\n'),
    ];
    expect(answers.map((answer) => ('output' in answer ? answer.output : answer.error))).toStrictEqual([
      '{"id":"a","text":"x"}',
      'line 2: not valid JSON',
      expect.stringMatching(/^line 4: not a record: text: /),
      '{"id":"c","text":"y"}',
    ]);
  });
});
