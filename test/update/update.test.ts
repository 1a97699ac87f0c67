// Updates of an installed release, with real processes, a real control plane and a real engine: forward, back, and what leaves all as it is.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { Site } from '../e2e/harness.ts';
import { SupervisedHost } from './supervised.ts';
import type { FinishedCommand } from '../../scripts/parts/control-plane-client.ts';
import { Publisher } from '../release/versions.ts';

const engine = inject('engineSocket');
const publisher = new Publisher();
const releases = { first: '', good: '', mute: '', dead: '' };

beforeAll(async () => {
  await publisher.makeKeys();
  releases.first = await publisher.release('0.1.0');
  releases.good = await publisher.release('0.1.1');
  releases.dead = await publisher.release('0.1.2', {
    changes: [{ file: 'src/cli/run.ts', from: 'const policy =', to: "throw new Error('broken'); const policy =" }],
  });
  releases.mute = await publisher.release('0.1.3', {
    changes: [
      { file: 'src/agent/upstream/upstream.ts', from: 'pathOf(ROUTE.wait', to: "'/nowhere' + pathOf(ROUTE.wait" },
    ],
  });
}, 300_000);

afterAll(() => publisher[Symbol.dispose]());

async function hostOf(
  stack: AsyncDisposableStack,
  owner: { readonly allow?: boolean; readonly releases?: string } = {},
): Promise<{ readonly site: Site; readonly host: SupervisedHost }> {
  const site = stack.use(
    await Site.open({
      dockerSocket: engine,
      settings: { STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5' },
      ...(owner.releases === undefined ? {} : { releaseDir: owner.releases }),
    }),
  );
  writeFileSync(
    join(site.home, 'policy.json'),
    JSON.stringify({ update: { allow_from_control_plane: owner.allow ?? false } }),
  );
  return { site, host: stack.use(await SupervisedHost.install(releases.first, site.settings)) };
}

/** Does what status-panel-update.path does, until `isDone`. */
async function watchPath(host: SupervisedHost, stateDirectory: string, isDone: () => boolean): Promise<void> {
  const watched = [join(stateDirectory, 'update-request.json'), join(host.installation, 'update', 'attempt.json')];
  while (!isDone()) {
    if (watched.some((path) => existsSync(path))) await host.updater();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function askForUpdate(
  site: Site,
  host: SupervisedHost,
  parameters: { readonly version?: string } = {},
): Promise<FinishedCommand> {
  const state = { done: false };
  const asked = site.ask('update_agent', parameters, 200_000).finally(() => {
    state.done = true;
  });
  await Promise.all([watchPath(host, site.stateDirectory, () => state.done), asked]);
  return await asked;
}

describe.concurrent('an installed release that is asked to update itself', () => {
  test.each([
    [
      'updates, and the new process answers the command',
      'good',
      { status: 'completed', outcome: 'updated', runs: '0.1.1' },
    ],
    [
      'goes back, and the old version answers the command',
      'dead',
      { status: 'failed', outcome: 'rolled-back', runs: '0.1.0' },
    ],
  ] as const)('%s', async (_, release, wanted) => {
    await using stack = new AsyncDisposableStack();
    const { site, host } = await hostOf(stack, { allow: true, releases: releases[release] });
    const finished = await host.explaining(() => askForUpdate(site, host));
    expect(finished.status, JSON.stringify(finished)).toBe(wanted.status);
    expect(JSON.stringify(finished)).toContain(`"outcome":"${wanted.outcome}"`);
    expect(host.current).toBe(wanted.runs);
    expect(site.proxy.reports.filter((report) => report.includes('update_agent'))).toHaveLength(1);
  });

  test('says why nothing was changed when the very first update of the host is refused', async () => {
    await using stack = new AsyncDisposableStack();
    const { site, host } = await hostOf(stack, { allow: true, releases: releases.good });
    const finished = await host.explaining(() => askForUpdate(site, host, { version: '9.9.9' }));
    expect(finished.status).toBe('failed');
    expect(JSON.stringify(finished)).toContain('"outcome":"refused"');
    expect(JSON.stringify(finished.error)).toContain('offers no status-panel-9.9.9-linux-');
    expect(host.current).toBe('0.1.0');
  });

  test('tries again when the connection breaks while it downloads', async () => {
    await using stack = new AsyncDisposableStack();
    const { site, host } = await hostOf(stack, { allow: true, releases: releases.good });
    const broken = new Set(['SHA256SUMS', '.tar.gz']);
    site.proxy.plan = ({ path }) => {
      const fault = [...broken].find((ending) => path.endsWith(ending));
      return fault !== undefined && broken.delete(fault) ? { kind: 'truncate' } : undefined;
    };
    const finished = await host.explaining(() => askForUpdate(site, host));
    expect(finished.status, JSON.stringify(finished)).toBe('completed');
    expect(broken.size).toBe(0);
    expect(host.current).toBe('0.1.1');
  });

  test('refuses where the owner has not allowed it', async () => {
    await using stack = new AsyncDisposableStack();
    const { site, host } = await hostOf(stack);
    const { status, error } = await site.ask('update_agent', {});
    expect(status).toBe('failed');
    expect(JSON.stringify(error)).toContain('not_allowed');
    // Whatever the agent does, root's updater reads the policy itself.
    writeFileSync(join(site.stateDirectory, 'update-request.json'), '{"request_id":"forged"}');
    expect(await host.updater()).toBe(75);
    expect(host.current).toBe('0.1.0');
    expect(existsSync(join(site.stateDirectory, 'update-request.json'))).toBe(false);
  });
});

describe.concurrent('an installed release', () => {
  test('is updated, says so, and has nothing to do the second time', async () => {
    await using stack = new AsyncDisposableStack();
    const { host } = await hostOf(stack);
    const offered = await host.run('update', '--check', '--from', releases.good);
    expect(offered).toMatchObject({ exitCode: 0, stdout: '0.1.0 is installed and can be updated to 0.1.1\n' });
    const updated = await host.run('update', '--from', releases.good);
    expect(updated.stdout).toContain('updated from 0.1.0 to 0.1.1');
    expect(updated.exitCode).toBe(0);
    expect(host.activity()).toMatchObject({ version: '0.1.1', docker: 'ok' });
    expect(readFileSync(join(host.home, 'systemctl.log'), 'utf8')).toBe(
      'daemon-reload\nrestart --no-block status-panel.service\n',
    );
    const again = await host.run('update', '--from', releases.good);
    expect(again).toMatchObject({ exitCode: 0, stdout: 'no change: 0.1.1 is installed already\n' });
    const older = await host.run('update', '--from', releases.first);
    expect(older.exitCode).toBe(75);
    expect(older.stderr).toContain('0.1.0 is older than 0.1.1');
    expect(host.current).toBe('0.1.1');
    expect(host.has('0.1.0')).toBe(true);
  });

  test('goes back by itself from a version that does not start, and remembers it', async () => {
    await using stack = new AsyncDisposableStack();
    const { host } = await hostOf(stack);
    const began = performance.now();
    const ended = await host.run('update', '--from', releases.dead);
    expect(ended.stdout).toBe('0.1.0 runs again: 0.1.2 was taken back, because it does not start\n');
    expect(ended.exitCode).toBe(75);
    expect(performance.now() - began).toBeLessThan(120_000);
    await host.until(() => host.activity()?.['version'] === '0.1.0' && host.activity()?.['ready_at'] !== undefined);
    const again = await host.run('update', '--from', releases.dead);
    expect(again.stderr).toContain('0.1.2 has failed on this host before (it does not start)');
    expect(again.exitCode).toBe(75);
    expect(host.current).toBe('0.1.0');
  });

  test('goes back from a version that runs but is not accepted, when the control plane accepts the updater', async () => {
    await using stack = new AsyncDisposableStack();
    const { host } = await hostOf(stack);
    const began = performance.now();
    const ended = await host.run('update', '--from', releases.mute);
    expect(ended.stdout).toContain('no poll of the new version');
    expect(ended.exitCode).toBe(75);
    expect(host.current).toBe('0.1.0');
    expect(performance.now() - began).toBeLessThan(120_000);
  });

  test('stays with a good version when the control plane goes away, and confirms it later', async () => {
    await using stack = new AsyncDisposableStack();
    const { site, host } = await hostOf(stack);
    site.proxy.plan = () => ({ kind: 'reset' });
    const ended = await host.run('update', '--from', releases.good);
    expect(ended.stdout).toContain('updated from 0.1.0 to 0.1.1, not confirmed');
    expect(ended.exitCode).toBe(69);
    expect(host.current).toBe('0.1.1');
    expect(existsSync(join(host.installation, 'versions', '0.1.0'))).toBe(true);
  });
});
