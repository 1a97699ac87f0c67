// The control plane put together: database, Vault, queue and routes → one listening server. Read this first.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type Clock, systemClock } from '../platform/clock.ts';
import { lockDirectory } from '../platform/directory-lock.ts';
import type { Log } from '../platform/log.ts';
import { type Random, systemRandom } from '../platform/random.ts';
import { ReplayWindow } from '../protocol/replay-window.ts';
import { Authenticator } from './http/authenticate.ts';
import { createServer } from './http/server.ts';
import { RefusedAttempts } from './install/refused-attempts.ts';
import { ReleaseFolder } from './install/release-folder.ts';
import { StackFolder } from './install/stack-folder.ts';
import { makePrivateFolder, readOrCreateSecretFile } from './private-file.ts';
import { Cancels } from './queue/cancels.ts';
import { Doorbell } from './queue/doorbell.ts';
import { DEFAULT_LEASE_SECONDS, DEFAULT_QUEUE_MAX_COUNT } from './queue/lease.ts';
import { Polls } from './queue/polls.ts';
import { Queue } from './queue/queue.ts';
import { Agents } from './registry/agents.ts';
import { Deployed } from './registry/deployed.ts';
import { Heartbeats } from './registry/heartbeats.ts';
import { PurchaseTokens } from './registry/purchase-tokens.ts';
import { Users } from './registry/users.ts';
import { registerRoutes } from './routes/register-routes.ts';
import { newAgentToken, newSecret } from './secret.ts';
import type { Services } from './services.ts';
import { migrate, shippedMigrations } from './store/migrate.ts';
import { openPglite } from './store/pglite.ts';
import { openPostgres } from './store/postgres.ts';
import type { Database } from './store/sql.ts';
import { AgentTokens } from './vault/agent-tokens.ts';
import { DevVault } from './vault/dev-vault.ts';
import { VaultClient, type VaultOptions } from './vault/vault-client.ts';

export interface ControlPlaneOptions {
  /** Default 127.0.0.1 on any free port. */
  readonly listen?: { readonly host: string; readonly port: number } | undefined;
  /** PostgreSQL. Without it the embedded database in `dataDir`, and without that too one in memory. */
  readonly databaseUrl?: string | undefined;
  /** Database, development Vault and generated tokens lie here, mode 0700. One process for each directory. */
  readonly dataDir?: string | undefined;
  /** A real Vault or OpenBao. Without it a development Vault runs inside, in `dataDir` or in memory. */
  readonly vault?: VaultOptions | undefined;
  /** Port of the development Vault on 127.0.0.1; any free one when undefined. */
  readonly devVaultPort?: number | undefined;
  /** Without it the token in `adminTokenFile`, and without that the one in `dataDir`, made on the first start. */
  readonly adminToken?: string | undefined;
  readonly adminTokenFile?: string | undefined;
  /** Address at which agents and people reach this server, if it is not the one it listens on. */
  readonly publicUrl?: string | undefined;
  /** The release that the installer installs. Without it there is no installer. */
  readonly releaseDir?: string | undefined;
  /** `STACK_ID.tar.gz` for each stack that is sold. */
  readonly stackDir?: string | undefined;
  /** How long a delivered command may go without a report before it is delivered again. Default 60. */
  readonly leaseSeconds?: number | undefined;
  /** How many unfinished commands a deployment may have. Default 1000. */
  readonly queueMaxCount?: number | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
  readonly log?: Log | undefined;
}

export interface ControlPlane extends AsyncDisposable {
  /** `http://host:port`, where it listens. */
  readonly url: string;
  readonly adminToken: string;
  /** Where a person finds the admin token; undefined when it was given or lies in memory. */
  readonly adminTokenFile: string | undefined;
  readonly database: 'pglite' | 'postgres';
  readonly vaultAddress: string;
  readonly devVault: DevVault | undefined;
  /** Answers every open poll with nothing, waits for requests under way and closes everything. Safe to call twice. */
  stop(): Promise<void>;
}

/** Beside `src` in a checkout and beside `dist` in the package. */
const INSTALLER_TEMPLATE = join(import.meta.dirname, '..', '..', 'install.sh.tpl');
/** Requests under way that take longer are cut off at a stop. */
const STOP_GRACE_MS = 5_000;

