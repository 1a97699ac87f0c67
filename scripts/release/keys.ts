// The two tiers of signing keys: a root key that is kept offline and signs release keys, and a release key that signs releases.
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isSignedBy } from '../../src/agent/update/signature.ts';

/** The files of a key folder. `.key` files are private, PKCS 8 PEM, mode 0600. */
export const KEY_FILES = {
  rootPrivate: 'root.key',
  rootPublic: 'root-key.pem',
  releasePrivate: 'release.key',
  releasePublic: 'release-key.pem',
  releaseSignature: 'release-key.pem.sig',
} as const;

/** What a build needs: everything but the root's private key. */
export interface SigningKeys {
  readonly rootPem: string;
  readonly releasePem: string;
  readonly releasePemSignature: string;
  readonly releaseKey: KeyObject;
}

/** Makes a root key in `directory`. Throws when there is one: every installed agent trusts it. */
export function makeRootKey(directory: string): void {
  makePair(directory, KEY_FILES.rootPrivate, KEY_FILES.rootPublic);
}

/** Makes a release key in `directory`, signed by the root key of `rootDirectory`. Throws when there is one. */
export function makeReleaseKey(directory: string, rootDirectory: string): void {
  const rootKey = createPrivateKey(readFileSync(join(rootDirectory, KEY_FILES.rootPrivate)));
  makePair(directory, KEY_FILES.releasePrivate, KEY_FILES.releasePublic);
  const pem = readFileSync(join(directory, KEY_FILES.releasePublic));
  writeFileSync(join(directory, KEY_FILES.releaseSignature), signatureLine(pem, rootKey));
  const rootPem = readFileSync(join(rootDirectory, KEY_FILES.rootPublic));
  if (rootDirectory !== directory) writeFileSync(join(directory, KEY_FILES.rootPublic), rootPem);
}

/** Throws when a file is missing or the root key has not signed the release key. */
export function readSigningKeys(directory: string): SigningKeys {
  const read = (name: string): string => {
    try {
      return readFileSync(join(directory, name), 'utf8');
    } catch {
      throw new Error(
        `${join(directory, name)} cannot be read: "npm run release-keys -- --help" says how keys are made`,
      );
    }
  };
  const keys = {
    rootPem: read(KEY_FILES.rootPublic),
    releasePem: read(KEY_FILES.releasePublic),
    releasePemSignature: read(KEY_FILES.releaseSignature),
    releaseKey: createPrivateKey(read(KEY_FILES.releasePrivate)),
  };
  if (!isSignedBy(keys.rootPem, Buffer.from(keys.releasePem), keys.releasePemSignature)) {
    throw new Error(`${directory}: the root key has not signed this release key`);
  }
  const own = createPublicKey(keys.releaseKey).export({ type: 'spki', format: 'pem' });
  if (own !== keys.releasePem)
    throw new Error(`${directory}: ${KEY_FILES.releasePrivate} does not belong to ${KEY_FILES.releasePublic}`);
  return keys;
}

/** One line: base64 of the Ed25519 signature over exactly these bytes. */
export function signatureLine(bytes: Buffer, key: KeyObject): string {
  return `${sign(null, bytes, key).toString('base64')}\n`;
}

function makePair(directory: string, privateName: string, publicName: string): void {
  const privatePath = join(directory, privateName);
  if (existsSync(privatePath)) throw new Error(`${privatePath} is there already: keys are never replaced in place`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const pair = generateKeyPairSync('ed25519');
  writeFileSync(privatePath, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
  writeFileSync(join(directory, publicName), pair.publicKey.export({ type: 'spki', format: 'pem' }));
}
