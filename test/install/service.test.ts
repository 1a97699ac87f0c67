// The service on a booted Debian with a real engine: what it may do, what it writes, what it survives.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { z } from 'zod';
import { Site, UNIT } from './site.ts';
import { suites } from './suites.ts';

const journalEntry = z.record(z.string(), z.unknown());

describe.each(suites())('the service on Debian %s', (suite) => {
  let site: Site;
  let systemd: number;

  beforeAll(async () => {
    site = await Site.open(suite, inject('releaseDirectory'));
    systemd = Number(/^systemd (?<version>\d+)/u.exec(await site.guest.sh('systemctl --version'))?.groups?.['version']);
    await site.install();
    await site.container('web');
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  it('runs, says what it does, and was not started twice', async () => {
    expect(await site.show('ActiveState')).toBe('active');
    expect(await site.show('NRestarts')).toBe('0');
    await expect
      .poll(() => site.show('StatusText'), { timeout: 15_000 })
      .toMatch(/^ready since .*Z; .*poll waits for a command; .*schedule waits/u);
    // Nothing about units that cannot be read, settings that mean nothing or missing files.
    const ignored = systemd < 248 ? /PrivateIPC/u : /^$/u;
    const complaints = (
      await site.guest.sh(
        `journalctl -b -q -o cat -p warning --unit=${UNIT}; systemd-analyze verify ${UNIT}.service 2>&1`,
      )
    )
      .split('\n')
      .filter((line) => line.includes(UNIT) && !ignored.test(line));
    expect(complaints).toEqual([]);
  });

  it('is exposed as little as is promised', async () => {
    const analysis = await site.guest.run(['systemd-analyze', 'security', `${UNIT}.service`, '--no-pager']);
    const score = Number(/Overall exposure level for \S+: (?<score>[\d.]+)/u.exec(analysis.stdout)?.groups?.['score']);
    console.error(`Exposure of the service under systemd ${systemd}: ${score}`);
    expect(score).toBeLessThanOrEqual(systemd >= 253 ? 1.1 : 1.3);
  });

  it('has no privileges, no core dumps and no way to write beside its state', async () => {
    const pid = await site.show('MainPID');
    const status = await site.guest.sh(`cat /proc/${pid}/status /proc/${pid}/limits`);
    expect(status).toMatch(/^CapEff:\s+0+$/mu);
    expect(status).toMatch(/^CapBnd:\s+0+$/mu);
    expect(status).toMatch(/^NoNewPrivs:\s+1$/mu);
    expect(status).toMatch(/^Seccomp:\s+2$/mu);
    expect(status).not.toMatch(/^Uid:\s+0\s/mu);
    expect(status).toMatch(/^Max core file size\s+0\s+0\s/mu);
    // As its user, in its namespace: every folder that something could be put into.
    const as = `nsenter --target=${pid} --mount setpriv --reuid=${UNIT} --regid=${UNIT} --groups=$(getent group docker | cut -d: -f3),$(id -g ${UNIT})`;
    const find = `find / \\( -path /proc -o -path /sys \\) -prune -o -type d -writable -print 2>/dev/null || true`;
    const writable = (await site.guest.sh(`${as} sh -c '${find}'`)).trim().split('\n');
    expect(writable.filter((folder) => !folder.startsWith('/var/lib/status-panel/')).toSorted()).toEqual([
      '/dev/mqueue',
      '/run/status-panel',
      '/tmp',
      '/var/lib/status-panel',
      '/var/tmp',
    ]);
  });

  it('does what it is asked, and the journal has two lines of it, with priority and fields', async () => {
    const { command_id: id, status } = await site.ask('restart', { app_code: 'web' });
    expect(status).toBe('completed');
    const of = async (words: string): Promise<readonly z.infer<typeof journalEntry>[]> =>
      (await site.guest.sh(`journalctl -q -o json --all --unit=${UNIT} ${words}`))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => journalEntry.parse(JSON.parse(line)));
    const lines = (await of('')).filter((entry) => String(entry['MESSAGE']).includes(id));
    expect(lines.map((entry) => String(entry['MESSAGE']).split(' command_id=')[0])).toEqual([
      'command received',
      'command finished',
    ]);
    expect(lines.map((entry) => [entry['PRIORITY'], entry['SYSLOG_IDENTIFIER']])).toEqual([
      ['6', UNIT],
      ['6', UNIT],
    ]);
    expect(lines[1]?.['MESSAGE']).toMatch(/ type=restart outcome=completed duration_ms=\d+ report=accepted$/u);
    if (systemd < 253) return;
    const byField = await of(`STATUS_PANEL_COMMAND_ID=${id}`);
    expect(byField).toHaveLength(2);
    expect(byField[1]).toMatchObject({ STATUS_PANEL_OUTCOME: 'completed', STATUS_PANEL_TYPE: 'restart' });
  });

  it('hands nothing down that systemd gave it', async () => {
    const pid = await site.show('MainPID');
    const flags = await site.guest.sh(`cd /proc/${pid}/fdinfo && grep -h ^flags: $(ls | grep -v '^[012]$')`);
    for (const line of flags.trim().split('\n')) {
      const value = Number.parseInt(line.replace(/^flags:\s+/u, ''), 8);
      expect(value & 0o2000000, line).toBe(0o2000000);
    }
  });

  it('is restarted in order, and goes on', async () => {
    const before = await site.show('MainPID');
    const beganMs = performance.now();
    await site.guest.sh(`systemctl restart ${UNIT}`);
    const tookMs = performance.now() - beganMs;
    await site.ready(before);
    console.error(`Restart of the service under systemd ${systemd}: ${Math.round(tookMs)} ms`);
    expect(await site.show('Result')).toBe('success');
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
  });

  it('is started again when it is killed', async () => {
    const before = await site.show('MainPID');
    await site.guest.sh(`kill -KILL ${before}`);
    await site.ready(before);
    expect(await site.show('NRestarts')).toBe('1');
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
  });

  it('is not started again when a setting is wrong, and says which', async () => {
    await site.guest.sh(
      'echo \'{"poll_timeout_seconds": "soon"}\' > /etc/status-panel/config.json; chmod 644 /etc/status-panel/config.json',
    );
    const restart = await site.guest.run(['systemctl', 'restart', UNIT]);
    expect(restart.exitCode).not.toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 6_500));
    expect(await site.show('ActiveState')).toBe('failed');
    expect(await site.show('ExecMainStatus')).toBe('78');
    expect((await site.lines()).join('\n')).toContain('poll_timeout_seconds (from /etc/status-panel/config.json)');
    await site.guest.sh(`echo '{}' > /etc/status-panel/config.json; systemctl restart ${UNIT}`);
    await site.ready();
  });

  it('outlives its engine, and finds it again', async () => {
    const before = await site.show('MainPID');
    await site.guest.sh('systemctl stop docker.service docker.socket');
    expect(await site.ask('health', { app_code: 'web' })).toMatchObject({ status: 'failed' });
    await site.guest.sh('systemctl start docker.socket docker.service; docker start web');
    expect((await site.ask('restart', { app_code: 'web' })).status).toBe('completed');
    expect(await site.show('MainPID')).toBe(before);
  });

  it('is there after a reboot', async () => {
    await site.guest.reboot();
    await site.ready();
    console.error(`Boot to "running" under systemd ${systemd}: ${site.guest.bootMs} ms`);
    await site.guest.sh('docker start web');
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
    expect(await site.guest.sh('systemctl --failed --plain --no-legend')).toBe('');
  });
});