const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export async function startControlPlane(options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const parts = {
    clock: options.clock ?? systemClock,
    random: options.random ?? systemRandom,
    log: options.log ?? silent,
  };
  // Whatever was opened is closed again when something later fails, and at the stop, last opened first.
  await using opened = new AsyncDisposableStack();
  if (options.dataDir !== undefined) {
    await makePrivateFolder(options.dataDir);
    opened.use(lockDirectory(options.dataDir, 'another control plane'));
  }
  const admin = await adminTokenOf(options);
  const database = opened.use(await openDatabase(options, parts));
  const applied = await migrate(database, await shippedMigrations(), parts.clock);
  if (applied.length > 0) parts.log.info('database migrated', { applied: applied.join(' ') });
  const devVault = options.vault === undefined ? opened.use(await startDevVault(options, parts)) : undefined;
  const vault = options.vault ?? { address: devVault?.address ?? '', token: devVault?.rootToken ?? '' };
  const stopping = new AbortController();
  const { server, services, heartbeats, address } = await compose(options, parts, {
    database,
    vault: opened.use(new VaultClient(vault, parts.clock)),
    adminToken: admin.token,
    stopping: stopping.signal,
  });
  opened.use(heartbeats);
  address.url = await listen(server, options);
  const kept = opened.move();
  const stop = async (): Promise<void> => {
    if (kept.disposed) return;
    stopping.abort();
    services.polls.drain();
    await closeServer(server, parts.clock);
    await kept.disposeAsync();
  };
  return {
    url: address.url,
    adminToken: admin.token,
    adminTokenFile: admin.file,
    database: database.kind,
    vaultAddress: vault.address,
    devVault,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

async function adminTokenOf(options: ControlPlaneOptions): Promise<{ token: string; file: string | undefined }> {
  if (options.adminToken !== undefined) return { token: options.adminToken, file: undefined };
  const inDataDir = options.dataDir === undefined ? undefined : join(options.dataDir, 'admin-token');
  const file = options.adminTokenFile ?? inDataDir;
  const create = (): string => newSecret('admin');
  return { token: file === undefined ? create() : await readOrCreateSecretFile(file, create), file };
}

async function openDatabase(options: ControlPlaneOptions, { clock, log }: Parts): Promise<Database> {
  if (options.databaseUrl !== undefined) return openPostgres(options.databaseUrl, clock, log);
  return openPglite(options.dataDir === undefined ? undefined : join(options.dataDir, 'database'));
}

async function startDevVault(options: ControlPlaneOptions, parts: Parts): Promise<DevVault> {
  const { dataDir, devVaultPort: port } = options;
  if (dataDir === undefined) return DevVault.start({ ...parts, port });
  const rootToken = await readOrCreateSecretFile(join(dataDir, 'dev-vault-root-token'), () => `hvs.${newAgentToken()}`);
  return DevVault.start({ ...parts, port, rootToken, file: join(dataDir, 'dev-vault.json') });
}

interface Composed {
  readonly server: FastifyInstance;
  readonly services: Services;
  readonly heartbeats: Heartbeats;
  /** Filled in once the server listens. */
  readonly address: { url: string };
}

async function compose(
  options: ControlPlaneOptions,
  { clock, random, log }: Parts,
  edges: Pick<Services, 'database' | 'vault' | 'stopping'> & { readonly adminToken: string },
): Promise<Composed> {
  const { database, vault } = edges;
  const agentTokens = new AgentTokens(vault, clock, log);
  const doorbell = new Doorbell(random.uuid(), (hash) =>
    hash === undefined ? agentTokens.forgetAll() : agentTokens.forget(hash),
  );
  await doorbell.connect(database);
  const agents = new Agents(database, clock, random);
  const users = new Users(database, clock, random);
  const queue = new Queue(database, clock, random, {
    leaseMs: (options.leaseSeconds ?? DEFAULT_LEASE_SECONDS) * 1000,
    maxCount: options.queueMaxCount ?? DEFAULT_QUEUE_MAX_COUNT,
  });
  const cancels = new Cancels(database, clock);
  const heartbeats = new Heartbeats(database, clock, log);
  const replayWindow = new ReplayWindow();
  const address = { url: '' };
  const services: Services = {
    clock,
    log,
    database,
    vault,
    agents,
    users,
    agentTokens,
    heartbeats,
    queue,
    cancels,
    doorbell,
    stopping: edges.stopping,
    authenticator: new Authenticator({ agents, users, agentTokens, replayWindow, adminToken: edges.adminToken, clock }),
    purchaseTokens: new PurchaseTokens(database, clock, random),
    refusedAttempts: new RefusedAttempts(),
    deployed: new Deployed(database, clock),
    installerTemplate: await readFile(INSTALLER_TEMPLATE, 'utf8'),
    releases: options.releaseDir === undefined ? undefined : new ReleaseFolder(options.releaseDir),
    stacks: options.stackDir === undefined ? undefined : new StackFolder(options.stackDir),
    polls: new Polls({ queue, cancels, doorbell, clock }),
    dashboardUrl: () => options.publicUrl ?? address.url,
  };
  const server = createServer(clock, log);
  registerRoutes(server, services);
  return { server, services, heartbeats, address };
}

async function listen(server: FastifyInstance, options: ControlPlaneOptions): Promise<string> {
  const { host, port } = options.listen ?? { host: '127.0.0.1', port: 0 };
  return server.listen({ host, port });
}

async function closeServer(server: FastifyInstance, clock: Clock): Promise<void> {
  const done = new AbortController();
  const cutOff = clock.sleep(STOP_GRACE_MS, done.signal).then(() => server.server.closeAllConnections());
  await server.close();
  done.abort();
  await cutOff;
}
