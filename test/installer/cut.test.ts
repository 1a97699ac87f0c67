// A download that was cut off: whatever arrived of the installer, nothing happens and it fails, at every byte.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderInstaller } from '../../src/control-plane/install/render-installer.ts';
import { Sandbox } from './sandbox.ts';

const template = readFileSync(join(import.meta.dirname, '..', '..', 'install.sh.tpl'), 'utf8');
const CUT = readFileSync(join(import.meta.dirname, 'cut.sh'), 'utf8');
const script = renderInstaller(
  template,
  {
    version: '1.2.3',
    rootKeyPem: `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(60)}\n-----END PUBLIC KEY-----\n`,
    nodeSha256: { x64: 'a'.repeat(64), arm64: 'b'.repeat(64) },
  },
  { serverUrl: 'http://127.0.0.1:1', purchaseToken: `pt_${'x'.repeat(43)}`, stackId: 'stack' },
);

/** Whatever could change a host, or reach another one. */
const LOGGED =
  `apt-get busybox cat chmod chown cp curl dd docker env find groupadd groupdel gzip install journalctl kill ln mkdir
  mkfifo mktemp mount mv openssl python3 perl rm rmdir runuser sed service setpriv sh sudo su sync systemctl tar tee touch truncate
  useradd userdel usermod wget xargs`.split(/\s+/u);

let sandbox: Sandbox;
let busybox = '';
let before: Readonly<Record<string, string>>;
beforeAll(async () => {
  sandbox = await Sandbox.open();
  busybox = join(await sandbox.bring(['busybox-static']), 'bin', 'busybox');
  const logger = '#!/bin/sh\necho "$0 $*" >>/tmp/log\nexit 1\n';
  await sandbox.sh('mkdir /run/loggers');
  for (const name of LOGGED) await sandbox.write(`/run/loggers/${name}`, logger, 0o755);
  await sandbox.write('/run/cut.sh', CUT);
  await sandbox.write('/run/install.sh', script);
  before = sandbox.changes();
});
afterAll(async () => {
  await sandbox[Symbol.asyncDispose]();
});

async function cut(
  shell: readonly string[],
  way: 'eval' | 'stdin',
  from: number,
  step: number,
  last: number,
): Promise<void> {
  const words = [...shell, '/run/cut.sh', way, '/run/install.sh', from, step, last, ...shell].map(String);
  const ended = await sandbox.run(words, { env: { PATH: '/run/loggers' }, deadlineMs: 300_000 });
  expect(ended.stdout, ended.stderr).toBe('0\n');
}

async function nothingHappened(): Promise<void> {
  expect(await sandbox.sh('/bin/cat /tmp/log 2>&1; ls -A /tmp /var/tmp')).toBe(
    '/bin/cat: /tmp/log: No such file or directory\n/tmp:\n\n/var/tmp:\n',
  );
  expect(sandbox.changes()).toEqual(before);
}

const SHELLS = [
  ['dash', () => ['/bin/dash']],
  ['bash', () => ['/bin/bash']],
  ['BusyBox ash', () => [busybox, 'ash']],
] as const;

describe('the script', () => {
  it('has its end as its last byte', () => {
    expect(script.endsWith('\nmain "$@"; exit $?; }')).toBe(true);
  });

  it('is as short as a person reads', () => {
    expect(script.length).toBeLessThan(42_000);
  });
});

describe('cut off', () => {
  const size = script.length;
  // The two halves at the same time.
  it.concurrent.each([
    ['latter', size - 1, Math.floor(size * 0.7)],
    ['former', Math.floor(size * 0.7), 0],
  ])('at every byte of its %s part it fails and does nothing', { timeout: 300_000 }, async (_, from, last) => {
    await cut(['/bin/dash'], 'eval', from, 1, last);
    await nothingHappened();
  });

  it.each(SHELLS)(
    'on its way into %s, at its ends and at samples between, it fails and does nothing',
    { timeout: 300_000 },
    async (_, shell) => {
      await cut(shell(), 'stdin', size - 1, 1, size - 80);
      await cut(shell(), 'stdin', size - 80, 97, 120);
      await cut(shell(), 'stdin', 120, 1, 0);
      await nothingHappened();
    },
  );
});

describe('whole', () => {
  it.each(SHELLS)('%s runs it, and the loggers see what it does', async (_, shell) => {
    const ended = await sandbox.run([...shell(), '-s', '--', '--dry-run'], {
      env: { PATH: '/run/loggers:/usr/bin:/bin' },
      stdin: script,
    });
    expect(ended.exitCode).not.toBe(0);
    expect(await sandbox.sh('cat /tmp/log; rm /tmp/log')).toContain('/run/loggers/systemctl --version');
  });

  it('leaves the folder of downloads as it was', () => {
    expect(readdirSync('/tmp').filter((name) => name.startsWith('status-panel-install.'))).toEqual([]);
  });
});
