// Says whether a release is the publisher's: root key, release key, list of hashes, archive, each vouching for the next. Pure.
//
//   root key (pinned) ──signs──▶ release-key.pem ──signs──▶ SHA256SUMS ──names──▶ archive
//
// Nothing unverified is parsed further than it must be to be verified, and every doubt is a refusal.
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Fault } from '../../platform/fault.ts';

/** The files a release is verified by, as they were downloaded. */
export interface ReleasePapers {
  /** SPKI PEM. */
  readonly releaseKeyPem: string;
  /** Base64, by the root key, over the exact bytes of `releaseKeyPem`. */
  readonly releaseKeySignature: string;
  /** As sha256sum(1) writes it. */
  readonly sums: string;
  /** Base64, by the release key, over the exact bytes of `sums`. */
  readonly sumsSignature: string;
}

/** SHA-256 in lower-case hexadecimal, by file name. */
export type Sums = ReadonlyMap<string, string>;

const SIGNATURE_BYTES = 64;
const FILES_MAX_COUNT = 1_000;

/** The hashes that `papers` vouch for. Throws Fault not_verified, which says what does not hold. */
export function verifyPapers(rootKeyPem: string, papers: ReleasePapers): Sums {
  if (!isSignedBy(rootKeyPem, Buffer.from(papers.releaseKeyPem), papers.releaseKeySignature)) {
    throw notVerified('the release key is not signed by the root key that this program trusts');
  }
  if (!isSignedBy(papers.releaseKeyPem, Buffer.from(papers.sums), papers.sumsSignature)) {
    throw notVerified('SHA256SUMS is not signed by the release key');
  }
  return parseSums(papers.sums);
}

/** Whether `signature`, base64, is that of the Ed25519 key in `keyPem` over exactly `bytes`. Anything that is no key or no signature is not. */
export function isSignedBy(keyPem: string, bytes: Buffer, signature: string): boolean {
  const key = ed25519Key(keyPem);
  const raw = signatureBytes(signature);
  return key !== undefined && raw !== undefined && verify(null, bytes, key, raw);
}

/** SHA-256 of the key's DER form, in hexadecimal: `openssl pkey -pubin -outform DER | sha256sum` prints the same. */
export function fingerprintOf(keyPem: string): string {
  return createHash('sha256')
    .update(createPublicKey(keyPem).export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

export function notVerified(what: string): Fault {
  return new Fault(
    'not_verified',
    `${what}; nothing was changed. Download it again; if that does not help, ask the publisher`,
  );
}

function ed25519Key(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey({ key: pem, format: 'pem', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

// Buffer.from forgives what is no base64: what it made of the text must give the text back.
function signatureBytes(text: string): Buffer | undefined {
  const line = text.endsWith('\n') ? text.slice(0, -1) : text;
  const bytes = Buffer.from(line, 'base64');
  return bytes.length === SIGNATURE_BYTES && bytes.toString('base64') === line ? bytes : undefined;
}

const SUM_LINE = /^([0-9a-f]{64}) [ *]([\w.+-]{1,200})$/u;

function parseSums(text: string): Sums {
  const lines = text.split('\n');
  if (lines.pop() !== '' || lines.length > FILES_MAX_COUNT) throw notVerified('SHA256SUMS is not a list of hashes');
  const sums = new Map<string, string>();
  for (const line of lines) {
    const [, sum, name] = SUM_LINE.exec(line) ?? [];
    if (sum === undefined || name === undefined || sums.has(name))
      throw notVerified('SHA256SUMS is not a list of hashes');
    sums.set(name, sum);
  }
  return sums;
}
