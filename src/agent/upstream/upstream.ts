// The control plane as the worker sees it: wait for a command, hand in a report. Signs, sends, and says what the answer means.
import type { Clock } from '../../platform/clock.ts';
import { Fault } from '../../platform/fault.ts';
import type { Random } from '../../platform/random.ts';
import { HEADER, INSTANCE_HEADER, WORKING_HEADER, workingHeader } from '../../protocol/headers.ts';
import type { AgentRegisterRequest } from '../../protocol/registration.ts';
import { isAcceptance } from '../../protocol/report.ts';
import { pathOf, ROUTE } from '../../protocol/routes.ts';
import { signBody } from '../../protocol/signature.ts';
import { parseSnapshot, SNAPSHOT_COMMANDS_COUNT, type SnapshotCommand } from '../../protocol/snapshot.ts';
import { parseWaitAnswer, type WaitAnswer } from '../../protocol/wait.ts';
import type { Credentials } from '../credentials/credentials.ts';
import { classify, type Verdict } from './classify.ts';
import type { HttpAnswer, HttpClient } from './http-client.ts';
import { parseRetryAfterMs } from './retry-policy.ts';
import type { ServerClock } from './server-clock.ts';

/** Why a request did not end as it should; `retryAfterMs` when the server asked for patience. */
export interface Refusal {
  readonly kind: 'unreachable' | 'unauthorized' | 'forbidden' | 'try-later' | 'rejected';
  readonly reason: string;
  readonly retryAfterMs: number | undefined;
  /** Of the answer, when there was one. */
  readonly status?: number | undefined;
}

export type Poll = WaitAnswer | Refusal;
export type Delivery = { readonly kind: 'accepted' } | Refusal;

export type Snapshot = { readonly kind: 'commands'; readonly commands: readonly SnapshotCommand[] } | Refusal;

export interface Upstream {
  /**
   * One long poll; `working` are the commands in hand. Rejects only when `signal` aborts. `onAnswered`, here and below, is called when the
   * server's part is done: if it refused the token, that may be read again before this resolves.
   */
  wait(working: readonly string[], signal: AbortSignal, onAnswered?: () => void): Promise<Poll>;
  /** One attempt to hand in a report; `body` is sent and signed as it is. */
  report(body: string, signal: AbortSignal, onAnswered?: () => void): Promise<Delivery>;
  /** The newest commands of this deployment, as the server sees them. */
  snapshot(signal: AbortSignal): Promise<Snapshot>;
  /** Tells the server what this agent can do now. */
  announce(request: AgentRegisterRequest, signal: AbortSignal): Promise<Delivery>;
}

export interface UpstreamOptions {
  /** For polls alone: nothing that goes wrong elsewhere may touch the open one. */
  readonly pollClient: HttpClient;
  /** For everything else. */
  readonly client: HttpClient;
  readonly credentials: Credentials;
  readonly agentId: string;
  readonly deploymentHash: string;
  readonly pollTimeoutSeconds: number;
  readonly pollIntervalSeconds: number;
  readonly serverClock: ServerClock;
  readonly clock: Clock;
  readonly random: Random;
}

/** How much longer than the poll itself an answer may take before the connection counts as dead. */
export const POLL_SLACK_MS = 6_000;
export const REPORT_DEADLINE_MS = 30_000;
/** Short, for the next poll waits for it. */
const SNAPSHOT_DEADLINE_MS = 3_000;

