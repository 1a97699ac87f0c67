// The edge to HTTP: one request, one answer, with a deadline for the whole, a limit for its size and no surprises.
import { readFileSync } from 'node:fs';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import { abortable } from '../../platform/abortable.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, Fault } from '../../platform/fault.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query, percent-encoded. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly deadlineMs: number;
}

export interface Download extends Omit<HttpRequest, 'method' | 'body'> {
  /** How long nothing may come, within the deadline for all of it: a line that is slow is not one that is dead. */
  readonly stallMs: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpClientOptions {
  readonly origin: string;
  readonly clock: Clock;
  readonly connections: number;
  readonly answerMaxBytes: number;
  /** PEM file with the certificate authorities to trust instead of Node's own. */
  readonly caFile?: string | undefined;
  /** Unix socket that leads to the origin's host and port, in place of the network. What goes through it is the same, TLS included. */
  readonly socketPath?: string | undefined;
  /** URL of an HTTP proxy to go through, by a tunnel: it sees host and port, and nothing of what is said over TLS. */
  readonly proxy?: string | undefined;
}

const CONNECT_DEADLINE_MS = 10_000;
/** Below the production server's 5 s, or a socket is written to while the server closes it (PROTOCOL.md §0). */
const KEEP_ALIVE_MS = 4_000;
const STALL_CODES = new Set<unknown>(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
/** How long an aborted request may take to end by itself. */
const SETTLE_MS = 100;

export class HttpClient implements AsyncDisposable {
  readonly #options: HttpClientOptions;
  #pool: Dispatcher;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#pool = openPool(options);
  }

  /**
   * Throws Fault unreachable when no complete answer came, with the cause in its message, or the signal's reason when `signal` aborts.
   * Never follows a redirect.
   */
  async request(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const { clock, origin } = this.#options;
    using deadline = clock.deadline(request.deadlineMs, signal);
    const exchange = new Exchange(this.#exchange(this.#pool, request, deadline.signal));
    try {
      return await abortable(exchange.answer, deadline.signal, () => this.#letGo(exchange, this.#pool));
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const reason = deadline.signal.aborted
        ? `no complete answer within ${request.deadlineMs} ms`
        : describeError(error);
      throw new Fault('unreachable', `${origin}: ${reason}`, { cause: error });
    }
  }

  /**
   * GETs a body of up to `maxBytes` and hands each piece to `take` as it comes, only when the status is 200; any other answer is returned
   * with its text as {@link request} does. Faults unreachable, also when nothing comes for the request's `stallMs`, and answer_too_large.
   */
  async download(
    request: Download,
    maxBytes: number,
    take: (piece: Buffer) => Promise<void>,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    using deadline = this.#options.clock.deadline(request.deadlineMs, signal);
    try {
      const { path, headers, stallMs } = request;
      const answer = await this.#pool.request({
        origin: this.#options.origin,
        method: 'GET',
        path,
        headers,
        headersTimeout: stallMs,
        bodyTimeout: stallMs,
        signal: deadline.signal,
      });
      const rest = { status: answer.statusCode, headers: flat(answer.headers) };
      if (answer.statusCode !== 200) return { ...rest, body: await this.#text(answer.body) };
      let sizeBytes = 0;
      for await (const piece of answer.body) {
        if (!Buffer.isBuffer(piece)) continue;
        sizeBytes += piece.length;
        if (sizeBytes > maxBytes) throw new Fault('answer_too_large', `what it sends is larger than ${maxBytes} bytes`);
        await take(piece);
      }
      return { ...rest, body: '' };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (error instanceof Fault) throw error;
      const reason = deadline.signal.aborted
        ? `not all of it came within ${request.deadlineMs} ms`
        : isStall(error)
          ? `nothing came for ${request.stallMs} ms`
          : describeError(error);
      throw new Fault('unreachable', `${this.#options.origin}: ${reason}`, { cause: error });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy();
  }

  async #exchange(pool: Dispatcher, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer> {
    const answer = await pool.request({
      origin: this.#options.origin,
      method: request.method,
      path: request.path,
      headers: request.headers,
      body: request.body ?? null,
      signal,
    });
    return { status: answer.statusCode, headers: flat(answer.headers), body: await this.#text(answer.body) };
  }

  // A request that is queued behind a connection being made does not see its signal, and that connection may never be made: then the pool
  // is of no use to anybody.
  #letGo(exchange: Exchange, pool: Dispatcher): void {
    void this.#replaceIfStuck(exchange, pool);
  }

  async #replaceIfStuck(exchange: Exchange, pool: Dispatcher): Promise<void> {
    await this.#options.clock.sleep(SETTLE_MS);
    if (exchange.settled || this.#pool !== pool) return;
    this.#pool = openPool(this.#options);
    await pool.destroy();
  }

  async #text(body: AsyncIterable<unknown>): Promise<string> {
    const { answerMaxBytes } = this.#options;
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) continue;
      sizeBytes += chunk.length;
      if (sizeBytes > answerMaxBytes) throw new Error(`the answer is larger than ${answerMaxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

/** A request under way, and whether it has ended. */
class Exchange {
  settled = false;
  readonly answer: Promise<HttpAnswer>;

  constructor(answer: Promise<HttpAnswer>) {
    this.answer = answer.finally(() => {
      this.settled = true;
    });
    // It may end when nobody waits for it any more.
    this.answer.catch(() => undefined);
  }
}

function openPool(options: HttpClientOptions): Dispatcher {
  const { origin, connections, proxy, socketPath } = options;
  const connect = { timeout: CONNECT_DEADLINE_MS, ...caOf(options.caFile) };
  const common = {
    connections,
    pipelining: 1,
    // Our own deadline covers a request from connect to last byte; undici's timers would only wake the process. A download sets its own.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
  };
  if (socketPath !== undefined) return new Pool(origin, { ...common, connect: { ...connect, socketPath } });
  if (proxy === undefined) return new Pool(origin, { ...common, connect });
  return new ProxyAgent({
    ...common,
    uri: proxy,
    // Also for http: without a tunnel all requests would share one connection, and wait for the poll.
    proxyTunnel: true,
    connectTimeout: CONNECT_DEADLINE_MS,
    requestTls: connect,
  });
}

function caOf(caFile: string | undefined): { readonly ca?: string } {
  if (caFile === undefined) return {};
  try {
    return { ca: readFileSync(caFile, 'utf8') };
  } catch (error) {
    throw new Fault('invalid_configuration', `ca_file: ${describeError(error)}`, { cause: error });
  }
}

function isStall(error: unknown): boolean {
  return error instanceof Error && 'code' in error && STALL_CODES.has(error.code);
}

function flat(headers: Readonly<Record<string, string | string[] | undefined>>): Readonly<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) entries.push([name, typeof value === 'string' ? value : value.join(', ')]);
  }
  return Object.fromEntries(entries);
}
