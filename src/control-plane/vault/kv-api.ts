// What Vault's KV engines answer: version 1 mounted at `agent/`, version 2 at `secret/` with its data and metadata paths.
import { z } from 'zod';
import type { DevVaultStore, SecretEntry } from './dev-vault-store.ts';

export interface KvRequest {
  readonly method: string;
  /** Without the leading `/v1/`. */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly nowIso: string;
}

export interface KvAnswer {
  readonly status: number;
  readonly data?: unknown;
  /** Vault's way to say that there is nothing is an empty list. */
  readonly errors?: readonly string[];
}

const NOTHING: KvAnswer = { status: 404, errors: [] };
const V1_MOUNT = 'agent/';
const V2_DATA = 'secret/data/';
const V2_METADATA = 'secret/metadata/';

export async function answerKv(store: DevVaultStore, request: KvRequest): Promise<KvAnswer> {
  const { path } = request;
  if (`${path}/` === V1_MOUNT || path.startsWith(V1_MOUNT)) return versionOne(store, request);
  if (path.startsWith(V2_DATA)) return versionTwo(store, { ...request, path: path.slice(V2_DATA.length) });
  if (`${path}/` === V2_METADATA || path.startsWith(V2_METADATA)) {
    return metadata(store, { ...request, path: path.slice(V2_METADATA.length) });
  }
  if (path.startsWith('secret/')) {
    return {
      status: 404,
      errors: ['Invalid path for a versioned K/V secrets engine: use secret/data/… or secret/metadata/…'],
    };
  }
  return { status: 404, errors: [`no handler for route "${path}". route entry not found.`] };
}

async function versionOne(store: DevVaultStore, request: KvRequest): Promise<KvAnswer> {
  const { path } = request;
  switch (request.method) {
    case 'GET': {
      const entry = store.get(path);
      return entry === undefined ? NOTHING : { status: 200, data: entry.value };
    }
    case 'LIST':
      return listed(store.list(path));
    case 'DELETE':
      await store.remove(path);
      return { status: 204 };
    default:
      await store.put(path, { value: { ...request.body }, version: 1, createdAt: request.nowIso, deleted: false });
      return { status: 204 };
  }
}

const v2Body = z.object({
  data: z.record(z.string().max(1_000), z.unknown()),
  options: z
    .object({
      cas: z
        .int()
        .min(0)
        .max(2 ** 31)
        .optional(),
    })
    .optional(),
});

async function versionTwo(store: DevVaultStore, request: KvRequest): Promise<KvAnswer> {
  const key = `secret/${request.path}`;
  const entry = store.get(key);
  switch (request.method) {
    case 'GET':
      return versionTwoRead(entry);
    case 'LIST':
      return { status: 405, errors: ['lists are at secret/metadata/'] };
    case 'DELETE':
      if (entry !== undefined) await store.put(key, { ...entry, value: {}, deleted: true });
      return { status: 204 };
    default: {
      const parsed = v2Body.safeParse(request.body);
      if (!parsed.success) return { status: 400, errors: ['no data provided'] };
      const cas = parsed.data.options?.cas;
      if (cas !== undefined && cas !== (entry?.version ?? 0)) {
        return { status: 400, errors: ['check-and-set parameter did not match the current version'] };
      }
      const next: SecretEntry = {
        value: parsed.data.data,
        version: (entry?.version ?? 0) + 1,
        createdAt: request.nowIso,
        deleted: false,
      };
      await store.put(key, next);
      return { status: 200, data: versionOf(next) };
    }
  }
}

function versionTwoRead(entry: SecretEntry | undefined): KvAnswer {
  if (entry === undefined) return NOTHING;
  // A deleted version is a 404 that still tells its metadata.
  if (entry.deleted) return { status: 404, data: { data: null, metadata: versionOf(entry) } };
  return { status: 200, data: { data: entry.value, metadata: versionOf(entry) } };
}

function versionOf(entry: SecretEntry): Readonly<Record<string, unknown>> {
  return {
    created_time: entry.createdAt,
    custom_metadata: null,
    deletion_time: entry.deleted ? entry.createdAt : '',
    destroyed: false,
    version: entry.version,
  };
}

async function metadata(store: DevVaultStore, request: KvRequest): Promise<KvAnswer> {
  const key = `secret/${request.path}`;
  switch (request.method) {
    case 'LIST':
      return listed(store.list(key));
    case 'GET': {
      const entry = store.get(key);
      if (entry === undefined) return NOTHING;
      return { status: 200, data: { current_version: entry.version, versions: { [entry.version]: versionOf(entry) } } };
    }
    case 'DELETE':
      await store.remove(key);
      return { status: 204 };
    default:
      return { status: 405, errors: ['unsupported operation'] };
  }
}

function listed(keys: readonly string[]): KvAnswer {
  return keys.length === 0 ? NOTHING : { status: 200, data: { keys } };
}
