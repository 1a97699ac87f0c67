// The chain of signatures holds for what was signed, and for nothing else.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ReleasePapers, verifyPapers } from '../../../src/agent/update/signature.ts';

const HASH = 'ab'.repeat(32);
const NAME = 'status-panel-1.2.3-linux-x64.tar.gz';

const root = generateKeyPairSync('ed25519');
const release = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');

function pemOf(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function signed(text: string, key: KeyObject): string {
  return `${sign(null, Buffer.from(text), key).toString('base64')}\n`;
}

function papersOf(sums: string, by = release, vouchedBy = root): ReleasePapers {
  const releaseKeyPem = pemOf(by.publicKey);
  return {
    releaseKeyPem,
    releaseKeySignature: signed(releaseKeyPem, vouchedBy.privateKey),
    sums,
    sumsSignature: signed(sums, by.privateKey),
  };
}

const rootPem = pemOf(root.publicKey);
const good = papersOf(`${HASH}  ${NAME}\n`);

describe('the papers of a release', () => {
  it('give the hashes that the publisher signed', () => {
    expect([...verifyPapers(rootPem, good)]).toEqual([[NAME, HASH]]);
  });

  it.each([
    ['a release key that a stranger vouches for', papersOf(good.sums, release, stranger)],
    ['a list that a stranger signed', { ...good, sumsSignature: signed(good.sums, stranger.privateKey) }],
    ["a stranger's release key in place of the publisher's", { ...good, releaseKeyPem: pemOf(stranger.publicKey) }],
    ['a list signed by the root key itself', { ...good, sumsSignature: signed(good.sums, root.privateKey) }],
    ['the signature of the other file', { ...good, sumsSignature: good.releaseKeySignature }],
    ['an empty signature', { ...good, sumsSignature: '' }],
    ['a signature with something after it', { ...good, sumsSignature: `${good.sumsSignature}\n` }],
    ['no key at all', { ...good, releaseKeyPem: '' }],
    ['a list cut short', { ...good, sums: good.sums.slice(0, -1) }],
  ])('are refused with %s', (_, papers) => {
    expect(() => verifyPapers(rootPem, papers)).toThrow(expect.objectContaining({ code: 'not_verified' }));
  });

  it('are refused when the root key is of another kind, though it signed', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const releaseKeySignature = sign('sha256', Buffer.from(good.releaseKeyPem), rsa.privateKey).toString('base64');
    expect(() => verifyPapers(pemOf(rsa.publicKey), { ...good, releaseKeySignature })).toThrow(
      'not signed by the root',
    );
  });

  it.each([
    ['a path', `${HASH}  ../../etc/passwd\n`],
    ['a name twice', `${HASH}  ${NAME}\n${HASH.replaceAll('a', 'b')}  ${NAME}\n`],
    ['a short hash', `abcd  ${NAME}\n`],
    ['no newline at its end', `${HASH}  ${NAME}`],
  ])('are refused when the signed list has %s', (_, sums) => {
    expect(() => verifyPapers(rootPem, papersOf(sums))).toThrow('not a list of hashes');
  });

  it('are refused with any one bit of any of them flipped', () => {
    const fields = ['releaseKeyPem', 'releaseKeySignature', 'sums', 'sumsSignature'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...fields), fc.nat(), fc.integer({ min: 0, max: 6 }), (field, at, bit) => {
        const bytes = Buffer.from(good[field], 'latin1');
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        expect(() => verifyPapers(rootPem, { ...good, [field]: bytes.toString('latin1') })).toThrow(
          expect.objectContaining({ code: 'not_verified' }),
        );
      }),
      { numRuns: 500 },
    );
  });
});
