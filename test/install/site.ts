// A machine with the agent on it and a control plane beside it: two programs that know each other by HTTP alone, for the tests of the installation.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { z } from 'zod';
import { AgentProcess } from '../../scripts/parts/agent-process.ts';
import { ControlPlaneClient, type FinishedCommand } from '../../scripts/parts/control-plane-client.ts';
import { runContainer } from '../../scripts/parts/containers.ts';
import { importBusyboxImage } from '../../scripts/parts/images.ts';
import { type Identity, loadIdentity } from '../../src/agent/identity/identity.ts';
import { type Guest, type Ran, startGuest } from './rig/guest.ts';
import type { Suite } from './rig/root-file-system.ts';
import { tarGz } from '../platform/archive/written-tar.ts';
import type { Certificates } from '../support/certificates.ts';
import { say } from '../support/shared-part.ts';
import { startTlsFront } from '../support/tls-front.ts';

export const STACK_ID = 'stack-install';
export const UNIT = 'status-panel';
const CONTROL_PLANE = join(import.meta.dirname, '..', '..', 'src', 'bin', 'control-plane.ts');
const IMAGE = 'status-panel-test:busybox';
const vaultToken = z.object({ auth: z.object({ client_token: z.string() }) });
const readyLine = z.object({ url: z.string(), vault: z.string() });

interface Facts {
  readonly guest: Guest;
  readonly controlPlane: AgentProcess;
  /** As this machine reaches the control plane. */
  readonly address: string;
  /** As the guest reaches it, and Vault. */
  readonly url: string;
  readonly vaultUrl: string;
  readonly vaultAddress: string;
  readonly dataDirectory: string;
  readonly isTls: boolean;
}

export class Site implements AsyncDisposable {
  readonly guest: Guest;
  readonly controlPlane: AgentProcess;
  readonly url: string;
  readonly vaultUrl: string;
  readonly adminToken: string;
  readonly client: ControlPlaneClient;
  readonly #facts: Facts;
  readonly #opened: AsyncDisposableStack;

  private constructor(facts: Facts, opened: AsyncDisposableStack) {
    this.guest = facts.guest;
    this.controlPlane = facts.controlPlane;
    this.url = facts.url;
    this.vaultUrl = facts.vaultUrl;
    this.adminToken = readFileSync(join(facts.dataDirectory, 'admin-token'), 'utf8').trim();
    this.client = new ControlPlaneClient({ url: facts.address, adminToken: this.adminToken });
    this.#facts = facts;
    this.#opened = opened;
  }

  /**
   * Boots the machine and starts the control plane on the address that the machine has of this one; with certificates for `rig-host`,
   * control plane and Vault are reached over HTTPS.
   */
  static async open(suite: Suite, releaseDirectory: string, certificates?: Certificates): Promise<Site> {
    await using opened = new AsyncDisposableStack();
    const home = mkdtempSync(join(tmpdir(), 'status-panel-install-'));
    opened.defer(() => rmSync(home, { recursive: true, force: true }));
    const guest = opened.use(await startGuest({ suite, say }));
    const dataDirectory = join(home, 'data');
    mkdirSync(dataDirectory);
    mkdirSync(join(home, 'stacks'));
    writeFileSync(
      join(home, 'stacks', `${STACK_ID}.tar.gz`),
      tarGz({ path: 'docker-compose.yml', bytes: 'services: {}\n' }),
    );
    const front = certificates && opened.use(await startTlsFront(certificates, guest.hostAddress));
    const vaultFront = certificates && opened.use(await startTlsFront(certificates, guest.hostAddress));
    const environment = {
      CONTROL_PLANE_RELEASE_DIR: releaseDirectory,
      CONTROL_PLANE_STACK_DIR: join(home, 'stacks'),
      ...(front === undefined ? {} : { CONTROL_PLANE_PUBLIC_URL: `https://rig-host:${front.port}` }),
    };
    const words = ['--listen', `${guest.hostAddress}:0`, '--data-dir', dataDirectory, '--dev-vault'];
    const options = { program: CONTROL_PLANE, endWith: 'SIGKILL' } as const;
    const controlPlane = opened.use(AgentProcess.start(words, environment, options));
    const line = await controlPlane.line((one) => one.includes('"control plane ready"'), 60_000);
    const { url: address, vault } = readyLine.parse(JSON.parse(line));
    if (front !== undefined) front.target = address;
    if (vaultFront !== undefined) vaultFront.target = vault;
    const url = front === undefined ? address : `https://rig-host:${front.port}`;
    const vaultUrl = vaultFront === undefined ? vault : `https://rig-host:${vaultFront.port}`;
    const isTls = front !== undefined;
    return new Site(
      { guest, controlPlane, address, url, vaultUrl, vaultAddress: vault, dataDirectory, isTls },
      opened.move(),
    );
  }

