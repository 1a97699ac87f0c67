// A control plane on a chosen database, and people and agents that talk to it through real sockets.
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, inject, onTestFinished } from 'vitest';
import { z } from 'zod';
import {
  type ControlPlane,
  type ControlPlaneOptions,
  startControlPlane,
} from '../../src/control-plane/control-plane.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { signBody } from '../../src/protocol/signature.ts';

export type DatabaseKind = 'pglite' | 'postgres';
const KINDS: readonly DatabaseKind[] = ['pglite', 'postgres'];

/** A fresh PostgreSQL database on the server of the test run. */
export async function freshPostgres(): Promise<string> {
  const url = new URL(inject('postgresUrl'));
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  const name = `contract_${randomUUID().replaceAll('-', '')}`;
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  url.pathname = `/${name}`;
  return url.href;
}

export async function startOn(kind: DatabaseKind, options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  return startControlPlane(kind === 'postgres' ? { databaseUrl: await freshPostgres(), ...options } : options);
}

interface Shared {
  world: Promise<World> | undefined;
}
const sharedWorlds = new Map<unknown, Readonly<Record<DatabaseKind, Shared>>>();

/**
 * Runs the same tests on both databases. Those of one file with the same options, or with none, share a control plane for each database,
 * because an embedded database takes more than a second to start; every test has agents of its own.
 */
