// A gate before a control plane that answers chosen reports itself, as a server that will not have them does.
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';

export interface Refusal {
  readonly status: number;
  readonly body: string;
}

export interface Handed {
  readonly body: string;
  readonly refusedWith: number | undefined;
}

export class ReportGate implements AsyncDisposable {
  /** Every report, in the order in which it was handed in. */
  readonly handed: Handed[] = [];
  /** Undefined lets a report pass. */
  refuses: (body: string) => Refusal | undefined = () => undefined;
  readonly #target: URL;
  readonly #server = createServer((request, response) => {
    this.#pass(request, response).catch(() => response.destroy());
  });

  private constructor(target: string) {
    this.#target = new URL(target);
  }

  static async start(target: string): Promise<ReportGate> {
    const gate = new ReportGate(target);
    await new Promise<void>((resolve) => gate.#server.listen(0, '127.0.0.1', resolve));
    return gate;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return `http://127.0.0.1:${address.port}`;
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
    if (request.url?.endsWith('/commands/report') === true) {
      const refusal = this.refuses(body.toString('utf8'));
      this.handed.push({ body: body.toString('utf8'), refusedWith: refusal?.status });
      if (refusal !== undefined) {
        response.writeHead(refusal.status, { 'content-type': 'application/json' });
        response.end(refusal.body);
        return;
      }
    }
    const onward = httpRequest(
      {
        host: this.#target.hostname,
        port: this.#target.port,
        method: request.method,
        path: request.url,
        headers: request.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end(body);
  }
}