  get dockerSocket(): string {
    return `${this.guest.root}/run/docker.sock`;
  }

  get identity(): Identity {
    const identity = loadIdentity(`${this.guest.root}/var/lib/status-panel`);
    if (identity === undefined) throw new Error('the machine is not registered');
    return identity;
  }

  /** Types the one line that comes with a purchase, as root without a terminal. */
  async oneLine(purchaseToken: string, flags = ''): Promise<Ran> {
    const address = `${this.url}/api/v1/marketplace/install/${purchaseToken}`;
    const authority = this.#facts.isTls ? '--cacert /root/ca.pem ' : '';
    return await this.guest.login(`curl -fsSL ${authority}${address} | sh${flags === '' ? '' : ` -s -- ${flags}`}`);
  }

  /** Installs what the control plane publishes, with a purchase of its own. Returns the purchase token. */
  async install(flags = ''): Promise<string> {
    const token = await this.client.mintPurchaseToken(STACK_ID);
    const { exitCode, stdout, stderr } = await this.oneLine(token, flags);
    if (exitCode !== 0) throw new Error(`the installer ended with ${exitCode}:\n${stdout}${stderr}`);
    return token;
  }

  /** A token that may read this machine's agent token and nothing else. */
  async mintVaultToken(): Promise<string> {
    const root = readFileSync(join(this.#facts.dataDirectory, 'dev-vault-root-token'), 'utf8').trim();
    const { body } = await request(`${this.#facts.vaultAddress}/v1/auth/token/create`, {
      method: 'POST',
      headers: { 'x-vault-token': root, 'content-type': 'application/json' },
      body: JSON.stringify({ policies: [`agent-read:${this.identity.deployment_hash}`] }),
    });
    return vaultToken.parse(await body.json()).auth.client_token;
  }

  /** Gives the agent another token, as an administrator does. */
  async rotateToken(): Promise<void> {
    await this.client.call('POST', `/api/v1/admin/agents/${this.identity.agent_id}/rotate-token`, {});
  }

  /** Changes one setting in the configuration file. */
  setting(name: string, value: string): void {
    const path = `${this.guest.root}/etc/status-panel/config.json`;
    const settings = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(path, 'utf8')));
    writeFileSync(path, JSON.stringify({ ...settings, [name]: value }));
  }

  /** Starts a container in the machine's own engine. */
  async container(name: string): Promise<string> {
    const engine = { socketPath: this.dockerSocket };
    await importBusyboxImage(engine, IMAGE);
    return await runContainer(engine, { image: IMAGE, name, command: ['sleep', '1000000'], init: true });
  }

  async ask(type: string, parameters: unknown): Promise<FinishedCommand> {
    return await this.client.ask(this.identity.deployment_hash, type, parameters);
  }

  /** One property of the unit. */
  async show(property: string): Promise<string> {
    return (await this.guest.sh(`systemctl show --property=${property} --value ${UNIT}`)).trim();
  }

  /** The agent's own words, without systemd's about it. */
  async lines(filter = ''): Promise<readonly string[]> {
    const text = await this.guest.sh(`journalctl --quiet --output=cat --identifier=${UNIT} ${filter}`);
    return text.split('\n').filter((line) => line !== '');
  }

  /** Waits until a process other than `before` runs and the control plane has accepted it; returns its number. */
  async ready(before = ''): Promise<string> {
    const status = 'runuser -u status-panel -- status-panel status --state-directory /var/lib/status-panel';
    const beganMs = performance.now();
    for (;;) {
      const pid = await this.show('MainPID');
      const said = await this.guest.run(['sh', '-c', status]);
      if (pid !== '0' && pid !== before && said.exitCode === 0 && said.stdout.includes(` ${pid}, `)) return pid;
      if (performance.now() - beganMs > 90_000) {
        const journal = await this.guest.sh(`journalctl --no-pager --lines=30 --unit=${UNIT}`);
        throw new Error(`the agent did not become ready:\n${said.stdout}${said.stderr}\n${journal}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}