export function onBothDatabases(
  title: string,
  options: ControlPlaneOptions,
  tests: (world: () => World, kind: DatabaseKind) => void,
): void {
  const key = Object.keys(options).length === 0 ? 'no options' : options;
  const worlds = sharedWorlds.get(key) ?? { pglite: { world: undefined }, postgres: { world: undefined } };
  sharedWorlds.set(key, worlds);
  for (const kind of KINDS) {
    const shared = worlds[kind];
    // Outside of the describe: at the end of the file.
    afterAll(async () => {
      const { world } = shared;
      shared.world = undefined;
      await (await world)?.controlPlane.stop();
    });
    describe(`${title} on ${kind}`, () => {
      let world: World | undefined;
      beforeAll(async () => {
        shared.world ??= startOn(kind, options).then((controlPlane) => World.around(controlPlane));
        world = await shared.world;
      });
      tests(() => {
        if (world === undefined) throw new Error('the control plane has not started');
        return world;
      }, kind);
    });
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; a test that expects another shape than an object fails here. */
  readonly body: Readonly<Record<string, unknown>>;
}

const anyObject = z.record(z.string(), z.unknown());

export async function send(
  url: string,
  init: { method?: string; body?: string | Buffer; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Answer> {
  const { body, ...rest } = init;
  const answer = await fetch(url, {
    ...rest,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
  });
  const text = await answer.text();
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    body: text === '' ? {} : anyObject.parse(JSON.parse(text)),
  };
}

const JSON_TYPE = { 'content-type': 'application/json' };

export interface Person {
  readonly userId: string;
  readonly token: string;
}

export const FINGERPRINT = { hostname: 'host-1', os: 'debian 12', arch: 'x64', cpu_count: 2, ram_mb: 2048 };

export class World {
  readonly controlPlane: ControlPlane;
  readonly owner: Person;

  private constructor(controlPlane: ControlPlane, owner: Person) {
    this.controlPlane = controlPlane;
    this.owner = owner;
  }

  static async around(controlPlane: ControlPlane): Promise<World> {
    return new World(controlPlane, await newPerson(controlPlane));
  }

  async post(path: string, body: unknown, token?: string): Promise<Answer> {
    const headers = { ...JSON_TYPE, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
    return send(this.controlPlane.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  async get(path: string, token = this.owner.token): Promise<Answer> {
    return send(this.controlPlane.url + path, { headers: { authorization: `Bearer ${token}` } });
  }

  async admin(path: string, body: unknown = {}): Promise<Answer> {
    return this.post(`/api/v1/admin/${path}`, body, this.controlPlane.adminToken);
  }

  async mint(more: Readonly<Record<string, unknown>> = {}): Promise<{ purchase_token: string; id: string }> {
    const answer = await this.admin('purchase-tokens', { stack_id: 'stack-1', user_id: this.owner.userId, ...more });
    return z.object({ purchase_token: z.string(), id: z.string() }).parse(answer.body);
  }

  async registerWith(purchaseToken: string, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return this.post('/api/v1/marketplace/agents/register', {
      purchase_token: purchaseToken,
      server_fingerprint: FINGERPRINT,
      stack_id: 'stack-1',
      ...more,
    });
  }

  /** A freshly registered agent on a server of its own. */
  async newAgent(): Promise<TestAgent> {
    const { purchase_token } = await this.mint();
    return TestAgent.from(this.controlPlane.url, await this.registerWith(purchase_token));
  }

  async enqueue(
    deploymentHash: string,
    type = 'list_containers',
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    const body = { deployment_hash: deploymentHash, command_type: type, ...more };
    const answer = await this.post('/api/v1/agent/commands/enqueue', body, this.owner.token);
    return z.object({ item: z.object({ command_id: z.string() }) }).parse(answer.body).item.command_id;
  }

  async command(deploymentHash: string, commandId: string): Promise<Readonly<Record<string, unknown>>> {
    const answer = await this.get(`/api/v1/commands/${deploymentHash}/${commandId}`);
    return anyObject.parse(answer.body['item']);
  }

  async cancel(deploymentHash: string, commandId: string): Promise<Answer> {
    return this.post(`/api/v1/commands/${deploymentHash}/${commandId}/cancel`, {}, this.owner.token);
  }
}

export async function newPerson(controlPlane: ControlPlane): Promise<Person> {
  const answer = await send(`${controlPlane.url}/api/v1/admin/users`, {
    method: 'POST',
    headers: { ...JSON_TYPE, authorization: `Bearer ${controlPlane.adminToken}` },
    body: '{}',
  });
  const { user_id, user_token } = z.object({ user_id: z.string(), user_token: z.string() }).parse(answer.body);
  return { userId: user_id, token: user_token };
}

const registered = z.object({ agent_id: z.string(), agent_token: z.string(), deployment_hash: z.string() });

const waitAnswer = z.object({
  item: z.object({ command_id: z.string() }).nullish(),
  meta: z.object({ cancel: z.array(z.string()).optional() }).optional(),
});

export interface PollAnswer extends Answer {
  readonly commandId: string | null;
  /** Undefined when the answer does not say. */
  readonly cancel: readonly string[] | undefined;
}

export class TestAgent {
  readonly url: string;
  readonly agentId: string;
  readonly deploymentHash: string;
  token: string;

  constructor(url: string, agentId: string, token: string, deploymentHash: string) {
    this.url = url;
    this.agentId = agentId;
    this.token = token;
    this.deploymentHash = deploymentHash;
  }

  static from(url: string, answer: Answer): TestAgent {
    const { agent_id, agent_token, deployment_hash } = registered.parse(answer.body);
    return new TestAgent(url, agent_id, agent_token, deployment_hash);
  }

  /** The same agent as seen by another process. */
  at(url: string): TestAgent {
    return new TestAgent(url, this.agentId, this.token, this.deploymentHash);
  }

  headers(body = ''): Record<string, string> {
    return {
      'x-agent-id': this.agentId,
      authorization: `Bearer ${this.token}`,
      'x-timestamp': String(Math.floor(Date.now() / 1000)),
      'x-request-id': randomUUID(),
      'x-agent-signature': signBody(this.token, Buffer.from(body)),
    };
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return send(this.url + path, { headers: { ...this.headers(), ...headers } });
  }

  async post(path: string, body: unknown): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return send(this.url + path, { method: 'POST', headers: { ...JSON_TYPE, ...this.headers(text) }, body: text });
  }

  /** `working`: the header with which an agent keeps leases; `instance`: which process of it polls. */
  async poll(timeoutSeconds = 5, signal?: AbortSignal, working?: string, instance?: string): Promise<PollAnswer> {
    const url = `${this.url}/api/v1/agent/commands/wait/${this.deploymentHash}?timeout=${timeoutSeconds}&interval=1`;
    const headers = {
      ...this.headers(),
      ...(working === undefined ? {} : { 'x-agent-working': working }),
      ...(instance === undefined ? {} : { 'x-agent-instance': instance }),
    };
    const answer = await send(url, { headers, ...(signal === undefined ? {} : { signal }) });
    const { item, meta } = waitAnswer.parse(answer.body);
    return { ...answer, commandId: item?.command_id ?? null, cancel: meta?.cancel };
  }

  async report(commandId: string, more: Readonly<Record<string, unknown>> = {}): Promise<Answer> {
    return this.post('/api/v1/agent/commands/report', {
      command_id: commandId,
      deployment_hash: this.deploymentHash,
      status: 'success',
      command_status: 'completed',
      result: { ok: true },
      error: null,
      completed_at: '2026-01-09T00:00:00Z',
      ...more,
    });
  }
}

/** Whether a poll that starts now is still waiting after `ms`; it then hangs up. */
export async function findsNothing(agent: TestAgent, working?: string, ms = 300): Promise<boolean> {
  const hangUp = new AbortController();
  const poll = agent.poll(30, hangUp.signal, working).then(
    () => false,
    () => hangUp.signal.aborted,
  );
  const waited = pause(ms).then(() => hangUp.abort());
  const nothing = await poll;
  await waited;
  return nothing;
}

/** A folder that is removed when the test ends. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'control-plane-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export function pause(ms: number): Promise<void> {
  return systemClock.sleep(ms);
}
