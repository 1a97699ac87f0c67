// Worst cases of every rule, taken from the rule tables: twice the text takes twice the time, up to 1 MiB.

import process from 'node:process';
import { describe, expect, it } from 'vitest';
import { ANCHORS } from '../../../src/agent/redaction/anchors.ts';
import { OwnerPatterns } from '../../../src/agent/redaction/owner-patterns.ts';
import { createRedactor } from '../../../src/agent/redaction/redactor.ts';
import { RULES } from '../../../src/agent/redaction/rules.ts';

const KIB = 1024;
/** How much more a byte of the longer text may cost. A matcher that walks its input again from every anchor reaches the ratio of the lengths. */
const MOST_GROWTH = 5;
/** Busy machines double a measurement now and then, and not three times in a row. */
const ATTEMPTS = 3;
/** Below this a measurement is mostly that of the clock. */
const LEAST_NS_PER_BYTE = 15;

const redactor = createRedactor({
  ownerPatterns: new OwnerPatterns([{ name: 'own', prefix: 'own-', alphabet: 'hex', min_length: 8 }]),
  env: { DB_PASSWORD: 'kJ7sd8fKJ2sdf98', PERIODIC_SECRET: 'a'.repeat(40) },
});

/** Processor time, because the machine may be busy with other things. */
function nsPerByte(text: string): number {
  const started = process.cpuUsage();
  redactor.text(text);
  const { user, system } = process.cpuUsage(started);
  return ((user + system) * 1000) / text.length;
}

/** How many times as much a byte costs in the longer of two texts that are made alike. */
function growth(textOf: (length: number) => string, short: number, long: number): number {
  const small = textOf(short);
  const base = Math.max(LEAST_NS_PER_BYTE, Math.min(...[1, 2, 3].map(() => nsPerByte(small))));
  const large = textOf(long);
  let least = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < ATTEMPTS && least > MOST_GROWTH; attempt += 1)
    least = Math.min(least, nsPerByte(large) / base);
  return least;
}

function repeated(unit: string): (length: number) => string {
  return (length) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
}

/** The units whose cost grows faster than their text. */
function growing(units: readonly string[], short: number, long: number): readonly string[] {
  return units.filter((unit) => growth(repeated(unit), short, long) > MOST_GROWTH);
}

const LITERALS = [...new Set(ANCHORS.map((anchor) => anchor.literal))];
const TAILS = ['', 'a', '=', ': ', '="', "='", '=\\"', ' | ', '\n', '-', '.', ': a1b2c3: ', '@a.', '">', '=[', ', "'];
const RUNS = ['a', 'aB1', ' ', '\\', '"', '.', '-', 'é', '\n', ')'];
/** Every literal gets some of the tails, and every tail many literals: all pairs would take minutes. */
const TAILS_PER_LITERAL = 4;

const REPEATED = LITERALS.flatMap((literal, index) =>
  Array.from({ length: TAILS_PER_LITERAL }, (_, turn) => literal + (TAILS[(index + turn * 5) % TAILS.length] ?? '')),
);

describe('linear time', () => {
  it('from 16 KiB to 1 MiB, every literal of the tables', { timeout: 600_000 }, () => {
    expect(growing(LITERALS, 16 * KIB, KIB * KIB)).toStrictEqual([]);
  });

  it('from 8 KiB to 64 KiB, every literal with four tails', { timeout: 300_000 }, () => {
    expect(growing(REPEATED, 8 * KIB, 64 * KIB)).toStrictEqual([]);
  });

  it('from 16 KiB to 256 KiB, what every rule masks and what it leaves', { timeout: 300_000 }, () => {
    const units = RULES.flatMap((rule) => [rule.matches.secret, `${rule.matches.text} `, `${rule.leaves}\n`]);
    expect(growing(units, 16 * KIB, 256 * KIB)).toStrictEqual([]);
  });

  it('from 8 KiB to 64 KiB, every literal before and behind a long run', { timeout: 300_000 }, () => {
    const slow = LITERALS.filter((literal, index) => {
      const run = repeated(RUNS[index % RUNS.length] ?? '');
      const before = growth((length) => literal + run(length), 8 * KIB, 64 * KIB);
      return (
        Math.max(
          before,
          growth((length) => run(length) + literal, 8 * KIB, 64 * KIB),
        ) > MOST_GROWTH
      );
    });
    expect(slow).toStrictEqual([]);
  });

  it.each([
    'a,password\n',
    'password,b\n"',
    ' token | b\n---\n',
    'password;a\n;\n',
    'discord MTaB3.aaaaaa.',
    '.aB3xY9.',
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
    '@tcp(',
    'a:b@(',
    '__name: ',
    'key\\">',
    'pw:\\',
    '?t=',
    'otp==[',
    'secret key ',
    'PASS ',
  ])('from 16 KiB to 1 MiB: %j', { timeout: 120_000 }, (unit) => {
    expect(growth(repeated(unit), 16 * KIB, KIB * KIB)).toBeLessThanOrEqual(MOST_GROWTH);
  });
});
