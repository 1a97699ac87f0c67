// Worst cases of every rule at 16 KiB and 1 MiB: time grows with length, not with its square.

import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { ANCHORS } from '../../../src/agent/redaction/anchors.ts';
import { OwnerPatterns } from '../../../src/agent/redaction/owner-patterns.ts';
import { createRedactor } from '../../../src/agent/redaction/redactor.ts';

const KIB = 1024;
/** Generous: ordinary text takes 10. A matcher that walks its input again from every anchor takes ten times this at 16 KiB. */
const MOST_NS_PER_BYTE = 6_000;
const ATTEMPTS = 3;

const redactor = createRedactor({
  ownerPatterns: new OwnerPatterns([{ name: 'own', prefix: 'own-', alphabet: 'hex', min_length: 8 }]),
  env: { DB_PASSWORD: 'kJ7sd8fKJ2sdf98', PERIODIC_SECRET: 'a'.repeat(40) },
});

/** Processor time, because the machine may be busy with other things. */
function timeMs(text: string): number {
  const started = process.cpuUsage();
  redactor.text(text);
  return process.cpuUsage(started).user / 1000;
}

function isSlow(text: string): boolean {
  const mostMs = (MOST_NS_PER_BYTE * text.length) / 1e6;
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) if (timeMs(text) < mostMs) return false;
  return true;
}

function repeated(unit: string, length: number): string {
  return unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

const LITERALS = [...new Set(ANCHORS.map((anchor) => anchor.literal))];
const TAILS = ['', 'a', '=', ': ', '="', "='", '=\\"', ' | ', '\n', '-', '.', ': a1b2c3: ', '@a.', '">', '=[', ', "'];
const RUNS = ['a', 'aB1', ' ', '\\', '"', '.', '-', 'é', '\n', ')'];
/** Every literal gets some of the tails, and every tail many literals: all pairs would take minutes. */
const TAILS_PER_LITERAL = 4;

const REPEATED = LITERALS.flatMap((literal, index) =>
  Array.from({ length: TAILS_PER_LITERAL }, (_, turn) => literal + (TAILS[(index + turn * 5) % TAILS.length] ?? '')),
);
const RUN_PAIRS = LITERALS.flatMap((literal, index) => {
  const run = (RUNS[index % RUNS.length] ?? '').repeat(16 * KIB);
  return [literal + run, run + literal];
});

describe('linear time', () => {
  it('at 128 KiB, every literal with one tail', { timeout: 240_000 }, () => {
    const units = LITERALS.map((literal, index) => literal + (TAILS[index % TAILS.length] ?? ''));
    expect(units.filter((unit) => isSlow(repeated(unit, 128 * KIB)))).toStrictEqual([]);
  });

  it('at 16 KiB, every literal repeated', { timeout: 240_000 }, () => {
    expect(REPEATED.filter((unit) => isSlow(repeated(unit, 16 * KIB)))).toStrictEqual([]);
  });

  it('at 16 KiB, every literal before and behind a long run', { timeout: 240_000 }, () => {
    expect(RUN_PAIRS.filter(isSlow).map((text) => `${text.slice(0, 24)}…${text.slice(-24)}`)).toStrictEqual([]);
  });

  it.each([
    '://a:',
    'password=',
    'token: ',
    'eyJ.',
    '-----BEGIN PRIVATE KEY-----',
    '-----END PRIVATE KEY-----\n',
    'a@a',
    '4111 ',
    'sid=\\"',
    'LS0tLS1CRUdJTi',
    'api_key= ',
    'Bearer ',
    'Cookie: a=',
    '<password>',
    '\u001b[',
    '{"name":"secret"',
    'aaaaaa',
    'ghp_',
    'pw[',
    'secret=>\n',
    '\\\\\\\\',
    '1111 1111-',
    'Authorization: ',
    'authorization=[',
    'authorization: Digest a="',
    'Set-Cookie: ',
    '"cookie":["',
    'password: |\n  ',
    'password:\n  value: ',
    '{"name":"password","value":',
    'LS0tLS1CRUdJTi\n',
    'Private-Lines: \n',
    '-----BEGIN PRIVATE KEY-----\n\n',
    '{"value":"x","name":"password"',
    'resp=',
    '334 UGFzc3dvcmQ6\n',
    'insert into t (password) values (',
    "insert into t (password) values ('a'),",
    'login(',
    "login('a','",
    'jwt.sign({',
    'echo x | ',
    'rabbitmqctl add_user ',
    '/reset/',
    'otp code 1',
    ']:587 a:',
    '" ">',
    '1/0000000000',
    'password for the user ',
    'token (',
    'token=Some(',
    'token=<a1b2c3',
    'password": {"value": "',
    '{"name":"password","type":"a",',
    "value='a' where name='password'",
    'Authorization: Digest a="b", ',
    '***REDACTED:api_token***',
    '{"n":4111111111111111,',
    'own-a1b2c3d4',
    'own-',
  ])('at 1 MiB as at 16 KiB: %j', { timeout: 120_000 }, (unit) => {
    redactor.text(repeated(unit, 16 * KIB));
    const small = Math.max(1, timeMs(repeated(unit, 16 * KIB)));
    const large = timeMs(repeated(unit, KIB * KIB));
    // 64 times the length: linear is 64, quadratic 4096.
    expect(large / small).toBeLessThan(64 * 8);
    expect(large).toBeLessThan((MOST_NS_PER_BYTE * KIB * KIB) / 1e6);
  });
});