export class HttpUpstream implements Upstream {
  readonly #options: UpstreamOptions;
  readonly #waitPath: string;
  readonly #snapshotPath: string;
  readonly #instance: string;

  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.#instance = options.random.uuid();
    const query = `timeout=${options.pollTimeoutSeconds}&interval=${options.pollIntervalSeconds}`;
    const parameters = { deployment_hash: options.deploymentHash };
    this.#waitPath = `${pathOf(ROUTE.wait, parameters)}?${query}`;
    this.#snapshotPath = `${pathOf(ROUTE.snapshot, parameters)}?command_limit=${SNAPSHOT_COMMANDS_COUNT}`;
  }

  async wait(working: readonly string[], signal: AbortSignal, onAnswered?: () => void): Promise<Poll> {
    const deadlineMs = this.#options.pollTimeoutSeconds * 1000 + POLL_SLACK_MS;
    const { value, complete } = workingHeader(working);
    const inHand: Readonly<Record<string, string>> = {
      // Only who names everything in hand may call the rest lost.
      ...(complete ? { [INSTANCE_HEADER]: this.#instance } : {}),
      ...(value === '' ? {} : { [WORKING_HEADER]: value }),
    };
    const exchange = await this.#send('GET', this.#waitPath, undefined, deadlineMs, signal, inHand, onAnswered);
    if (exchange.refusal !== undefined) return exchange.refusal;
    if (exchange.answer.status === 204) return { kind: 'nothing', superseded: false, cancel: [] };
    const body = parseJson(exchange.answer.body);
    return body === undefined ? NOT_JSON : parseWaitAnswer(body);
  }

  async report(body: string, signal: AbortSignal, onAnswered?: () => void): Promise<Delivery> {
    const bytes = Buffer.from(body);
    const exchange = await this.#send('POST', ROUTE.report, bytes, REPORT_DEADLINE_MS, signal, {}, onAnswered);
    if (exchange.refusal !== undefined) return exchange.refusal;
    const answer = parseJson(exchange.answer.body);
    if (answer === undefined) return NOT_JSON;
    if (isAcceptance(answer)) return { kind: 'accepted' };
    return {
      kind: 'try-later',
      reason: 'the answer does not say that the report was accepted',
      retryAfterMs: undefined,
    };
  }

  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const exchange = await this.#send('GET', this.#snapshotPath, undefined, SNAPSHOT_DEADLINE_MS, signal);
    if (exchange.refusal !== undefined) return exchange.refusal;
    const body = parseJson(exchange.answer.body);
    if (body === undefined) return NOT_JSON;
    const commands = parseSnapshot(body);
    if (commands !== undefined) return { kind: 'commands', commands };
    return { kind: 'rejected', reason: 'the answer is not a snapshot of a deployment', retryAfterMs: undefined };
  }

  async announce(request: AgentRegisterRequest, signal: AbortSignal): Promise<Delivery> {
    const body = Buffer.from(JSON.stringify(request));
    const exchange = await this.#send('POST', ROUTE.agentRegister, body, REPORT_DEADLINE_MS, signal);
    if (exchange.refusal !== undefined) return exchange.refusal;
    return parseJson(exchange.answer.body) === undefined ? NOT_JSON : { kind: 'accepted' };
  }

  async #send(
    method: 'GET' | 'POST',
    path: string,
    body: Buffer | undefined,
    deadlineMs: number,
    signal: AbortSignal,
    more: Readonly<Record<string, string>> = {},
    onAnswered?: () => void,
  ): Promise<{ readonly answer: HttpAnswer; readonly refusal: undefined } | { readonly refusal: Refusal }> {
    const { credentials, serverClock } = this.#options;
    const client = path === this.#waitPath ? this.#options.pollClient : this.#options.client;
    const { token } = credentials;
    try {
      const headers = { ...this.#headers(token, body), ...more };
      const answer = await client.request(
        { method, path, headers, deadlineMs, ...(body === undefined ? {} : { body }) },
        signal,
      );
      onAnswered?.();
      serverClock.observe(answer.headers['date']);
      const verdict = classify(answer.status, answer.body);
      if (verdict.kind === 'accepted') return { answer, refusal: undefined };
      if (verdict.kind === 'unauthorized') await credentials.refused(token, signal);
      return { refusal: refusalOf(verdict, answer, serverClock.now()) };
    } catch (error) {
      if (signal.aborted || !(error instanceof Fault)) throw error;
      return { refusal: { kind: 'unreachable', reason: error.message, retryAfterMs: undefined } };
    }
  }

  #headers(token: string, body: Buffer | undefined): Readonly<Record<string, string>> {
    const { agentId, random, serverClock } = this.#options;
    return {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      [HEADER.authorization]: `Bearer ${token}`,
      [HEADER.agentId]: agentId,
      [HEADER.timestamp]: String(Math.floor(serverClock.now() / 1000)),
      [HEADER.requestId]: random.uuid(),
      [HEADER.signature]: signBody(token, body),
    };
  }
}

// A proxy's page with status 200, or an answer cut off in the middle: another try is all there is.
const NOT_JSON: Refusal = {
  kind: 'try-later',
  reason: 'the answer is not JSON: something between here and the control plane answers in its place',
  retryAfterMs: undefined,
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusalOf(verdict: Exclude<Verdict, { kind: 'accepted' }>, answer: HttpAnswer, nowMs: number): Refusal {
  return {
    kind: verdict.kind,
    reason: verdict.reason,
    status: answer.status,
    retryAfterMs: parseRetryAfterMs(answer.headers['retry-after'], nowMs),
  };
}
