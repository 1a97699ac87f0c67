// The installer's whole life on a host: first run, second run, repair, upgrade, a version that does not work, removal (REQUIREMENTS A12).
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Host, Shop, STACK_WITH_ARCHIVE } from './host.ts';

let shop: Shop;
beforeAll(async () => {
  shop = await Shop.open();
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
});

/** What useradd and userdel keep for themselves: copies of what was before. */
const ACCOUNT_COPIES = /^etc\/(?:passwd-|shadow-|group-|gshadow-|subuid-?|subgid-?|\.pwd\.lock)$/u;

function own(differences: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(differences).filter((name) => !ACCOUNT_COPIES.test(name));
}

describe('a host', () => {
  it('is installed, left alone, repaired, upgraded, rolled back and cleaned without a trace', {
    timeout: 180_000,
  }, async () => {
    await shop.publish('0.1.0');
    await using host = await Host.open(shop, STACK_WITH_ARCHIVE);
    const { sandbox } = host;

    const dry = await host.install(['--dry-run']);
    expect(dry.exitCode, dry.stderr).toBe(0);
    expect(dry.stdout).toContain('would');
    expect(host.differences()).toEqual({});

    const first = await host.install();
    expect(first.exitCode, first.stdout + first.stderr).toBe(0);
    expect(first.stdout).toContain('installed    status-panel 0.1.0: the control plane accepts this agent');
    expect(first.stderr).toBe('');
    expect(
      await sandbox.sh(
        'stat -c "%a %U:%G %n" /etc/status-panel /etc/status-panel/config.json /var/lib/status-panel /var/lib/status-panel/identity.json /opt/status-panel /opt/status-panel/versions/0.1.0/bin/status-panel',
      ),
    ).toBe(
      [
        '750 root:status-panel /etc/status-panel',
        '640 root:status-panel /etc/status-panel/config.json',
        '700 status-panel:status-panel /var/lib/status-panel',
        '600 status-panel:status-panel /var/lib/status-panel/identity.json',
        '755 root:root /opt/status-panel',
        '755 root:root /opt/status-panel/versions/0.1.0/bin/status-panel',
        '',
      ].join('\n'),
    );
    expect(
      await sandbox.sh('readlink /opt/status-panel/current /usr/local/bin/status-panel; id -Gn status-panel'),
    ).toBe('versions/0.1.0\n/opt/status-panel/current/bin/status-panel\nstatus-panel\n');
    expect(await sandbox.sh('cat /var/lib/status-panel/stack/docker-compose.yml')).toBe('services: {}\n');
    const status = await sandbox.run(['status-panel', 'status']);
    expect(status.stdout).toContain('ready since');

    const identity = await sandbox.sh('cat /var/lib/status-panel/identity.json');
    // As a version that the updater brought.
    await sandbox.sh('rm /opt/status-panel/versions/0.1.0/.fingerprint');
    const second = await host.install();
    expect(second.exitCode, second.stderr).toBe(0);
    expect(second.stdout).toContain('no change    status-panel 0.1.0 is installed');
    const third = await host.install();
    expect(third.stdout).toContain('no change    status-panel 0.1.0 is installed');
    expect(second.stdout).not.toMatch(/restarted|replaced|repaired/u);

    await sandbox.sh(
      'echo bad >>/opt/status-panel/versions/0.1.0/lib/status-panel.mjs; rm /usr/local/bin/status-panel; chmod 644 /etc/status-panel/config.json; echo >>/etc/systemd/system/status-panel.service; chmod 755 /var/lib/status-panel',
    );
    const repaired = await host.install();
    expect(repaired.exitCode, repaired.stderr).toBe(0);
    expect(repaired.stdout.split('\n').filter((line) => /^(?:repaired|replaced|linked|restarted)/u.test(line))).toEqual(
      [
        'repaired     /opt/status-panel/versions/0.1.0',
        'repaired     owner and mode of /var/lib/status-panel',
        'repaired     owner and mode of /etc/status-panel/config.json',
        'replaced     /etc/systemd/system/status-panel.service',
        'linked       /usr/local/bin/status-panel -> /opt/status-panel/current/bin/status-panel',
        'restarted    status-panel.service',
      ],
    );

    await shop.publish('0.2.0');
    host.script = await rerendered(host.script);
    const upgraded = await host.install();
    expect(upgraded.exitCode, upgraded.stdout + upgraded.stderr).toBe(0);
    expect(upgraded.stdout).toContain('installed    status-panel 0.2.0');
    expect(await sandbox.sh('ls /opt/status-panel/versions; cat /var/lib/status-panel/identity.json')).toBe(
      `0.1.0\n0.2.0\n${identity}`,
    );

    // It says its version and can register, but does not run.
    await shop.publish('0.3.0', {
      'bin/status-panel':
        '#!/bin/sh\ncase $1 in version) echo status-panel 0.3.0 ;; run) exit 1 ;; *) exec /opt/status-panel/versions/0.2.0/bin/status-panel "$@" ;; esac\n',
      'systemd/status-panel-new.socket': '[Socket]\nListenStream=/run/x\n[Install]\nWantedBy=sockets.target\n',
    });
    host.script = (await rerendered(host.script)).replace('ready_deadline_seconds=90', 'ready_deadline_seconds=3');
    const bad = await host.install();
    expect(bad.exitCode).toBe(18);
    expect(bad.stderr).toContain('version 0.2.0 is in place as before');
    expect(await sandbox.sh('readlink /opt/status-panel/current; ls /etc/systemd/system | grep status-panel')).toBe(
      'versions/0.2.0\nstatus-panel.service\n',
    );
    await expect
      .poll(async () => (await sandbox.run(['status-panel', 'status'])).stdout, { timeout: 20_000 })
      .toMatch(/version 0\.2\.0, .*ready since/u);

    const kept = await sandbox.run(['status-panel', 'uninstall']);
    expect(kept.exitCode, kept.stderr).toBe(0);
    expect(own(host.differences())).toEqual([
      'var/lib/status-panel',
      'var/lib/status-panel/identity.json',
      'var/lib/status-panel/journal.db',
      ...own(host.differences()).filter((name) => /journal\.db-/u.test(name)),
    ]);
    expect(await sandbox.sh('find /var/lib/status-panel ! -user root')).toBe('');

    await shop.publish('0.2.0');
    host.script = await rerendered(host.script);
    const again = await host.install();
    expect(again.exitCode, again.stdout + again.stderr).toBe(0);
    expect(await sandbox.sh('cat /var/lib/status-panel/identity.json')).toBe(identity);

    const gone = await host.install(['--uninstall', '--purge', '--yes']);
    expect(gone.exitCode, gone.stderr).toBe(0);
    expect(own(host.differences())).toEqual([]);
    expect((await host.install(['--uninstall', '--purge', '--yes'])).stdout).toContain('no change');
  });
});

/** The same purchase's script as it is served now. */
async function rerendered(script: string): Promise<string> {
  const token = /^purchase_token='(.*)'$/mu.exec(script)?.[1] ?? '';
  return await shop.installerFor(token);
}
