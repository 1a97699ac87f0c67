// When systemd has to step in, and when it must not: a stopped process, a stuck loop, a control plane that does not answer.
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { Site, UNIT } from './site.ts';
import { suites } from './suites.ts';

/** What is promised: from the last sign of life to a new process. */
const STUCK_MAX_MS = 60_000;
/** Longer than the watchdog's patience, which an outage must not use up. */
const OUTAGE_MS = 45_000;

// Loaded into the agent by a drop-in of the test: while the file is there, no deadline ever fires, as if a timer had been forgotten.
const FORGETFUL = `
import { existsSync } from 'node:fs';
const abort = AbortController.prototype.abort;
AbortController.prototype.abort = function (reason) {
  if (reason?.name === 'TimeoutError' && existsSync('/var/lib/status-panel/forget-deadlines')) return;
  abort.call(this, reason);
};
`;

describe.each(suites())('the service on Debian %s', (suite) => {
  let site: Site;

  beforeAll(async () => {
    site = await Site.open(suite, inject('releaseDirectory'));
    await site.install();
  });
  afterAll(async () => {
    site.controlPlane.kill('SIGCONT');
    await site[Symbol.asyncDispose]();
  });

  const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

  async function untilReplaced(pid: string): Promise<number> {
    const beganMs = performance.now();
    while ([pid, '0'].includes(await site.show('MainPID'))) {
      if (performance.now() - beganMs > 2 * STUCK_MAX_MS) throw new Error('nobody started a new process');
      await pause(200);
    }
    return performance.now() - beganMs;
  }

  it('is not restarted for a control plane that does not answer', async () => {
    const pid = await site.show('MainPID');
    site.controlPlane.kill('SIGSTOP');
    await pause(OUTAGE_MS);
    expect(await site.show('MainPID')).toBe(pid);
    expect(await site.show('NRestarts')).toBe('0');
    expect(await site.show('StatusText')).toMatch(/^control plane cannot be used since/u);
  }, 90_000);

  it('starts while there is no control plane', async () => {
    const pid = await site.show('MainPID');
    await site.guest.sh(`systemctl restart ${UNIT}`);
    expect(await site.show('ActiveState')).toBe('active');
    expect(await site.show('MainPID')).not.toBe(pid);
    site.controlPlane.kill('SIGCONT');
    await site.ready(pid);
  });

  it('is started anew within a minute when its process stands still', async () => {
    const pid = await site.show('MainPID');
    await site.guest.sh(`kill -STOP ${pid}`);
    const tookMs = await untilReplaced(pid);
    console.error(`A stopped process was replaced after ${(tookMs / 1000).toFixed(1)} s`);
    expect(tookMs).toBeLessThan(STUCK_MAX_MS);
    await site.ready(pid);
    expect(await site.guest.sh(`journalctl -q -o cat --unit=${UNIT}`)).toContain('Watchdog timeout');
  });

  it('is started anew within a minute of its bound when one loop is stuck and all else moves on, and says which', async () => {
    const { root } = site.guest;
    await site.guest.sh('cat > /etc/status-panel/forgetful.mjs; chmod 644 /etc/status-panel/forgetful.mjs', FORGETFUL);
    await site.guest.sh(
      `mkdir -p /etc/systemd/system/${UNIT}.service.d; cat > /etc/systemd/system/${UNIT}.service.d/90-test.conf; systemctl daemon-reload; systemctl restart ${UNIT}`,
      `[Service]\nEnvironment=NODE_OPTIONS=--import=/etc/status-panel/forgetful.mjs STATUS_PANEL_POLL_TIMEOUT_SECONDS=5\n`,
    );
    const pid = await site.ready();
    expect(root).toBe(site.guest.root);
    await site.guest.sh('touch /var/lib/status-panel/forget-deadlines');
    // The poll that is open now will never be answered, and never given up.
    site.controlPlane.kill('SIGSTOP');
    const tookMs = await untilReplaced(pid);
    console.error(`A stuck loop was replaced after ${(tookMs / 1000).toFixed(1)} s`);
    expect(tookMs).toBeLessThan(STUCK_MAX_MS);
    await site.guest.sh('rm /var/lib/status-panel/forget-deadlines');
    site.controlPlane.kill('SIGCONT');
    await site.ready(pid);
    const stuck = (await site.lines()).filter((line) => line.startsWith('stuck: '));
    expect(stuck).toEqual([expect.stringMatching(/ loop=poll doing="waits for a command" for_s=\d\d watched=true$/u)]);
  });
});
