// Every exit code of the installer, from a host or a release that deserves it; and nothing on the host is different afterwards.
import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Host, Shop, STACK_WITH_ARCHIVE } from './host.ts';
import type { Ended } from './sandbox.ts';

let shop: Shop;
let host: Host;
let intact = '';
beforeAll(async () => {
  shop = await Shop.open();
  host = await Host.open(shop, STACK_WITH_ARCHIVE);
  intact = mkdtempSync(join(tmpdir(), 'status-panel-release-'));
  cpSync(shop.releaseDir, intact, { recursive: true });
});
afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await shop[Symbol.asyncDispose]();
  rmSync(intact, { recursive: true, force: true });
});
afterEach(async () => {
  cpSync(intact, shop.releaseDir, { recursive: true });
  await host.sandbox.sh('rm -rf /usr/local/sbin/* /run/stand-in /tmp/* && mkdir -p /run/systemd/system');
});

/** A program that is found before the real one. */
async function stub(name: string, script: string): Promise<void> {
  await host.sandbox.write(`/usr/local/sbin/${name}`, `#!/bin/sh\n${script}\n`, 0o755);
}

async function expectRefusal(ended: Ended, code: number, message: RegExp): Promise<void> {
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).toMatch(/^ +what to do: \S/mu);
  expect(ended.exitCode).toBe(code);
  await host.sandbox.sh('rm -rf /usr/local/sbin/*');
  const left = Object.keys(host.differences()).filter(
    (name) => !/^etc\/(?:passwd-|shadow-|group-|gshadow-|\.pwd\.lock)$/u.test(name),
  );
  expect(left).toEqual([]);
  expect(await host.sandbox.sh('ls -A /tmp /var/tmp | grep status-panel; ls -d /run/status-panel* 2>/dev/null')).toBe(
    '',
  );
}

describe('words', () => {
  it.each([
    [['--nonsense'], /does not know/u],
    [['pt_pasted_in_the_wrong_place'], /belongs to no flag/u],
    [['--version'], /--version needs a value/u],
    [['--version', '../../evil'], /must look like/u],
    [['--version=1.2.3;reboot'], /must look like/u],
    [['--purge'], /without --uninstall/u],
    [['--offline', '/nowhere'], /cannot be read/u],
    [['--ca-file', '/etc/hostname'], /no certificate/u],
  ])('%j are refused and not repeated', async (words, message) => {
    const ended = await host.install(words);
    await expectRefusal(ended, 2, message);
    expect(ended.stderr).not.toMatch(/pt_pasted|reboot/u);
  });

  it('--help says everything and does nothing', async () => {
    const ended = await host.install(['--help']);
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toContain('--uninstall');
  });

  it('a proxy that cannot be written down is refused', async () => {
    const ended = await host.install([], { env: { HTTPS_PROXY: 'http://a:b"c@proxy:3128' } });
    await expectRefusal(ended, 2, /HTTPS_PROXY has a character/u);
  });
});

