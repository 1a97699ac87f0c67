// Who sends a request: an agent by its signed headers, a user or the administrator by a bearer token.
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../platform/clock.ts';
import { HEADER, TIMESTAMP_TOLERANCE_SECONDS } from '../../protocol/headers.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { ReplayWindow } from '../../protocol/replay-window.ts';
import { equalInConstantTime, verifyBody } from '../../protocol/signature.ts';
import type { Agents, Identity } from '../registry/agents.ts';
import type { Users } from '../registry/users.ts';
import type { AgentTokens } from '../vault/agent-tokens.ts';
import { rawBody } from './body.ts';
import { problem } from './problem.ts';

export interface VerifiedAgent extends Identity {
  /** The current token, for an answer to the agent itself. */
  readonly token: string;
}

export type Caller =
  | { readonly kind: 'agent'; readonly agent: VerifiedAgent }
  | { readonly kind: 'user'; readonly userId: string }
  | { readonly kind: 'admin' };

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/iu;
const BEARER = /^Bearer ([\w.~+/=-]+)$/u;
const HEADER_MAX_CHARS = LIMITS.agentTokenMaxChars + 'Bearer '.length;

const SHOWN_NAME: Readonly<Record<keyof typeof HEADER, string>> = {
  agentId: 'X-Agent-Id',
  authorization: 'Authorization',
  timestamp: 'X-Timestamp',
  requestId: 'X-Request-Id',
  signature: 'X-Agent-Signature',
};
const AGENT_HEADERS = ['agentId', 'authorization', 'timestamp', 'requestId', 'signature'] as const;

export interface AuthenticatorParts {
  readonly agents: Agents;
  readonly users: Users;
  readonly agentTokens: AgentTokens;
  readonly replayWindow: ReplayWindow;
  readonly adminToken: string;
  readonly clock: Clock;
}

export class Authenticator {
  readonly #parts: AuthenticatorParts;

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts;
  }

  /**
   * Verifies what production ignores: bearer token, HMAC over the exact body bytes, freshness within 300 s and that the request id is
   * new (PROTOCOL.md §2.2). Faults of status 401, each with its own code; vault_unavailable when that cannot be told.
   */
  async agent(request: FastifyRequest): Promise<VerifiedAgent> {
    const headers = agentHeaders(request);
    const { agents, agentTokens, clock, replayWindow } = this.#parts;
    const deploymentHash = await agents.deploymentOf(headers.agentId);
    if (deploymentHash === undefined) {
      throw problem('unknown_agent', 'no such agent is registered here: check the server address, or register again');
    }
    const token = await agentTokens.verify(deploymentHash, headers.token);
    if (token === undefined)
      throw problem('invalid_token', 'this is not the current agent token: read it from Vault again');
    if (!verifyBody(token, rawBody(request), headers.signature)) {
      throw problem('invalid_signature', 'the signature does not fit the body: sign the exact bytes that are sent');
    }
    // Last, because it remembers the id: a request that is not the agent's must not use one up.
    const freshness = replayWindow.check(headers.agentId, headers.requestId, headers.timestamp, clock.now());
    switch (freshness) {
      case 'malformed':
        throw problem(
          'malformed_credentials',
          'X-Timestamp must be Unix seconds and X-Request-Id 8 to 64 of [A-Za-z0-9_-]',
        );
      case 'stale': {
        const now = new Date(clock.now()).toISOString();
        const message = `X-Timestamp is more than ${TIMESTAMP_TOLERANCE_SECONDS} s from the server's time ${now}: correct the clock`;
        throw problem('stale_timestamp', message);
      }
      case 'replayed':
        throw problem('replayed_request', 'this X-Request-Id was seen before: use a fresh one for every attempt');
      case 'fresh':
        return { agentId: headers.agentId, deploymentHash, token };
    }
  }

  /** As {@link agent}, and the deployment must be the agent's own: Fault wrong_deployment. */
  async agentOf(request: FastifyRequest, deploymentHash: string): Promise<VerifiedAgent> {
    const agent = await this.agent(request);
    if (agent.deploymentHash !== deploymentHash) throw notYours();
    return agent;
  }

  admin(request: FastifyRequest): void {
    if (!equalInConstantTime(bearer(request), this.#parts.adminToken)) {
      throw problem('invalid_token', 'this endpoint takes the administrator token: check which one is used');
    }
  }

  /** A user by the user token, or the administrator. */
  async person(request: FastifyRequest): Promise<Caller> {
    const token = bearer(request);
    if (equalInConstantTime(token, this.#parts.adminToken)) return { kind: 'admin' };
    const userId = await this.#parts.users.byToken(token);
    if (userId === undefined)
      throw problem('invalid_token', 'this user token is not known here: check which one is used');
    return { kind: 'user', userId };
  }

  /** A person who may see and command the deployment. Somebody else's and an unknown one look the same: deployment_not_found. */
  async personOf(request: FastifyRequest, deploymentHash: string): Promise<Caller> {
    const caller = await this.person(request);
    const owner = await this.#parts.agents.ownerOf(deploymentHash);
    if (owner === undefined || (caller.kind === 'user' && caller.userId !== owner)) {
      throw problem('deployment_not_found', 'you have no deployment with that hash: check it, and whose token is used');
    }
    return caller;
  }

  /** The deployment's own agent, its owner or the administrator. */
  async readerOf(request: FastifyRequest, deploymentHash: string): Promise<Caller> {
    if (!claimsToBeAgent(request)) return this.personOf(request, deploymentHash);
    return { kind: 'agent', agent: await this.agentOf(request, deploymentHash) };
  }
}

export function claimsToBeAgent(request: FastifyRequest): boolean {
  return request.headers[HEADER.agentId] !== undefined;
}

export function notYours(): Error {
  return problem(
    'wrong_deployment',
    'Not authorized for this deployment: use the deployment_hash that registration returned',
  );
}

interface AgentHeaders {
  readonly agentId: string;
  readonly token: string;
  readonly timestamp: string;
  readonly requestId: string;
  readonly signature: string;
}

function agentHeaders(request: FastifyRequest): AgentHeaders {
  const missing = AGENT_HEADERS.filter((name) => headerOf(request, HEADER[name]) === '');
  if (missing.length > 0) {
    throw problem('missing_credentials', `send ${missing.map((name) => SHOWN_NAME[name]).join(', ')}`);
  }
  const agentId = headerOf(request, HEADER.agentId);
  if (!UUID.test(agentId))
    throw problem('malformed_credentials', 'X-Agent-Id must be the UUID that registration returned');
  return {
    agentId: agentId.toLowerCase(),
    token: bearer(request),
    timestamp: headerOf(request, HEADER.timestamp),
    requestId: headerOf(request, HEADER.requestId),
    signature: headerOf(request, HEADER.signature),
  };
}

function bearer(request: FastifyRequest): string {
  const header = headerOf(request, HEADER.authorization);
  if (header === '') throw problem('missing_credentials', 'send Authorization: Bearer TOKEN');
  const token = BEARER.exec(header)?.[1];
  if (token === undefined)
    throw problem('malformed_credentials', 'Authorization must be "Bearer", one space and the token');
  return token;
}

function headerOf(request: FastifyRequest, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' && value.length <= HEADER_MAX_CHARS ? value : '';
}
