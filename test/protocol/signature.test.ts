// The signature against vectors that another implementation computed.
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { equalInConstantTime, signBody, verifyBody } from '../../src/protocol/signature.ts';
import { CLIENT_VECTORS, SIGNATURE_VECTORS } from './vectors.ts';

describe('signature', () => {
  it('has all eleven vectors', () => {
    expect(SIGNATURE_VECTORS.map((vector) => vector.name)).toEqual(Array.from({ length: 11 }, (_, at) => `V${at + 1}`));
  });

  it.each(SIGNATURE_VECTORS)('$name: $about', ({ key, body, bytes, signature }) => {
    expect(body).toHaveLength(bytes);
    expect(signBody(key, body)).toBe(signature);
    expect(verifyBody(key, body, signature)).toBe(true);
  });

  it('of no body is that of an empty one', () => {
    expect(signBody('a token')).toBe(signBody('a token', Buffer.alloc(0)));
  });

  it.each(SIGNATURE_VECTORS)(
    '$name is refused with another key, other bytes or another encoding',
    ({ key, body, signature }) => {
      expect(verifyBody(`${key}x`, body, signature)).toBe(false);
      expect(verifyBody(key, Buffer.concat([body, Buffer.from(' ')]), signature)).toBe(false);
      expect(verifyBody(key, body, Buffer.from(signature, 'base64').toString('hex'))).toBe(false);
      expect(verifyBody(key, body, signature.replaceAll('=', ''))).toBe(false);
      expect(verifyBody(key, body, '')).toBe(false);
    },
  );

  it.each(CLIENT_VECTORS)(
    "$name is the scheme of the server's other clients: the same HMAC, another encoding",
    ({ key, body, hex }) => {
      expect(createHmac('sha256', key).update(body).digest('hex')).toBe(hex);
      expect(signBody(key, body)).toBe(Buffer.from(hex, 'hex').toString('base64'));
      expect(verifyBody(key, body, hex)).toBe(false);
    },
  );

  it('compares secrets of any length', () => {
    expect(equalInConstantTime('', '')).toBe(true);
    expect(equalInConstantTime('abc', 'abc')).toBe(true);
    expect(equalInConstantTime('abc', 'abcd')).toBe(false);
    expect(equalInConstantTime('abc', 'abd')).toBe(false);
  });
});