describe('a host', () => {
  it.each([
    ['is no Linux', 10, 'uname', 'echo Darwin', /this is Darwin/u],
    ['has another architecture', 11, 'uname', '[ "$1" = -s ] && echo Linux || echo riscv64', /architecture riscv64/u],
    ['is a 32-bit system', 11, 'getconf', '[ "$1" = LONG_BIT ] && echo 32 || echo glibc 2.36', /32-bit/u],
    ['has an old glibc', 19, 'getconf', '[ "$1" = LONG_BIT ] && echo 64 || echo glibc 2.27', /glibc 2\.27 is too old/u],
    [
      'has no space',
      20,
      'df',
      'case "$2" in /opt*) echo x; echo "/dev/x 9 9 9 9% /" ;; *) exec /bin/df "$@" ;; esac',
      /less than 400 MiB/u,
    ],
    ['has a Docker that does not answer', 16, 'docker', 'exit 1', /Docker does not answer/u],
    ['has a user that cannot be made', 24, 'useradd', 'echo "no room" >&2; exit 1', /cannot make the user.*no room/u],
    ['is interrupted in the middle', 143, 'sync', 'kill -TERM $PPID', /interrupted/u],
    ['cannot run the program', 24, 'sync', 'exec /bin/true', /cannot|does not run|no room|./u],
  ] as const)('that %s', async (what, code, name, script, message) => {
    if (what === 'cannot run the program') {
      await shop.publish('0.1.0', { 'bin/status-panel': '#!/bin/sh\necho "GLIBC_2.99 not found" >&2; exit 1\n' });
    }
    await stub(name, script);
    await expectRefusal(await host.install(), code, message);
  });

  it('without systemd', async () => {
    await host.sandbox.sh('rmdir /run/systemd/system');
    await expectRefusal(await host.install(), 12, /does not run systemd/u);
  });

  it('whose Docker socket belongs to root alone', async () => {
    await host.sandbox.sh('chgrp root /run/docker.sock');
    const ended = await host.install();
    await host.sandbox.sh('chgrp docker /run/docker.sock');
    await expectRefusal(ended, 16, /belongs to root alone/u);
  });

  it('where something else is in the way', async () => {
    for (const path of ['/usr/local/bin/status-panel', '/opt/status-panel/of-somebody']) {
      await host.sandbox.write(path, 'mine');
      const ended = await host.install();
      expect(await host.sandbox.sh(`cat ${path}`)).toBe('mine');
      await host.sandbox.sh(`rm ${path}; rmdir /opt/status-panel 2>/dev/null`);
      await expectRefusal(ended, 21, /is there and is not this program's/u);
    }
  });

  it('where another installer runs, or ran and was killed', async () => {
    await host.sandbox.sh('mkdir /run/status-panel-install.lock; echo 1 >/run/status-panel-install.lock/pid');
    const ended = await host.install();
    await host.sandbox.sh('echo 99999 >/run/status-panel-install.lock/pid');
    const second = await host.install(['--uninstall']);
    expect(second.exitCode).toBe(0);
    await expectRefusal(ended, 22, /another installer runs/u);
  });

  it('where an update is under way', async () => {
    await host.sandbox.sh('mkdir -p /run/stand-in; echo activating >/run/stand-in/status-panel-update.service.state');
    await expectRefusal(await host.install(), 22, /"status-panel update" is under way/u);
  });

  it('that lacks a program', async () => {
    await host.sandbox.sh('mv /usr/bin/tar /usr/bin/tar.away');
    const ended = await host.install();
    await host.sandbox.sh('mv /usr/bin/tar.away /usr/bin/tar');
    await expectRefusal(ended, 25, /"tar" is missing/u);
  });
});

describe('Docker', () => {
  it('that is not there is asked for', async () => {
    await using bare = await Host.open(shop, undefined, { docker: false });
    const ended = await bare.install();
    expect(ended).toMatchObject({ exitCode: 16, stderr: expect.stringContaining('--install-docker') });
    expect(bare.differences()).toEqual({});
    const dry = await bare.install(['--dry-run', '--install-docker']);
    expect(dry).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining('would        install the package docker.io'),
    });
  });
});

