// The agent without a network: through one socket to the control plane and through another to Vault, with TLS from end to end.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { Site, STACK_ID, UNIT } from './site.ts';
import { suites } from './suites.ts';
import { leaks } from './traces.ts';

describe.each(suites())('the confined service on Debian %s', (suite) => {
  let site: Site;
  let certificates: Certificates;
  let purchase: string;
  /** Every token there ever was, those that were rotated away included. */
  const secrets = new Set<string>();

  beforeAll(async () => {
    certificates = await makeCertificates(['DNS:rig-host']);
    site = await Site.open(suite, inject('releaseDirectory'), certificates);
    await site.container('web');
    await site.guest.sh('cat > /root/ca.pem', readFileSync(certificates.caFile, 'utf8'));
    purchase = await site.client.mintPurchaseToken(STACK_ID);
    secrets.add(purchase).add(site.adminToken);
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    certificates[Symbol.dispose]();
  });

  async function useVault(): Promise<void> {
    const token = await site.mintVaultToken();
    secrets.add(token);
    await site.guest.sh('umask 077; cat > /etc/status-panel/vault-token', token);
    site.setting('vault_address', site.vaultUrl);
    site.setting('vault_ca_file', '/etc/status-panel/ca.pem');
  }

  const installed = async (flags: string): Promise<void> => {
    const ran = await site.oneLine(purchase, `--ca-file /root/ca.pem ${flags}`);
    expect(ran.exitCode, ran.stdout + ran.stderr).toBe(0);
    await site.ready();
  };

  async function score(): Promise<number> {
    const { stdout } = await site.guest.run(['systemd-analyze', 'security', `${UNIT}.service`, '--no-pager']);
    return Number(/Overall exposure level for \S+: (?<score>[\d.]+)/u.exec(stdout)?.groups?.['score']);
  }

  it('is installed over HTTPS with an authority of its own, and works, first on the network', async () => {
    await installed('');
    await useVault();
    await site.guest.sh(`systemctl restart ${UNIT}`);
    await site.ready();
    expect((await site.ask('restart', { app_code: 'web' })).status).toBe('completed');
  });

  it('takes a rotated token from Vault, over HTTPS and without losing a command', async () => {
    const before = site.identity.agent_token;
    secrets.add(before);
    await site.rotateToken();
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
    expect(site.identity.agent_token).not.toBe(before);
  });

  it('is confined by the same line with --egress-proxy, and does all it did', async () => {
    await installed('--egress-proxy');
    const pid = await site.show('MainPID');
    const links = await site.guest.sh(`nsenter --target=${pid} --net ip -brief link`);
    expect(links.trim().split('\n')).toEqual([expect.stringMatching(/^lo /u)]);
    expect((await site.ask('restart', { app_code: 'web' })).status).toBe('completed');
    // What people type reads the same configuration, without the service's credentials.
    expect(await site.guest.sh('status-panel status')).toContain('ready since');
    const version = Number(
      /^systemd (?<version>\d+)/u.exec(await site.guest.sh('systemctl --version'))?.groups?.['version'],
    );
    const exposure = await score();
    console.error(`Exposure of the confined service under systemd ${version}: ${exposure}`);
    expect(exposure).toBeLessThanOrEqual(version >= 253 ? 0.2 : 0.4);
  });

  it('reads its token through the way to Vault, too', async () => {
    const before = site.identity.agent_token;
    secrets.add(before);
    await site.rotateToken();
    expect((await site.ask('health', { app_code: 'web' })).status).toBe('completed');
    expect(site.identity.agent_token).not.toBe(before);
    expect((await site.lines()).filter((line) => line.includes('could not be read again'))).toEqual([]);
  });

  it('finds its way after a reboot, and when the proxy was ended', async () => {
    await site.guest.reboot();
    await site.ready();
    expect(await site.guest.sh('systemctl is-active status-panel-egress.service')).toBe('active\n');
    await site.guest.sh('systemctl kill --signal=KILL status-panel-egress.service');
    expect((await site.ask('health', { app_code: 'all' })).status).toBe('completed');
  });

  it('has no token, of now or from before a rotation, where others can read it', async () => {
    secrets.add(site.identity.agent_token);
    expect(secrets.size).toBe(6);
    expect(await leaks(site.guest, [...secrets])).toEqual([]);
  });

  it('leaves nothing of the proxy behind', async () => {
    const purged = await site.oneLine(purchase, '--uninstall --purge --yes');
    expect(purged.exitCode, purged.stderr).toBe(0);
    expect(await site.guest.sh(`systemctl list-units --all --plain --no-legend '${UNIT}*'`)).toBe('');
    expect(await site.guest.sh(`find /etc /run -name '*${UNIT}*'`)).toBe('');
  });
});
