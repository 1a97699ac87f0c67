// Properties over the generated corpus and over random text: idempotent, line by line, valid JSON, never throwing.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { generateCorpus } from '../../../scripts/bench/redaction/corpus.ts';
import { redactJsonLine } from '../../../src/agent/redaction/jsonl.ts';
import { createRedactor } from '../../../src/agent/redaction/redactor.ts';

const CORPUS = generateCorpus(7);
const redactor = createRedactor();
const record = fc.constantFrom(
  ...CORPUS.filter((candidate) => candidate.secret !== null).map((candidate) => candidate.text),
);
const RUNS = { numRuns: 1500 };

const fragment = fc.oneof(
  { weight: 4, arbitrary: record },
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'password',
    '=',
    ': ',
    '"',
    "'",
    '\\',
    '\\"',
    '\n',
    ' ',
    '-----BEGIN ',
    'PRIVATE KEY-----',
    '@',
    '://',
    '***REDACTED***',
    '***REDACTED:api_token***',
    'Bearer ',
    '\u001b[31m',
    '{',
    '}',
    ',',
    ';',
    '&',
    'token',
    'a1B2c3D4e5F6',
    '|',
    '<',
    '>',
    'é',
    '\ud800',
  ),
);
const text = fc.array(fragment, { maxLength: 6 }).map((parts) => parts.join(''));

describe('redaction properties', () => {
  it('is idempotent on the corpus', () => {
    for (const { text: original, env } of CORPUS) {
      const own = env === undefined ? redactor : createRedactor({ env });
      const once = own.text(original).text;
      expect(own.text(once).text).toBe(once);
    }
  });

  it('keeps the number of lines, and treats a text as its lines', () => {
    fc.assert(
      fc.property(text, (original) => {
        const lines = original.split('\n');
        const masked = redactor.lines(lines);
        expect(masked).toHaveLength(lines.length);
        expect(masked.map((line) => line.text).join('\n')).toBe(redactor.text(original).text);
        expect(masked.some((line) => line.redacted)).toBe(redactor.text(original).redacted);
      }),
      RUNS,
    );
  });

  it('keeps JSON valid', () => {
    fc.assert(
      fc.property(
        fc.json({ stringUnit: 'binary' }),
        fc.constantFrom('password', 'apiToken', 'user', 'Authorization', 'cookie'),
        record,
        (value, name, held) => {
          for (const original of [
            `{"${name}":${value},"n":1}`,
            JSON.stringify({ [name]: held, deep: [{ msg: JSON.stringify({ [name]: held }) }] }),
          ]) {
            expect(() => JSON.parse(redactor.text(original).text) as unknown).not.toThrow();
          }
        },
      ),
      RUNS,
    );
  });

  it('does not depend on how the text was split', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 400 }), { maxLength: 5 }), (original, cuts) => {
        const places = [...new Set(cuts.map((cut) => Math.min(cut, original.length)))].sort((a, b) => a - b);
        const chunks = [...places, original.length].map((to, index) => original.slice(places[index - 1] ?? 0, to));
        const whole = redactJsonLine(JSON.stringify({ id: 'a', text: original }), 1);
        expect(redactJsonLine(JSON.stringify({ id: 'a', text: original, chunks }), 1)).toStrictEqual(whole);
      }),
      RUNS,
    );
  });
});
