// Agents and their deployments as rows: who exists, whose it is, what it can do, when it was last heard of.
import { z } from 'zod';
import type { Clock } from '../../platform/clock.ts';
import type { Random } from '../../platform/random.ts';
import { problem } from '../http/problem.ts';
import type { Database, Sql } from '../store/sql.ts';
import { type PurchaseToken, serverIdentity } from './purchase-tokens.ts';

/** An agent without a heartbeat for longer is offline (PROTOCOL.md §1.11). */
const OFFLINE_AFTER_MS = 300_000;
/** Who an agent is never changes, so it is kept; what it can do is always read. */
const KNOWN_MAX_COUNT = 50_000;

const agentRow = z.object({
  id: z.string(),
  deployment_hash: z.string(),
  version: z.string().nullable(),
  capabilities: z.array(z.string()),
  system_info: z.record(z.string(), z.unknown()),
  last_heartbeat: z.date().nullable(),
});
export type AgentRow = z.infer<typeof agentRow>;
const AGENT_COLUMNS = 'id, deployment_hash, version, capabilities, system_info, last_heartbeat';

const deploymentRow = z.object({ deployment_hash: z.string(), user_id: z.string() });
const hashRow = z.object({ deployment_hash: z.string() });
const placeRow = z.object({
  agent_id: z.string(),
  deployment_hash: z.string(),
  server_identity: z.string().nullable(),
});
const idRow = z.object({ id: z.string() });

export interface Announcement {
  readonly capabilities: readonly string[];
  readonly systemInfo: Readonly<Record<string, unknown>>;
  readonly version: string | undefined;
}

export interface Identity {
  readonly agentId: string;
  readonly deploymentHash: string;
}

export class Agents {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #known = new Map<string, string>();

  constructor(database: Database, clock: Clock, random: Random) {
    this.#database = database;
    this.#clock = clock;
    this.#random = random;
  }

  async createDeployment(userId: string, stackId: string | undefined): Promise<string> {
    const hash = `dep_${this.#hex()}`;
    await this.#insertDeployment(this.#database, { hash, userId, stackId, purchaseTokenId: null, identity: null });
    return hash;
  }

  /** The deployment's owner, or undefined for an unknown hash. */
  async ownerOf(deploymentHash: string): Promise<string | undefined> {
    const [row] = await this.#database.query(
      deploymentRow,
      'SELECT deployment_hash, user_id FROM deployments WHERE deployment_hash = $1',
      [deploymentHash],
    );
    return row?.user_id;
  }

  /** The deployment an agent belongs to, or undefined for an unknown agent. */
  async deploymentOf(agentId: string): Promise<string | undefined> {
    const known = this.#known.get(agentId);
    if (known !== undefined) return known;
    const [row] = await this.#database.query(hashRow, 'SELECT deployment_hash FROM agents WHERE id = $1', [agentId]);
    if (row === undefined) return undefined;
    if (this.#known.size >= KNOWN_MAX_COUNT) this.#known.clear();
    this.#known.set(agentId, row.deployment_hash);
    return row.deployment_hash;
  }

  async byDeployment(deploymentHash: string): Promise<AgentRow | undefined> {
    const text = `SELECT ${AGENT_COLUMNS} FROM agents WHERE deployment_hash = $1`;
    return (await this.#database.query(agentRow, text, [deploymentHash]))[0];
  }

  isOnline(agent: AgentRow): boolean {
    return agent.last_heartbeat !== null && this.#clock.now() - agent.last_heartbeat.getTime() <= OFFLINE_AFTER_MS;
  }

  /**
   * The identity of a server that holds a claimed purchase token: the one it already has, or a new one while the token admits more
   * servers. Runs inside the transaction that claimed the token. Fault purchase_token_used_up.
   */
  async admit(
    sql: Sql,
    token: PurchaseToken,
    fingerprint: Readonly<Record<string, unknown>>,
  ): Promise<Identity & { readonly created: boolean }> {
    const places = await sql.query(
      placeRow,
      `SELECT agents.id AS agent_id, deployments.deployment_hash, deployments.server_identity
       FROM deployments JOIN agents USING (deployment_hash) WHERE deployments.purchase_token_id = $1`,
      [token.id],
    );
    const identity = serverIdentity(fingerprint);
    const mine = places.find((place) => place.server_identity === identity);
    if (mine !== undefined) return { agentId: mine.agent_id, deploymentHash: mine.deployment_hash, created: false };
    if (places.length >= token.max_servers) {
      const message = `this purchase token is for ${token.max_servers} server(s) and all are registered: use one of them, or ask the seller`;
      throw problem('purchase_token_used_up', message);
    }
    const hash = `mkt_${this.#hex()}`;
    await this.#insertDeployment(sql, {
      hash,
      userId: token.user_id,
      stackId: token.stack_id,
      purchaseTokenId: token.id,
      identity,
    });
    const agentId = await this.#insertAgent(sql, hash, {
      capabilities: [],
      systemInfo: fingerprint,
      version: undefined,
    });
    if (agentId === undefined) throw new Error(`the new deployment ${hash} has an agent already`);
    return { agentId, deploymentHash: hash, created: true };
  }

  /** A first agent for a deployment that has none, or undefined if it has one: two registrations at once make one agent. */
  async create(deploymentHash: string, announced: Announcement): Promise<string | undefined> {
    return this.#insertAgent(this.#database, deploymentHash, announced);
  }

  async announce(agentId: string, announced: Announcement): Promise<void> {
    await this.#database.execute(
      `UPDATE agents SET capabilities = $2::jsonb, system_info = $3::jsonb, version = $4, updated_at = $5::timestamptz WHERE id = $1`,
      [agentId, ...this.#announcementValues(announced)],
    );
  }

  async #insertAgent(sql: Sql, deploymentHash: string, announced: Announcement): Promise<string | undefined> {
    const [row] = await sql.query(
      idRow,
      `INSERT INTO agents (id, capabilities, system_info, version, created_at, updated_at, deployment_hash)
       VALUES ($1, $2::jsonb, $3::jsonb, $4, $5::timestamptz, $5::timestamptz, $6)
       ON CONFLICT (deployment_hash) DO NOTHING RETURNING id`,
      [this.#random.uuid(), ...this.#announcementValues(announced), deploymentHash],
    );
    return row?.id;
  }

  #announcementValues(announced: Announcement): readonly (string | null)[] {
    return [
      JSON.stringify(announced.capabilities),
      JSON.stringify(announced.systemInfo),
      announced.version ?? null,
      this.#now(),
    ];
  }

  async #insertDeployment(sql: Sql, deployment: NewDeployment): Promise<void> {
    await sql.execute(
      `INSERT INTO deployments (deployment_hash, user_id, stack_id, purchase_token_id, server_identity, created_at)
       VALUES ($1, $2, $3, $4, $5, $6::timestamptz)`,
      [
        deployment.hash,
        deployment.userId,
        deployment.stackId ?? null,
        deployment.purchaseTokenId,
        deployment.identity,
        this.#now(),
      ],
    );
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }

  // A hash alone lets the first agent of a deployment register, so it must not be guessable.
  #hex(): string {
    return this.#random.uuid().replaceAll('-', '');
  }
}

interface NewDeployment {
  readonly hash: string;
  readonly userId: string;
  readonly stackId: string | undefined;
  readonly purchaseTokenId: string | null;
  readonly identity: string | null;
}
