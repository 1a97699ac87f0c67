// A proxy of the tests' own between agent and control plane: it records reports, and does to requests and answers what networks do.
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';

export type NetworkFault =
  /** The request never arrives. */
  | { readonly kind: 'drop-request' }
  /** The server does its work, the answer never arrives. */
  | { readonly kind: 'drop-answer' }
  /** The answer breaks off in the middle of its body. */
  | { readonly kind: 'truncate' }
  | { readonly kind: 'reset' }
  /** A poll is answered with a command that was delivered before, as a server does whose queue did not take note of it; `fraction` chooses. */
  | { readonly kind: 'deliver-again'; readonly fraction: number }
  | { readonly kind: 'delay'; readonly ms: number };

export interface Passage {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

/** Deliveries that can be repeated: long after the command is over, too. */
const DELIVERIES_MAX_COUNT = 300;

export class FaultProxy implements AsyncDisposable {
  /** Body of every report that reached the server. */
  readonly reports: string[] = [];
  readonly provoked = new Map<NetworkFault['kind'], number>();
  /** Chooses what happens to a request; undefined lets it pass. */
  plan: (passage: Passage) => NetworkFault | undefined = () => undefined;
  /** Answers to polls that brought a command and arrived whole. */
  readonly #deliveries: string[] = [];
  readonly #target: URL;
  readonly #server: Server;
  #url = '';

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((request, response) => {
      this.#pass(request, response).catch(() => response.destroy());
    });
  }

  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    proxy.#url = `http://127.0.0.1:${address.port}`;
    return proxy;
  }

  get url(): string {
    return this.#url;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const passage = { method: request.method ?? '', path: request.url ?? '', body: body.toString('utf8') };
    const fault = this.#faultOf(passage);
    if (fault !== undefined) this.provoked.set(fault.kind, (this.provoked.get(fault.kind) ?? 0) + 1);
    if (fault?.kind === 'drop-request') {
      response.destroy();
      return;
    }
    if (fault?.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'deliver-again') {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(this.#deliveries[Math.floor(fault.fraction * this.#deliveries.length)]);
      return;
    }
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (passage.path.endsWith('/commands/report')) this.reports.push(passage.body);
    this.#forward(request, body, response, fault);
  }

  #faultOf(passage: Passage): NetworkFault | undefined {
    const fault = this.plan(passage);
    const possible = isPoll(passage.path) && this.#deliveries.length > 0;
    return fault?.kind === 'deliver-again' && !possible ? undefined : fault;
  }

  #remember(answer: IncomingMessage): void {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      if (body.includes('"command_id"')) this.#deliveries.push(body);
      if (this.#deliveries.length > DELIVERIES_MAX_COUNT) this.#deliveries.shift();
    });
  }

  #forward(request: IncomingMessage, body: Buffer, response: ServerResponse, fault: NetworkFault | undefined): void {
    const onward = httpRequest(
      {
        host: this.#target.hostname,
        port: this.#target.port,
        method: request.method,
        path: request.url,
        headers: request.headers,
      },
      (answer) => {
        if (fault?.kind === 'drop-answer') {
          answer.resume();
          answer.on('end', () => response.destroy());
          return;
        }
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        if (fault?.kind === 'truncate') {
          answer.once('data', (chunk: Buffer) => {
            response.write(chunk.subarray(0, Math.max(chunk.length >> 1, 1)), () => response.destroy());
          });
          answer.resume();
          return;
        }
        if (isPoll(request.url ?? '')) this.#remember(answer);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    // A client that leaves takes its request along, as it would without a proxy between.
    response.on('close', () => onward.destroy());
    onward.end(body);
  }
}

function isPoll(path: string): boolean {
  return path.includes('/commands/wait/');
}
