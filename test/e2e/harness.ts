// One agent as a real process, registered with a real control plane over real sockets, for the tests of the whole.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentProcess, runCli } from '../../scripts/parts/agent-process.ts';
import { ControlPlaneClient, type FinishedCommand } from '../../scripts/parts/control-plane-client.ts';
import { type Identity, loadIdentity } from '../../src/agent/identity/identity.ts';
import { type ControlPlane, startControlPlane } from '../../src/control-plane/control-plane.ts';
import { assertValidReport } from '../protocol/strict-report.ts';
import { FaultProxy } from '../support/fault-proxy.ts';

export const STACK_ID = 'stack-e2e';

export interface SiteOptions {
  readonly dockerSocket: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Take the agent token from the development Vault. */
  readonly vault?: boolean;
  readonly leaseSeconds?: number;
  /** What the control plane hands out for installation and updates. */
  readonly releaseDir?: string;
}

/** A control plane, a proxy that records, and a host that is registered with it. */
export class Site implements AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly client: ControlPlaneClient;
  readonly proxy: FaultProxy;
  readonly home: string;
  readonly stateDirectory: string;
  readonly settings: Record<string, string>;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    opened: AsyncDisposableStack,
    controlPlane: ControlPlane,
    proxy: FaultProxy,
    options: SiteOptions,
  ) {
    this.#opened = opened;
    this.controlPlane = controlPlane;
    this.client = new ControlPlaneClient(controlPlane);
    this.proxy = proxy;
    this.home = mkdtempSync(join(tmpdir(), 'status-panel-e2e-'));
    opened.defer(() => rmSync(this.home, { recursive: true, force: true }));
    this.stateDirectory = join(this.home, 'state');
    this.settings = {
      STATUS_PANEL_STATE_DIRECTORY: this.stateDirectory,
      STATUS_PANEL_DOCKER_SOCKET: options.dockerSocket,
      STATUS_PANEL_CONFIG: join(this.home, 'config.json'),
      ...options.settings,
    };
    writeFileSync(join(this.home, 'config.json'), '{}');
  }

  static async open(options: SiteOptions): Promise<Site> {
    await using opened = new AsyncDisposableStack();
    const controlPlane = opened.use(
      await startControlPlane({ leaseSeconds: options.leaseSeconds, releaseDir: options.releaseDir }),
    );
    const proxy = opened.use(await FaultProxy.start(controlPlane.url));
    const site = new Site(opened.move(), controlPlane, proxy, options);
    await site.#register(options.vault ?? false);
    return site;
  }

  get identity(): Identity {
    const identity = loadIdentity(this.stateDirectory);
    if (identity === undefined) throw new Error('not registered');
    return identity;
  }

  get deploymentHash(): string {
    return this.identity.deployment_hash;
  }

  /** Starts the agent and waits until the control plane has answered it. The caller stops it. */
  async startAgent(more: Readonly<Record<string, string>> = {}): Promise<AgentProcess> {
    const agent = AgentProcess.start(['run'], { ...this.settings, ...more }, { endWith: 'SIGKILL' });
    await agent.line((line) => line.includes('ready: the control plane answers'));
    return agent;
  }

  async ask(type: string, parameters: unknown, deadlineMs?: number): Promise<FinishedCommand> {
    return await this.client.ask(this.deploymentHash, type, parameters, deadlineMs);
  }

  /** Every report that passed must be valid for the strictest server there is. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const body of this.proxy.reports) assertValidReport(body);
    } finally {
      await this.#opened.disposeAsync();
    }
  }

  async #register(vault: boolean): Promise<void> {
    const token = await this.client.mintPurchaseToken(STACK_ID);
    const words = ['register', '--token-stdin', '--stack-id', STACK_ID, '--server', this.proxy.url];
    const ended = await runCli(words, this.settings, token);
    if (ended.exitCode !== 0) throw new Error(`registration failed: ${ended.stderr}`);
    if (!vault) return;
    const file = join(this.home, 'vault', 'token');
    mkdirSync(join(this.home, 'vault'));
    writeFileSync(file, (await this.controlPlane.devVault?.mintReadToken(this.deploymentHash)) ?? '', { mode: 0o600 });
    this.settings['STATUS_PANEL_VAULT_ADDRESS'] = this.controlPlane.vaultAddress;
    this.settings['STATUS_PANEL_VAULT_TOKEN_FILE'] = file;
  }
}

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly details?: unknown;
}

/** The first error of a failed command. */
export function failureOf(command: FinishedCommand): Failure | undefined {
  const { error } = command;
  if (typeof error !== 'object' || error === null || !('errors' in error) || !Array.isArray(error.errors))
    return undefined;
  const [first]: unknown[] = error.errors;
  if (typeof first !== 'object' || first === null || !('code' in first) || !('message' in first)) return undefined;
  return {
    code: String(first.code),
    message: String(first.message),
    ...('details' in first ? { details: first.details } : {}),
  };
}
