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
  | { readonly kind: 'delay'; readonly ms: number };

export interface Passage {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

export class FaultProxy implements AsyncDisposable {
  /** Body of every report that reached the server. */
  readonly reports: string[] = [];
  readonly provoked = new Map<NetworkFault['kind'], number>();
  /** Chooses what happens to a request; undefined lets it pass. */
  plan: (passage: Passage) => NetworkFault | undefined = () => undefined;
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
    const fault = this.plan(passage);
    if (fault !== undefined) this.provoked.set(fault.kind, (this.provoked.get(fault.kind) ?? 0) + 1);
    if (fault?.kind === 'drop-request') {
      response.destroy();
      return;
    }
    if (fault?.kind === 'reset') {
      response.socket?.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'delay') await new Promise((resolve) => setTimeout(resolve, fault.ms));
    if (passage.path.endsWith('/commands/report')) this.reports.push(passage.body);
    this.#forward(request, body, response, fault);
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
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    // A client that leaves takes its request along, as it would without a proxy between.
    response.on('close', () => onward.destroy());
    onward.end(body);
  }
}
