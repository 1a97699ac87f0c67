// The one line on a booted Debian: installed, left alone, upgraded, rolled back, its token changed, removed, with no secret and no trace left.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { VERSION } from '../../src/version.ts';
import { type Changes, dyingWhenRun, publish } from './releases.ts';
import { Site, STACK_ID, UNIT } from './site.ts';
import { suites } from './suites.ts';
import { differences, filesOf, leaks } from './traces.ts';

const UPGRADE = '0.2.0';
const BROKEN = '0.3.0';

describe.each(suites())('the installation on Debian %s', (suite) => {
  let site: Site;
  let home: string;
  let before: ReadonlyMap<string, string>;
  let purchase: string;
  const secrets: string[] = [];

  const released = (): string => join(home, 'release');
  const release = (changes: Changes): Promise<void> =>
    publish(inject('releaseDirectory'), inject('releaseKeys'), released(), changes);

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'status-panel-releases-'));
    cpSync(inject('releaseDirectory'), released(), { recursive: true });
    site = await Site.open(suite, released());
    await site.container('web');
    before = await filesOf(site.guest);
    purchase = await site.client.mintPurchaseToken(STACK_ID);
    secrets.push(purchase, site.adminToken);
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  it('says that it is done when the control plane has accepted the agent, and not before', async () => {
    const beganMs = performance.now();
    const ran = await site.oneLine(purchase);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    console.error(`Installation on ${suite}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`);
    expect(ran.stdout).toContain(`installed    status-panel ${VERSION}: the control plane accepts this agent`);
    expect(await site.show('ActiveState')).toBe('active');
    expect(await site.show('NRestarts')).toBe('0');
    secrets.push(site.identity.agent_token);
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
  });

  it('run again changes nothing and starts nothing', async () => {
    const pid = await site.show('MainPID');
    const ran = await site.oneLine(purchase);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    expect(ran.stdout).toContain('no change');
    expect(await site.show('MainPID')).toBe(pid);
  });

  it('upgrades, and keeps who the agent is', async () => {
    const { agent_id: agent } = site.identity;
    const pid = await site.show('MainPID');
    await release({ version: UPGRADE });
    const ran = await site.oneLine(purchase);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    await site.ready(pid);
    expect(await site.guest.sh('status-panel version')).toContain(`status-panel ${UPGRADE}\n`);
    expect(site.identity.agent_id).toBe(agent);
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
  });

  it('goes back to the version before when the new one does not run', async () => {
    await release({ version: BROKEN, program: dyingWhenRun });
    const ran = await site.oneLine(purchase);
    expect(ran.exitCode, ran.stdout).toBe(18);
    expect(ran.stderr).toContain(`version ${UPGRADE} is in place as before`);
    await site.ready();
    expect(await site.guest.sh('readlink /opt/status-panel/current')).toBe(`versions/${UPGRADE}\n`);
    expect((await site.ask('restart', { app_code: 'web' })).status).toBe('completed');
  });

  it('has no secret where others can read it', async () => {
    expect(await leaks(site.guest, secrets)).toEqual([]);
    // The look itself would find one.
    await site.guest.sh('umask 022; cat > /etc/leak', site.identity.agent_token);
    expect(await leaks(site.guest, secrets)).toEqual(['/etc/leak']);
    await site.guest.sh('rm /etc/leak');
  });

  it('is removed without a trace', async () => {
    const kept = await site.guest.login('status-panel uninstall');
    expect(kept.exitCode, kept.stderr).toBe(0);
    const left = differences(before, await filesOf(site.guest)).map((line) => line.split(':')[0]);
    for (const path of left) expect(path).toMatch(/^\/var\/lib\/status-panel(?:$|\/(?:identity\.json|journal\.db))/u);
    const purged = await site.oneLine(purchase, '--uninstall --purge --yes');
    expect(purged.exitCode, purged.stderr).toBe(0);
    expect(differences(before, await filesOf(site.guest))).toEqual([]);
    expect(await site.guest.sh(`systemctl list-units --all --plain --no-legend '${UNIT}*'`)).toBe('');
    expect(
      await site.guest.sh(
        `find /run /tmp /var/tmp /var/lib/systemd /var/lib/private -name '*${UNIT}*' 2>/dev/null || true`,
      ),
    ).toBe('');
    expect(await leaks(site.guest, secrets)).toEqual([]);
    expect((await site.guest.run(['id', UNIT])).exitCode).not.toBe(0);
  });
});
