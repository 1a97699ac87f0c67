// What callers rely on: one result per line, categories, blocks followed across lines, terminal colours, failing closed.

import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../../src/agent/redaction/redactor.ts';

const MASK = '***REDACTED:env_assignment***';
const EMAIL_MASK = '***REDACTED:pii_email***';
const KEY_MASK = '***REDACTED:private_key***';
const LABEL = ['RSA', 'PRIVATE', 'KEY-----'].join(' ');
const BODY = [
  'MIIEq7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf0sYaq7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf',
  'b7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf0sYaq7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf0sYa',
  'x7Kd2Zx9==',
];

function textsOf(lines: readonly string[]): readonly string[] {
  return createRedactor()
    .lines(lines)
    .map((line) => line.text);
}

describe('createRedactor', () => {
  it('returns unchanged lines as they are, and says what it masked', () => {
    const [plain, secret] = createRedactor().lines(['GET / 200', 'password=hunter2 to=<ann@example.org>']);
    expect(plain).toStrictEqual({ text: 'GET / 200', redacted: false, categories: [] });
    expect(secret).toStrictEqual({
      text: `password=${MASK} to=<${EMAIL_MASK}>`,
      redacted: true,
      categories: ['env_assignment', 'pii_email'],
    });
  });

  it('masks cells below a secret name, whatever separates them, and leaves the other columns', () => {
    const secret = ['q7Kd2Zx9', 'Lm4Rw8Tb'].join('');
    expect(textsOf(['id,login,password', `7,bob,${secret}`, '8,"a, b",hunter2', 'done'])).toStrictEqual([
      'id,login,password',
      `7,bob,${MASK}`,
      `8,"a, b",${MASK}`,
      'done',
    ]);
    expect(textsOf([' id | api_key', '----+------', `  1 | ${secret}`, '(1 row)'])).toStrictEqual([
      ' id | api_key',
      '----+------',
      `  1 | ${MASK}`,
      '(1 row)',
    ]);
    const listed = [
      'token,secret,password',
      'are,words,required',
      '| id | password |',
      '| 7 | set |',
      'id,tokens',
      '7,512',
    ];
    expect(textsOf(listed)).toStrictEqual(listed);
  });

  it.each([
    'DETAIL:  Key (order_id)=(96f6e807-a712-498a-b949-3a2837d397e2) is not present in table "orders".',
    'authorization: denied by policy billing',
    'existingSecretPasswordKey: postgres-password',
    `checksum/secret: ${'0a1b2c3d'.repeat(8)}`,
    '"login.password.placeholder": "Enter your password"',
    '  password: "Contraseña"',
    'dovecot: imap-login: Login: user=<bob>, TLS, session=<272cVtWg81tit/LmDthc4V>',
    'dovecot: auth: passwd-file(bob,192.0.2.7): unknown user',
    'foreign key mismatch - "auth" referencing "users"',
    'nomad.acl: token revoked: accessor=0a02bf88-fdca-458e-8eb5-0d5dccafbb87',
    'samba: Auth: [SMB2,(null)] user [X]',
    'time_per_token="770.383ms"',
    'dd.trace_id=4069845749649051903 dd.span_id=1',
    `"client_token":"hmac-sha256:${'0a1b2c3d'.repeat(8)}"`,
    'redis: requirepass is not set, running without password',
    'mount failed: secret: "web-tls" not found',
    'GIT_ASKPASS=/usr/bin/ask',
    'proxy_pass http://app1-backend;',
    'proxy_pass app1-backend;',
    '"proxy_pass": "http://app1:3000"',
    'proxy_pass: http://127.0.0.1:3000',
    '4111+1111+1111+1112 rows',
  ])('leaves %s', (line) => {
    expect(textsOf([line])).toStrictEqual([line]);
  });

  it('masks the password of a proxy, though a directive of nginx has the same name', () => {
    const secret = ['q7Kd2Zx9', 'Lm4Rw8Tb'].join('');
    expect(textsOf([`PROXY_PASS=${secret}`, `{"proxyPass":"${secret}","n":1}`])).toStrictEqual([
      `PROXY_PASS=${MASK}`,
      `{"proxyPass":"${MASK}","n":1}`,
    ]);
  });

  it('masks a secret that is quoted like the name of an object, and weak words of a directive', () => {
    const secret = ['q7Kd2Zx9', 'Lm4Rw8Tb'].join('');
    expect(textsOf([`secret: "${secret}" not found`, 'requirepass "default"', 'requirepass default1'])).toStrictEqual([
      `secret: "${MASK}" not found`,
      `requirepass "${MASK}"`,
      `requirepass ${MASK}`,
    ]);
  });

  it('masks card numbers with the blanks of a form', () => {
    const card = ['4111', '1111', '1111', '1111'].join('+');
    expect(textsOf([`POST card=${card}&n=1`])).toStrictEqual(['POST card=***REDACTED:payment_card***&n=1']);
  });

  it('leaves what follows an encoded key in a manifest', () => {
    const encoded = Buffer.from([`-----BEGIN ${LABEL}`, ...BODY].join('\n')).toString('base64');
    expect(textsOf(['data:', `  tls.key: ${encoded}`, 'kind: Secret'])).toStrictEqual([
      'data:',
      `  tls.key: ${KEY_MASK}`,
      'kind: Secret',
    ]);
  });

  it('follows a key across lines, with prefixes, and stops behind it', () => {
    const lines = [
      'app | dump',
      `app | -----BEGIN ${LABEL}`,
      ...BODY.map((line) => `app | ${line}`),
      `app | -----END ${LABEL}`,
      'app | serving',
    ];
    expect(textsOf(lines)).toStrictEqual([
      'app | dump',
      lines[1],
      `app | ${KEY_MASK}`,
      `app | ${KEY_MASK}`,
      `app | ${KEY_MASK}`,
      lines[5],
      'app | serving',
    ]);
  });

  it('masks a key whose beginning or end lies outside of the window, or both', () => {
    expect(textsOf([...BODY, `-----END ${LABEL}`, 'done'])).toStrictEqual([
      KEY_MASK,
      KEY_MASK,
      KEY_MASK,
      `-----END ${LABEL}`,
      'done',
    ]);
    expect(textsOf([`-----BEGIN ${LABEL}`, ...BODY.slice(0, 2)])).toStrictEqual([
      `-----BEGIN ${LABEL}`,
      KEY_MASK,
      KEY_MASK,
    ]);
    expect(textsOf(BODY.slice(0, 2))).toStrictEqual([KEY_MASK, KEY_MASK]);
  });

  it('leaves certificates', () => {
    const lines = ['-----BEGIN CERTIFICATE-----', ...BODY, '-----END CERTIFICATE-----'];
    expect(textsOf(lines)).toStrictEqual(lines);
  });

  it('sees through terminal colours, and leaves those outside of the value', () => {
    expect(textsOf(['\u001b[36mpassword\u001b[0m=\u001b[33mhun\u001b[1mter2\u001b[0m +3ms'])).toStrictEqual([
      `\u001b[36mpassword\u001b[0m=\u001b[33m${MASK}\u001b[0m +3ms`,
    ]);
  });

  it('keeps JSON valid where a bare number is the secret', () => {
    expect(textsOf(['{"password":12345678,"n":1}'])).toStrictEqual([`{"password":"${MASK}","n":1}`]);
  });

  it('can leave e-mail addresses', () => {
    expect(createRedactor({ maskEmails: false }).text('to ann@example.org').redacted).toBe(false);
  });

  it('takes names from the owner', () => {
    expect(createRedactor({ extraNames: ['HOUSE_CODE'] }).text('house-code=abc').text).toBe(`house-code=${MASK}`);
  });

  it('does not cut a batch where a block is open', () => {
    const filler = Array.from({ length: 40 }, () => 'x'.repeat(16_000));
    const lines = [
      ...filler,
      `-----BEGIN ${LABEL}`,
      ...Array.from({ length: 40 }, () => BODY[0] ?? ''),
      `-----END ${LABEL}`,
      ...filler,
    ];
    const masked = textsOf(lines);
    expect(masked).toHaveLength(lines.length);
    expect(masked.join('\n')).not.toContain('q7Kd2Zx9Lm4Rw8');
  });

  it('fails closed', () => {
    // What a caller without types could hand over.
    const hostile: string = JSON.parse('null');
    expect(createRedactor().text(hostile).text).toBe('***REDACTED LINE***');
    expect(
      createRedactor()
        .lines(['password=x', hostile])
        .map((line) => line.text),
    ).toStrictEqual(['***REDACTED LINE***', '***REDACTED LINE***']);
  });
});
