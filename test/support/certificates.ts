// A certificate authority of the tests' own and a server certificate, made anew each time: no key lies in the repository.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { privateEnvironment, provideDebianPackages } from '../../scripts/parts/debian-packages.ts';

export interface Certificates extends Disposable {
  /** PEM file of the authority. */
  readonly caFile: string;
  readonly key: string;
  readonly cert: string;
}

/** `names` are alternative names as OpenSSL writes them. */
export async function makeCertificates(names: readonly string[] = ['IP:127.0.0.1']): Promise<Certificates> {
  const openssl = await findOpenssl();
  const directory = mkdtempSync(join(tmpdir(), 'status-panel-tls-'));
  const at = (name: string): string => join(directory, name);
  const run = (...words: readonly string[]): void => {
    const ended = spawnSync(openssl.program, words, { env: openssl.environment, encoding: 'utf8' });
    if (ended.status !== 0) throw new Error(`openssl ${words.join(' ')}: ${ended.stderr}`);
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=Test Authority',
  );
  run('req', ...newKey, '-keyout', at('server.key'), '-out', at('server.csr'), '-subj', '/CN=Test Server');
  writeFileSync(at('extensions'), `subjectAltName=${names.join(',')}\n`);
  const signing = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', at('extensions')];
  run('x509', '-req', '-in', at('server.csr'), ...signing, '-out', at('server.pem'), '-days', '2');
  return {
    caFile: at('ca.pem'),
    key: readFileSync(at('server.key'), 'utf8'),
    cert: readFileSync(at('server.pem'), 'utf8'),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

async function findOpenssl(): Promise<{ readonly program: string; readonly environment: NodeJS.ProcessEnv }> {
  if (existsSync('/usr/bin/openssl')) return { program: '/usr/bin/openssl', environment: process.env };
  const { root } = await provideDebianPackages(['openssl'], { say: console.log });
  return {
    program: join(root, 'usr/bin/openssl'),
    environment: { ...privateEnvironment(root), OPENSSL_CONF: '/dev/null' },
  };
}
