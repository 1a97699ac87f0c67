// Updates on a booted Debian: asked for by the control plane and by root, with units that change, and taken back when the new version does not run.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { failureOf } from '../e2e/harness.ts';
import { type Changes, dyingWhenRun, publish } from './releases.ts';
import { Site } from './site.ts';
import { suites } from './suites.ts';

const UPGRADE = '0.2.0';
const BROKEN = '0.3.0';
const LATER = '0.4.0';
const NOTE = '# a line that the version before had not';
const UPDATE_MAX_MS = 200_000;

describe.each(suites())('updates on Debian %s', (suite) => {
  let site: Site;
  let home: string;

  const release = (changes: Changes): Promise<void> =>
    publish(inject('releaseDirectory'), inject('releaseKeys'), join(home, 'release'), changes);
  const updateAgent = (): ReturnType<Site['ask']> =>
    site.client.ask(site.identity.deployment_hash, 'update_agent', {}, UPDATE_MAX_MS);
  const linked = async (link: string): Promise<string> =>
    (await site.guest.sh(`readlink /opt/status-panel/${link}`)).trim();

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'status-panel-releases-'));
    cpSync(inject('releaseDirectory'), join(home, 'release'), { recursive: true });
    site = await Site.open(suite, join(home, 'release'));
    await site.container('web');
    await site.install();
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    rmSync(home, { recursive: true, force: true });
  });

  it('are refused to the control plane until the owner allows them', async () => {
    await release({ version: UPGRADE, unit: (text) => `${text}${NOTE}\n` });
    expect(failureOf(await updateAgent())).toMatchObject({ code: 'not_allowed' });
    const before = await site.show('MainPID');
    await site.guest.sh(
      `echo '{"update": {"allow_from_control_plane": true}}' > /etc/status-panel/policy.json; chmod 644 /etc/status-panel/policy.json; systemctl restart status-panel`,
    );
    await site.ready(before);
  });

  it('that the control plane asks for are made, units included, and answered once', {
    timeout: UPDATE_MAX_MS,
  }, async () => {
    const { agent_id: agent } = site.identity;
    const asked = await updateAgent();
    expect(asked, JSON.stringify(asked)).toMatchObject({ status: 'completed' });
    await site.ready();
    expect(await site.guest.sh('status-panel version')).toContain(`status-panel ${UPGRADE}\n`);
    expect(await linked('last-good')).toBe(`versions/${UPGRADE}`);
    expect(await site.guest.sh('cat /etc/systemd/system/status-panel.service')).toContain(NOTE);
    expect(await site.show('NeedDaemonReload')).toBe('no');
    expect(site.identity.agent_id).toBe(agent);
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
  });

  it('to a version that does not run are taken back, with its units, and it is not tried again', {
    timeout: UPDATE_MAX_MS,
  }, async () => {
    await release({ version: BROKEN, program: dyingWhenRun, unit: (text) => text });
    const beganMs = performance.now();
    const asked = await updateAgent();
    const tookMs = performance.now() - beganMs;
    console.error(`A version that does not run was taken back on ${suite}: ${(tookMs / 1000).toFixed(1)} s`);
    expect(asked.status, JSON.stringify(asked)).toBe('failed');
    expect(tookMs).toBeLessThan(120_000);
    await site.ready();
    expect(await linked('current')).toBe(`versions/${UPGRADE}`);
    expect(await site.guest.sh('cat /etc/systemd/system/status-panel.service')).toContain(NOTE);
    expect((await site.ask('restart', { app_code: 'web' })).status).toBe('completed');
    const again = await site.guest.login('status-panel update');
    expect(again).toMatchObject({ exitCode: 75, stderr: expect.stringContaining('has failed on this host before') });
  });

  it('by root', { timeout: UPDATE_MAX_MS }, async () => {
    await release({ version: LATER });
    expect((await site.guest.login('status-panel update --check')).stdout).toContain(`can be updated to ${LATER}`);
    const ran = await site.guest.login('status-panel update');
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    expect(await linked('current')).toBe(`versions/${LATER}`);
    expect(await site.guest.sh('ls /opt/status-panel/update')).not.toContain('attempt');
    expect(await site.guest.sh('systemctl --failed --plain --no-legend')).toBe('');
  });
});
