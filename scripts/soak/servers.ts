// The control planes of a soak run behind one face: the reference server, and one that behaves as production does.
import { type ControlPlane, startControlPlane } from '../../src/control-plane/control-plane.ts';
import { ProductionServer } from '../../test/support/production-server.ts';
import { ControlPlaneClient } from '../parts/control-plane-client.ts';

export interface Stored {
  readonly status: string;
  /** The code of the first error; undefined for a success. */
  readonly code: string | undefined;
}

export interface SoakServer extends AsyncDisposable {
  readonly kind: 'reference' | 'production';
  readonly url: string;
  /** For a registration by the command line; undefined where a host registers by its deployment hash. */
  mintPurchaseToken(stackId: string): Promise<string | undefined>;
  enqueue(deploymentHash: string, type: string, parameters: unknown): Promise<string>;
  read(deploymentHash: string, commandId: string): Promise<Stored>;
}

/** Short, so that a delivery that was lost comes again soon, and that commands come again while they run. */
const LEASE_SECONDS = 2;

export async function startSoakServer(kind: SoakServer['kind']): Promise<SoakServer> {
  return kind === 'reference'
    ? new ReferenceSoakServer(await startControlPlane({ leaseSeconds: LEASE_SECONDS }))
    : new ProductionSoakServer(await ProductionServer.start());
}

class ReferenceSoakServer implements SoakServer {
  readonly kind = 'reference';
  readonly #server: ControlPlane;
  readonly #client: ControlPlaneClient;

  constructor(server: ControlPlane) {
    this.#server = server;
    this.#client = new ControlPlaneClient(server);
  }

  get url(): string {
    return this.#server.url;
  }

  async mintPurchaseToken(stackId: string): Promise<string> {
    return await this.#client.mintPurchaseToken(stackId);
  }

  async enqueue(deploymentHash: string, type: string, parameters: unknown): Promise<string> {
    return await this.#client.enqueue(deploymentHash, type, parameters);
  }

  async read(deploymentHash: string, commandId: string): Promise<Stored> {
    const { status, error } = await this.#client.read(deploymentHash, commandId);
    return { status, code: codeOf(error) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop();
  }
}

class ProductionSoakServer implements SoakServer {
  readonly kind = 'production';
  readonly #server: ProductionServer;

  constructor(server: ProductionServer) {
    this.#server = server;
  }

  get url(): string {
    return this.#server.url;
  }

  async mintPurchaseToken(): Promise<undefined> {
    return undefined;
  }

  async enqueue(deploymentHash: string, type: string, parameters: unknown): Promise<string> {
    return this.#server.enqueue(deploymentHash, type, parameters);
  }

  async read(_deploymentHash: string, commandId: string): Promise<Stored> {
    const command = this.#server.commands.get(commandId);
    return { status: command?.status ?? 'unknown', code: codeOf(command?.error) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('errors' in error) || !Array.isArray(error.errors))
    return undefined;
  const [first]: unknown[] = error.errors;
  return typeof first === 'object' && first !== null && 'code' in first ? String(first.code) : undefined;
}