/** Both ways to verify: with this machine's OpenSSL, and with the release's Node as where OpenSSL is too old. */
const VERIFIERS = [
  ['openssl', ''],
  ['node', 'case "$1" in version) echo "OpenSSL 1.1.1w  11 Sep 2023" ;; *) exit 1 ;; esac'],
] as const;

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  const index = at < 0 ? bytes.length + at : at;
  bytes[index] = (bytes[index] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe.each(VERIFIERS)('verified by %s, a release', (verifier, openssl) => {
  const at = (name: string): string => join(shop.releaseDir, name);
  const archive = 'status-panel-0.1.0-linux-x64.tar.gz';

  const faults: readonly (readonly [string, () => void, RegExp])[] = [
    [
      'with a flipped bit in the archive',
      () => flip(at(archive), -2_000),
      /has not the hash|cannot be read|not the one/u,
    ],
    [
      'with an archive cut short',
      () => writeFileSync(at(archive), readFileSync(intactPath(archive)).subarray(0, -100)),
      /has not the hash|cannot be read/u,
    ],
    [
      'with another archive under its name',
      () => copyFileSync(at('status-panel-0.1.0-linux-arm64.tar.gz'), at(archive)),
      /has not the hash|cannot be read|not the one/u,
    ],
    ['with a changed SHA256SUMS', () => flip(at('SHA256SUMS'), 3), /SHA256SUMS is not signed/u],
    ['with a changed signature of it', () => flip(at('SHA256SUMS.sig'), 3), /SHA256SUMS is not signed/u],
    ['with a signature cut short', () => writeFileSync(at('SHA256SUMS.sig'), 'QUJD\n'), /SHA256SUMS is not signed/u],
    ['with a changed release key', () => flip(at('release-key.pem'), 40), /release key is not signed/u],
    ['with a changed signature of that', () => flip(at('release-key.pem.sig'), 3), /release key is not signed/u],
    ['with a release key of somebody else', otherReleaseKey, /release key is not signed/u],
    ['with no signature at all', () => writeFileSync(at('SHA256SUMS.sig'), '\n'), /SHA256SUMS is not signed/u],
  ];
  it.each(faults)('%s is refused', async (_, spoil, message) => {
    spoil();
    if (openssl !== '') await stub('openssl', openssl);
    await expectRefusal(await host.install(), 15, message);
  });

  it('signed by another root key is refused', async () => {
    const script = host.script;
    const other = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    host.script = script.replace(/^root_key=.*$/mu, `root_key='${other}'`);
    if (openssl !== '') await stub('openssl', openssl);
    const ended = await host.install();
    host.script = script;
    await expectRefusal(ended, 15, /release key is not signed by the root key/u);
  });

  it('without the version that is asked for is refused', async () => {
    if (openssl !== '') await stub('openssl', openssl);
    const message = verifier === 'openssl' ? /has no status-panel-9\.9\.9.*\n.*0\.1\.0/u : /only with OpenSSL 3/u;
    await expectRefusal(await host.install(['--version', '9.9.9']), 15, message);
  });

  it('with a missing file is refused', async () => {
    rmSync(at('SHA256SUMS.sig'));
    if (openssl !== '') await stub('openssl', openssl);
    await expectRefusal(await host.install(), 14, /cannot download .*SHA256SUMS\.sig/u);
  });

  function otherReleaseKey(): void {
    const pem = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
    writeFileSync(at('release-key.pem'), pem);
  }
});

function intactPath(name: string): string {
  return join(intact, name);
}

describe('a Node that is not the one the installer knows', () => {
  it('is not run', async () => {
    const script = host.script;
    host.script = script.replace(/^node_sha256_x64=.*$/mu, `node_sha256_x64='${'0'.repeat(64)}'`);
    await stub('openssl', VERIFIERS[1][1]);
    const ended = await host.install();
    host.script = script;
    await expectRefusal(ended, 15, /not the one this installer knows/u);
  });
});

describe('a control plane', () => {
  it('that does not answer', async () => {
    const script = host.script;
    host.script = script.replace(/^server_url=.*$/mu, "server_url='http://127.0.0.1:1'");
    const ended = await host.install();
    host.script = script;
    await expectRefusal(ended, 14, /cannot download http:\/\/127\.0\.0\.1:1/u);
  });

  it('that refuses the token', async () => {
    const script = host.script;
    host.script = script.replace(/^purchase_token=.*$/mu, `purchase_token='pt_${'x'.repeat(43)}'`);
    const ended = await host.install();
    host.script = script;
    await expectRefusal(ended, 17, /did not register this server.*not known/u);
    expect(ended.stderr).toContain('taken back');
  });

  it('whose stack archive is no archive', async () => {
    const path = join(shop.folder, 'stacks', `${STACK_WITH_ARCHIVE}.tar.gz`);
    const good = readFileSync(path);
    writeFileSync(path, 'no archive');
    const ended = await host.install();
    writeFileSync(path, good);
    await expectRefusal(ended, 23, /stack archive cannot be had.*damaged/u);
  });
});

describe('a service that does not start', () => {
  it('stays installed the first time, and says where to look', async () => {
    await host.sandbox.sh('mkdir -p /run/stand-in; touch /run/stand-in/broken');
    const ended = await host.install();
    expect(ended.exitCode).toBe(18);
    expect(ended.stderr).toContain('journalctl -u status-panel');
    expect(await host.sandbox.sh('ls /etc/systemd/system/status-panel.service')).not.toContain('No such file');
    const unasked = await host.install(['--uninstall', '--purge']);
    expect(unasked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('no terminal to ask') });
    expect(await host.sandbox.sh('ls /var/lib/status-panel/identity.json')).not.toContain('No such file');
    const gone = await host.install(['--uninstall', '--purge', '--yes']);
    expect(gone.exitCode, gone.stderr).toBe(0);
  });
});
