// A control plane with releases, and a sandbox whose installer it serves: what every test of the installer begins with.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlPlaneClient } from '../../scripts/parts/control-plane-client.ts';
import { type ControlPlane, startControlPlane } from '../../src/control-plane/control-plane.ts';
import { tarGz } from '../platform/archive/written-tar.ts';
import { makeKeys, makeRelease } from './sample-release.ts';
import { type Ended, type RunOptions, Sandbox, type SandboxOptions, sharedFolder } from './sandbox.ts';

export const STACK_ID = "it's a stack";
const STACK_FILE_ID = 'stack-with-archive';

/** The publisher and the seller: keys, releases, a control plane. One for each test file. */
export class Shop implements AsyncDisposable {
  readonly folder: string;
  readonly controlPlane: ControlPlane;
  readonly client: ControlPlaneClient;

  private constructor(folder: string, controlPlane: ControlPlane) {
    this.folder = folder;
    this.controlPlane = controlPlane;
    this.client = new ControlPlaneClient(controlPlane);
  }

  /** `publicUrl` is what stands in the installer as the server's address. */
  static async open(publicUrl?: string): Promise<Shop> {
    const folder = sharedFolder();
    makeKeys(join(folder, 'keys'));
    mkdirSync(join(folder, 'stacks'));
    writeFileSync(
      join(folder, 'stacks', `${STACK_FILE_ID}.tar.gz`),
      tarGz({ path: 'docker-compose.yml', bytes: 'services: {}\n' }, { path: 'web/index.html', bytes: 'hello' }),
    );
    await makeRelease({ keys: join(folder, 'keys'), directory: join(folder, 'release'), versions: ['0.1.0'] });
    const options = { releaseDir: join(folder, 'release'), stackDir: join(folder, 'stacks'), publicUrl };
    return new Shop(folder, await startControlPlane(options));
  }

  get releaseDir(): string {
    return join(this.folder, 'release');
  }

  /** What is served from now on. */
  async publish(versions: string | readonly string[], more: Readonly<Record<string, string>> = {}): Promise<void> {
    await makeRelease({
      keys: join(this.folder, 'keys'),
      directory: this.releaseDir,
      versions: [versions].flat(),
      more,
    });
  }

  /** The script for a fresh purchase, as curl gets it. */
  async installer(stackId = STACK_ID): Promise<string> {
    return this.installerFor(await this.client.mintPurchaseToken(stackId));
  }

  async installerFor(token: string): Promise<string> {
    const answer = await fetch(`${this.controlPlane.url}/api/v1/marketplace/install/${token}`);
    if (answer.status !== 200) throw new Error(`${answer.status}: ${await answer.text()}`);
    return await answer.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.controlPlane.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export const STACK_WITH_ARCHIVE = STACK_FILE_ID;

/** A sandbox and one purchase for it. */
export class Host implements AsyncDisposable {
  readonly sandbox: Sandbox;
  script: string;
  /** Everything that was on it before anything was installed. */
  readonly before: Readonly<Record<string, string>>;

  private constructor(sandbox: Sandbox, script: string) {
    this.sandbox = sandbox;
    this.script = script;
    this.before = sandbox.changes();
  }

  static async open(shop: Shop, stackId?: string, options?: SandboxOptions): Promise<Host> {
    const script = await shop.installer(stackId);
    return new Host(await Sandbox.open(options), script);
  }

  /** As `curl … | sh -s -- WORDS`. */
  async install(
    words: readonly string[] = [],
    options: RunOptions & { readonly shell?: readonly string[] } = {},
  ): Promise<Ended> {
    const shell = options.shell ?? ['sh'];
    return this.sandbox.run([...shell, '-s', '--', ...words], { ...options, stdin: this.script });
  }

  /** What is on the host that was not before; files of the account database count by their text. */
  differences(): Readonly<Record<string, string>> {
    const now = this.sandbox.changes();
    const names = [...new Set([...Object.keys(this.before), ...Object.keys(now)])];
    return Object.fromEntries(
      names.flatMap((name) => (this.before[name] === now[name] ? [] : [[name, now[name] ?? 'gone']])),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.sandbox[Symbol.asyncDispose]();
  }
}
