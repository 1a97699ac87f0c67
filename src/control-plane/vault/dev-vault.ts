// A development Vault inside the process: the part of Vault's HTTP API that agents and the control plane use, on a loopback port.
//
// KV v1 is mounted at `agent/`, as production writes tokens, and KV v2 at `secret/`. A list is `GET …?list=true`: Node's HTTP parser
// refuses the LIST verb before any code sees it. It keeps secrets unencrypted: for demo, tests and small installations.
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import { describeError } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import type { Random } from '../../platform/random.ts';
import { newAgentToken } from '../secret.ts';
import { DevVaultStore, type TokenEntry } from './dev-vault-store.ts';
import { type KvRequest, answerKv } from './kv-api.ts';

const BODY_MAX_BYTES = 1_048_576;
const PATH_MAX_CHARS = 1_024;
const VAULT_VERSION = '1.17.0';

export interface DevVaultOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Where secrets are kept, mode 0600; undefined keeps them in memory. */
  readonly file?: string | undefined;
  /** The root token of an earlier start; a new one when undefined. */
  readonly rootToken?: string | undefined;
  readonly port?: number | undefined;
}

export class DevVault implements AsyncDisposable {
  readonly address: string;
  readonly rootToken: string;
  readonly #server: FastifyInstance;
  readonly #store: DevVaultStore;

  private constructor(address: string, rootToken: string, server: FastifyInstance, store: DevVaultStore) {
    this.address = address;
    this.rootToken = rootToken;
    this.#server = server;
    this.#store = store;
  }

  static async start(options: DevVaultOptions): Promise<DevVault> {
    const store = await DevVaultStore.open(options.file);
    const rootToken = options.rootToken ?? `hvs.${newAgentToken()}`;
    await store.addToken(rootToken, { name: 'root' });
    const server = createVaultServer(store, options);
    const address = await server.listen({ host: '127.0.0.1', port: options.port ?? 0 });
    return new DevVault(address, rootToken, server, store);
  }

  /** A token that may read this deployment's secrets, in both mounts, and nothing else. */
  async mintReadToken(deploymentHash: string): Promise<string> {
    return mintReadToken(this.#store, deploymentHash);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.close();
  }
}

function createVaultServer(store: DevVaultStore, options: DevVaultOptions): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: PATH_MAX_CHARS },
  });
  server.removeAllContentTypeParsers();
  // Vault does not look at the content type.
  server.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.setNotFoundHandler((_request, reply) => reply.code(404).send({ errors: [] }));
  server.setErrorHandler((error, _request, reply) => {
    options.log.warn('development Vault refused a request', { reason: describeError(error) });
    return reply.code(400).send({ errors: ['error parsing the request'] });
  });
  server.get('/v1/sys/health', () => ({
    initialized: true,
    sealed: false,
    standby: false,
    performance_standby: false,
    server_time_utc: Math.floor(options.clock.now() / 1000),
    version: VAULT_VERSION,
    cluster_name: 'development',
  }));
  server.route({
    method: ['GET', 'POST', 'PUT', 'DELETE'],
    url: '/v1/*',
    handler: (request, reply) => handle(store, options, request, reply),
  });
  return server;
}

const pathParameter = z.object({ '*': z.string().max(PATH_MAX_CHARS) });
const listQuery = z.object({ list: z.string().max(10).optional() });
const bodyObject = z.record(z.string().max(1_000), z.unknown());

async function handle(
  store: DevVaultStore,
  options: DevVaultOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const path = pathParameter.parse(request.params)['*'].replaceAll(/^\/+|\/+$/gu, '');
  const token = store.token(presentedToken(request));
  if (token === undefined) return reply.code(403).send({ errors: ['permission denied'] });
  if (path === 'auth/token/lookup-self') return reply.send(envelope(options, describeToken(token)));
  const list = listQuery.parse(request.query).list === 'true';
  if (!allowed(token, request.method, list ? `${path}/` : path))
    return reply.code(403).send({ errors: ['permission denied'] });
  if (path === 'auth/token/create' && request.method === 'POST')
    return reply.send(await tokenCreated(store, options, request));
  const body = request.method === 'POST' || request.method === 'PUT' ? bodyOf(request) : undefined;
  const kvRequest: KvRequest = {
    method: list ? 'LIST' : request.method,
    path,
    body,
    nowIso: new Date(options.clock.now()).toISOString(),
  };
  const answer = await answerKv(store, kvRequest);
  if (answer.errors !== undefined) return reply.code(answer.status).send({ errors: answer.errors });
  if (answer.data === undefined) return reply.code(answer.status).send();
  return reply.code(answer.status).send(envelope(options, answer.data));
}

/** What one policy of the development Vault grants: `agent-read:DEPLOYMENT_HASH`. */
const READ_POLICY = /^agent-read:(?<hash>[\w-]{1,128})$/u;
const createToken = z.object({ policies: z.tuple([z.string().max(200).regex(READ_POLICY)]) });

async function mintReadToken(store: DevVaultStore, deploymentHash: string): Promise<string> {
  const readPrefixes = [`agent/${deploymentHash}/`, `secret/data/agent/${deploymentHash}/`];
  return store.mintToken({ name: `read ${deploymentHash}`, readPrefixes });
}

// For whoever has the root token and is outside of this process.
async function tokenCreated(
  store: DevVaultStore,
  options: DevVaultOptions,
  request: FastifyRequest,
): Promise<Readonly<Record<string, unknown>>> {
  const { policies } = createToken.parse(bodyOf(request));
  const hash = READ_POLICY.exec(policies[0])?.groups?.['hash'] ?? '';
  const auth = { client_token: await mintReadToken(store, hash), policies, renewable: false, lease_duration: 0 };
  return { ...envelope(options, null), auth };
}

function bodyOf(request: FastifyRequest): Readonly<Record<string, unknown>> {
  const text = Buffer.isBuffer(request.body) ? request.body.toString('utf8') : '{}';
  return bodyObject.parse(JSON.parse(text));
}

function presentedToken(request: FastifyRequest): string {
  const header = request.headers['x-vault-token'];
  if (typeof header === 'string') return header;
  return (request.headers.authorization ?? '').replace(/^Bearer /u, '');
}

function allowed(token: TokenEntry, method: string, path: string): boolean {
  if (token.readPrefixes === undefined) return true;
  return (
    method === 'GET' && token.readPrefixes.some((prefix) => path.startsWith(prefix)) && !path.split('/').includes('..')
  );
}

function describeToken(token: TokenEntry): Readonly<Record<string, unknown>> {
  return {
    display_name: token.name,
    policies: token.readPrefixes === undefined ? ['root'] : ['default', 'agent-read'],
    type: 'service',
    path: 'auth/token/create',
    ttl: 0,
    creation_ttl: 0,
    explicit_max_ttl: 0,
    expire_time: null,
    renewable: false,
    orphan: true,
    num_uses: 0,
    entity_id: '',
    meta: null,
  };
}

function envelope(options: DevVaultOptions, data: unknown): Readonly<Record<string, unknown>> {
  return {
    request_id: options.random.uuid(),
    lease_id: '',
    renewable: false,
    lease_duration: 0,
    data,
    wrap_info: null,
    warnings: null,
    auth: null,
  };
}
