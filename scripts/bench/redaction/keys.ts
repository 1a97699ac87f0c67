// Records with private keys in many shapes, and with values known from the container's environment.

import { Buffer } from 'node:buffer';
import type { CorpusRecord } from './corpus.ts';
import { type Chance, letters, LOWER, pick } from './shapes.ts';

function pemBody(chance: Chance, lines: number): string[] {
  return [
    ...Array.from({ length: lines }, (_, i) => (i === 0 ? 'MIIE' : '') + letters(chance, 'B', i === 0 ? 60 : 64)),
    `${letters(chance, 'B', 22)}==`,
  ];
}

export function privateKeys(chance: Chance): CorpusRecord[] {
  const labels = [
    'PRIVATE KEY',
    'RSA PRIVATE KEY',
    'EC PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
    'DSA PRIVATE KEY',
  ];
  return labels.flatMap((label, index) => {
    const body = pemBody(chance, 6);
    const begin = ['-----BEGIN', `${label}-----`].join(' ');
    const end = ['-----END', `${label}-----`].join(' ');
    const block = [begin, ...body, end];
    const shapes: readonly (readonly [string, readonly string[]])[] = [
      [`app | dump\n${block.join('\n')}\napp | serving`, ['app | dump', 'app | serving']],
      [block.map((line) => `app-1  | ${line}`).join('\n'), []],
      [block.map((line) => `2026-05-01T09:14:02.123Z ${line}`).join('\n'), []],
      [block.map((line) => `    ${line}`).join('\n'), []],
      [`{"k":"${block.join('\\n')}\\n","n":1}`, ['"n":1']],
      [`{"m":"{\\"k\\":\\"${block.join('\\\\n')}\\"}","n":1}`, ['"n":1']],
      [`KEY="${block.join('\\n')}"`, []],
      [`key: ${block.join(' ')}`, []],
      [`tls_key: |\n${block.map((line) => `  ${line}`).join('\n')}\nport: 1`, ['port: 1']],
      [[begin, ...body.slice(0, 4)].join('\n'), []],
      [[...body.slice(2), end, 'done'].join('\n'), ['done']],
      [body.slice(0, 5).join('\n'), []],
      [`tls.key: ${Buffer.from(block.join('\n')).toString('base64')}`, ['tls.key']],
      [block.join('\r\n'), []],
      [block.map((line) => `'${line}\\n' +`).join('\n'), []],
      [encodeURIComponent(block.join('\n')), []],
    ];
    return shapes.map(([text, keep], shape) => {
      const secrets =
        shape === 12
          ? [Buffer.from(block.join('\n')).toString('base64').slice(60)]
          : shape === 9
            ? body.slice(0, 4)
            : shape === 10
              ? body.slice(2, -1)
              : shape === 11
                ? body.slice(0, 5)
                : shape === 15
                  ? body.slice(0, -1).map(encodeURIComponent)
                  : body.slice(0, -1);
      return { id: `k${index}-${shape}`, kind: 'private-key', text, secret: body[1] ?? '', secrets, keep };
    });
  });
}

export function environmentValues(chance: Chance): CorpusRecord[] {
  const forms: readonly ((value: string) => readonly [string, string])[] = [
    (v) => [v, v],
    (v) => [JSON.stringify(v).slice(1, -1), JSON.stringify(v).slice(1, -1)],
    (v) => [encodeURIComponent(v), encodeURIComponent(v)],
    (v) => [Buffer.from(v).toString('hex'), Buffer.from(v).toString('hex')],
    ...['', 'u:', 'ab'].map((lead) => (v: string): readonly [string, string] => {
      const whole = Buffer.from(lead + v).toString('base64');
      return [whole, whole.slice(4, -4)];
    }),
    (v) => [Buffer.from(v).toString('base64url'), Buffer.from(v).toString('base64url').slice(0, -2)],
    (v) => [Buffer.from(v).toString('hex').toUpperCase(), Buffer.from(v).toString('hex').toUpperCase()],
  ];
  return Array.from({ length: 180 }, (_, index) => {
    const value = pick(chance, [
      letters(chance, 'A', 15),
      `${letters(chance, 'A', 8)}"/&${letters(chance, 'A', 6)}`,
      letters(chance, 'X', 32),
      letters(chance, LOWER, 12),
    ]);
    const [written, must] = pick(chance, forms)(value);
    const env = pick<Record<string, string>>(chance, [
      { DB_PASSWD: value },
      { APP_SECRET_KEY: value },
      { DATABASE_URL: `postgres://u:${encodeURIComponent(value)}@db/x` },
      { SVC_TOKEN: value, LANG: 'C' },
    ]);
    return {
      id: `v${index}`,
      kind: 'env-value',
      text: `peer said ${written} and left`,
      secret: must,
      keep: ['peer said', 'and left'],
      env,
    };
  });
}
