// Other ways to install: other shells and tools, from a bundle, by sudo, with settings; and what must not be left lying about.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Host, Shop } from './host.ts';
import { SANDBOX_NODE } from './sample-release.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
});

describe('BusyBox ash without OpenSSL 3 and with a /tmp that runs no programs', () => {
  it('installs, verified by the Node of the release', async () => {
    await using host = await Host.open(shop, undefined, { tmp: 'noexec' });
    await host.sandbox.write(
      '/usr/local/sbin/openssl',
      '#!/bin/sh\n[ "$1" = version ] && echo "LibreSSL 3.8.2"\nexit 1\n',
      0o755,
    );
    const root = await host.sandbox.bring(['busybox-static']);
    const ended = await host.install([], { shell: [join(root, 'bin', 'busybox'), 'ash'] });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toContain('downloads by curl, signatures by node');
    expect(ended.stdout).toContain('installed    status-panel 0.1.0');
    // Where it would have run is on the same list of places, and is tidied up as well.
    expect(await host.sandbox.sh('ls -A /tmp /var/tmp | grep status-panel')).toBe('');
  });
});

describe('bash', () => {
  it('installs a version that is asked for, goes back by the installed script from a bundle, and confines the agent', async () => {
    await shop.publish(['0.1.0', '0.2.0']);
    const bundle = join(shop.folder, 'bundle.tar.gz');
    execFileSync('tar', ['-czf', bundle, '-C', shop.folder, 'release']);
    await using host = await Host.open(shop, undefined);
    await host.sandbox.sh(
      'mkdir -p /run/stand-in; echo 253 >/run/stand-in/version; groupadd engineers; chgrp engineers /run/docker.sock',
    );
    const first = await host.install(['--version=0.2.0', '--egress-proxy', '--yes'], { shell: ['bash'] });
    expect(first.exitCode, first.stdout + first.stderr).toBe(0);
    expect(
      await host.sandbox.sh(
        'cd /etc/systemd/system && find . -name "*.conf" | sort && cat status-panel.service.d/50-docker-group.conf /etc/status-panel/egress-proxy && ls multi-user.target.wants | grep status-panel',
      ),
    ).toBe(
      [
        './status-panel.service.d/10-v253.conf',
        './status-panel.service.d/50-docker-group.conf',
        './status-panel.service.d/60-egress-proxy.conf',
        '# Whom the Docker socket belongs to on this host.',
        '[Service]',
        'SupplementaryGroups=',
        'SupplementaryGroups=engineers',
        `CONTROL_PLANE=${new URL(shop.controlPlane.url).host}`,
        'VAULT=127.0.0.1:8200',
        'status-panel-egress.socket',
        'status-panel.service',
        '',
      ].join('\n'),
    );

    await host.sandbox.sh(
      'mv /usr/bin/curl /usr/bin/curl.away; mv /usr/bin/wget /usr/bin/wget.away; rm -rf /root/.cache; cd /',
    );
    const back = await host.sandbox.run([
      'bash',
      '/opt/status-panel/current/install.sh',
      '--version',
      '0.1.0',
      '--offline',
      bundle,
    ]);
    expect(back.exitCode, back.stdout + back.stderr).toBe(0);
    expect(back.stdout).toContain('installed    status-panel 0.1.0');
    expect(
      await host.sandbox.sh('readlink /opt/status-panel/current; ls /etc/systemd/system/status-panel.service.d'),
    ).toBe('versions/0.1.0\n10-v253.conf\n50-docker-group.conf\n60-egress-proxy.conf\n');
    await shop.publish('0.1.0');
  });

  it('refuses a bundle that lacks a file', async () => {
    const folder = join(shop.folder, 'half-a-bundle');
    mkdirSync(folder);
    writeFileSync(join(folder, 'SHA256SUMS'), 'x');
    await using host = await Host.open(shop);
    const ended = await host.install(['--offline', folder], { shell: ['bash'] });
    expect(ended).toMatchObject({ exitCode: 14, stderr: expect.stringContaining('has no release-key.pem') });
    expect(host.differences()).toEqual({});
  });
});

describe('--install-docker', () => {
  it('installs Docker first, and leaves it when status-panel goes', async () => {
    await shop.publish('0.1.0');
    await using host = await Host.open(shop, undefined, { docker: false });
    // What the package does, as far as the installer can see it.
    const engine = `exec ${SANDBOX_NODE} -e 'require("node:http").createServer((q, a) => a.end("OK")).listen("/run/docker.sock")'`;
    await host.sandbox.write('/run/engine', `#!/bin/sh\n${engine}\n`, 0o755);
    const apt = [
      '#!/bin/sh',
      'echo "$*" >>/run/apt',
      '[ "$1" = install ] || exit 0',
      "printf '#!/bin/sh\\nexit 0\\n' >/usr/bin/docker",
      'chmod 755 /usr/bin/docker',
      'setsid /run/engine </dev/null >/dev/null 2>&1 &',
      'for _ in $(seq 100); do [ -S /run/docker.sock ] && break; sleep 0.1; done',
      'chgrp docker /run/docker.sock',
    ];
    await host.sandbox.write('/usr/local/sbin/apt-get', `${apt.join('\n')}\n`, 0o755);
    const unasked = await host.install(['--install-docker']);
    expect(unasked).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('add --yes') });
    const ended = await host.install(['--install-docker', '--yes']);
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    expect(await host.sandbox.sh('cat /run/apt')).toBe('update -q\ninstall -y -q docker.io\n');
    expect(ended.stdout).toContain('installed    status-panel 0.1.0');
    await host.sandbox.run(['status-panel', 'uninstall', '--purge', '--yes']);
    expect(Object.keys(host.differences())).toContain('usr/bin/docker');
    expect(Object.keys(host.differences()).filter((name) => name.includes('status-panel'))).toEqual([]);
  });
});

