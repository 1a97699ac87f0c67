// As it is installed the agent cannot do what it never has to: a probe in place of the program tries, under the launcher's own flags.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { runCli } from '../../scripts/parts/agent-process.ts';
import { unpackRelease } from '../../scripts/release/unpacked.ts';
import { Publisher } from './versions.ts';

const publisher = new Publisher();
const home = mkdtempSync(join(tmpdir(), 'status-panel-permission-'));
const state = join(home, 'state, with a comma and blanks');
const elsewhere = join(home, 'elsewhere');
let program = '';

const PROBE = `
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
const { state, elsewhere, config } = JSON.parse(process.env.PROBE_PLACES);
const attempts = {
  'write the state': () => fs.writeFileSync(state + '/a', 'x'),
  'use a database': () => { using db = new DatabaseSync(state + '/j.db'); db.exec('PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1)'); },
  'read the configuration': () => fs.readFileSync(config + '/config.json'),
  'read the policy beside it': () => fs.readFileSync(config + '/policy.json'),
  'read the authorities it names': () => fs.readFileSync(elsewhere + '/ca.pem'),
  'read a credential': () => fs.readFileSync(elsewhere + '/credentials/vault-token'),
  'write outside': () => fs.writeFileSync(elsewhere + '/b', 'x'),
  'write its own program': () => fs.writeFileSync(import.meta.filename, 'x'),
  'write the configuration': () => fs.writeFileSync(config + '/config.json', 'x'),
  'read another file': () => fs.readFileSync('/etc/passwd'),
  'start a program': () => execFileSync('/bin/true'),
  'start a thread': () => new Worker('1', { eval: true }),
  'load native code': () => process.dlopen({ exports: {} }, elsewhere + '/a.node'),
};
const outcome = Object.fromEntries(Object.entries(attempts).map(([name, attempt]) => {
  try { attempt(); return [name, 'done']; } catch (error) { return [name, error.code]; }
}));
net.connect(elsewhere + '/s.sock', () => { console.log(JSON.stringify({ ...outcome, 'use a unix socket': 'done' })); process.exit(); });
`;

beforeAll(async () => {
  await publisher.makeKeys();
  const unpacked = await unpackRelease(await publisher.release('0.1.0'), home);
  writeFileSync(join(unpacked, 'lib', 'status-panel.mjs'), PROBE);
  program = join(unpacked, 'bin', 'status-panel');
  for (const folder of [state, join(elsewhere, 'credentials'), join(home, 'configuration')])
    mkdirSync(folder, { recursive: true });
  writeFileSync(join(elsewhere, 'ca.pem'), '');
  writeFileSync(join(elsewhere, 'credentials', 'vault-token'), '');
  writeFileSync(join(home, 'configuration', 'policy.json'), '{}');
  writeFileSync(
    join(home, 'configuration', 'config.json'),
    JSON.stringify({ log_level: 'info', ca_file: join(elsewhere, 'ca.pem') }),
  );
});

afterAll(() => {
  publisher[Symbol.dispose]();
  rmSync(home, { recursive: true, force: true });
});

test('the agent can do what it has to, and nothing beyond', async () => {
  const server = createServer((socket) => socket.end()).listen(join(elsewhere, 's.sock'));
  const config = join(home, 'configuration');
  const ended = await runCli(
    ['run', '--config', join(config, 'config.json'), `--state-directory=${state}`],
    {
      CREDENTIALS_DIRECTORY: join(elsewhere, 'credentials'),
      PROBE_PLACES: JSON.stringify({ state, elsewhere, config }),
    },
    '',
    program,
  );
  server.close();
  const outcome = z.record(z.string(), z.string()).parse(JSON.parse(ended.stdout));
  expect(outcome).toEqual({
    'write the state': 'done',
    'use a database': 'done',
    'read the configuration': 'done',
    'read the policy beside it': 'done',
    'read the authorities it names': 'done',
    'read a credential': 'done',
    'use a unix socket': 'done',
    'write outside': 'ERR_ACCESS_DENIED',
    'write its own program': 'ERR_ACCESS_DENIED',
    'write the configuration': 'ERR_ACCESS_DENIED',
    'read another file': 'ERR_ACCESS_DENIED',
    'start a program': 'ERR_ACCESS_DENIED',
    'start a thread': 'ERR_ACCESS_DENIED',
    'load native code': 'ERR_DLOPEN_DISABLED',
  });
});

test('a host without glibc is told so', () => {
  const launcher = execFileSync('cat', [program], { encoding: 'utf8' }).replaceAll(
    /\/lib64\/ld-linux[\w.-]+|\/lib\/ld-linux[\w.-]+/gu,
    '/nowhere/ld.so',
  );
  const changed = join(home, 'launcher');
  mkdirSync(join(changed, 'bin'), { recursive: true });
  writeFileSync(join(changed, 'bin', 'status-panel'), launcher, { mode: 0o755 });
  expect(() => execFileSync(join(changed, 'bin', 'status-panel'), ['version'], { stdio: 'pipe' })).toThrow(
    expect.objectContaining({ status: 71, stderr: expect.objectContaining({}) }),
  );
});