describe('a user who is not root', () => {
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', 'sh'];

  it('is told so without sudo or when it wants a password, and goes on by sudo when it does not', async () => {
    await shop.publish('0.1.0');
    await using host = await Host.open(shop);
    const root = await host.sandbox.bring(['sudo']);
    await host.sandbox.sh('rm -f /usr/bin/sudo');
    const without = await host.install([], { shell: nobody });
    expect(without).toMatchObject({ exitCode: 13, stderr: expect.stringContaining('there is no sudo') });
    expect((await host.install(['--dry-run'], { shell: nobody })).exitCode).toBe(0);

    await host.sandbox.sh(
      `cp ${root}/usr/bin/sudo /usr/bin/sudo; chmod 4755 /usr/bin/sudo; cp -r ${root}/usr/libexec/sudo /usr/libexec/; cp ${root}/etc/pam.d/sudo /etc/pam.d/; echo 'root ALL=(ALL) ALL' >/etc/sudoers; chmod 440 /etc/sudoers`,
    );
    const password = await host.install([], { shell: nobody });
    expect(password).toMatchObject({ exitCode: 13, stderr: expect.stringContaining('sudo wants a password') });

    await host.sandbox.sh("echo 'nobody ALL=(ALL) NOPASSWD: SETENV: ALL' >>/etc/sudoers");
    await host.sandbox.sh('mv /usr/bin/curl /usr/bin/curl.away');
    const piped = await host.install([], { shell: nobody });
    expect(piped.exitCode, piped.stdout + piped.stderr).toBe(0);
    expect(piped.stdout).toContain('going on as root');
    expect(piped.stdout).toContain('downloads by wget, signatures by openssl');
    expect(piped.stdout).toContain('installed    status-panel 0.1.0');

    await host.sandbox.write('/var/tmp/install.sh', host.script, 0o644);
    const file = await host.sandbox.run([...nobody, '/var/tmp/install.sh', '--uninstall', '--purge', '--yes']);
    expect(file.exitCode, file.stdout + file.stderr).toBe(0);
    expect(file.stdout).toContain('uninstalled');
  });
});

describe('secrets', () => {
  it('are in no file, no unit and no command line that others can read', async () => {
    await using host = await Host.open(shop);
    // Every program that is started with words has them written down.
    const names = ['curl', 'runuser', 'tar', 'openssl', 'systemctl', 'useradd', 'cp', 'grep', 'sed', 'cat', 'find'];
    for (const name of names) {
      const real = (await host.sandbox.sh(`command -v ${name}`)).trim();
      const script = `#!/bin/sh\n{ printf '%s ' "$0" "$@"; echo; env; } >>/run/words\nexec ${real} "$@"\n`;
      await host.sandbox.write(`/run/spies/${name}`, script, 0o755);
    }
    await host.sandbox.sh('touch /run/words; chmod 666 /run/words');
    const path = '/run/spies:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const ended = await host.install([], { env: { PATH: path } });
    expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
    const purchaseToken = /^purchase_token='(.*)'$/mu.exec(host.script)?.[1] ?? 'no token';
    const agentToken =
      /"agent_token": "(.*)"/u.exec(await host.sandbox.sh('cat /var/lib/status-panel/identity.json'))?.[1] ??
      'no token';
    expect(agentToken.length).toBeGreaterThan(60);
    const words = await host.sandbox.sh('cat /run/words');
    expect(words).toContain('register --config');
    const processes = await host.sandbox.sh("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' '\\n'");
    expect(processes).toContain('STATE_DIRECTORY=/var/lib/status-panel\n');
    for (const token of [purchaseToken, agentToken]) {
      expect(ended.stdout + ended.stderr).not.toContain(token);
      expect(words).not.toContain(token);
      expect(
        await host.sandbox.sh(
          `grep -rlF -- '${token}' /etc /opt/status-panel /usr/local/bin /var/lib/status-panel /run/stand-in /tmp /var/tmp`,
        ),
      ).toBe(token === agentToken ? '/var/lib/status-panel/identity.json\n' : '');
      expect(processes).not.toContain(token);
    }
  });
});

describe('the way out of a confined agent', () => {
  // systemd-socket-proxyd takes what follows the last colon for the port, and cannot resolve brackets.
  it.each([
    ['https://panel.example.com/api', 'panel.example.com:443'],
    ['http://panel.example.com', 'panel.example.com:80'],
    ['https://panel.example.com:8443/', 'panel.example.com:8443'],
    ['https://[2001:db8::1]/api', '2001:db8::1:443'],
    ['https://[2001:db8::1]:8443', '2001:db8::1:8443'],
  ])('of %s is %s', (address, wanted) => {
    const template = readFileSync(join(import.meta.dirname, '..', '..', 'install.sh.tpl'), 'utf8');
    const hostAndPort = /^host_and_port\(\) \{\n.*?^\}\n/msu.exec(template)?.[0] ?? '';
    const said = execFileSync('sh', ['-c', `${hostAndPort}host_and_port "$1"`, 'sh', address], {
      encoding: 'utf8',
    });
    expect(said).toBe(wanted);
  });
});
