// A server on a real socket that does whatever a test wants, from an honest answer to bytes that are no HTTP.
import { createServer, type Server, type Socket } from 'node:net';

export class MisbehavingServer implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The bytes of each request that came, as text. */
  readonly requests: string[] = [];
  connections = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** `answer` is called once a request's head and body are there, as far as its Content-Length says. */
  static async start(answer: (socket: Socket, request: string) => void): Promise<MisbehavingServer> {
    const server = createServer();
    const misbehaving = new MisbehavingServer(server);
    server.on('connection', (socket) => misbehaving.#serve(socket, answer));
    const { promise, resolve } = Promise.withResolvers<void>();
    server.listen(0, '127.0.0.1', resolve);
    await promise;
    return misbehaving;
  }

  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  #serve(socket: Socket, answer: (socket: Socket, request: string) => void): void {
    this.connections += 1;
    this.#sockets.add(socket);
    let bytes = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      bytes += chunk.toString('latin1');
      const headEnd = bytes.indexOf('\r\n\r\n');
      const length = Number(/^content-length: (\d+)/imu.exec(bytes)?.[1] ?? 0);
      if (headEnd === -1 || bytes.length < headEnd + 4 + length) return;
      const request = bytes;
      bytes = '';
      this.requests.push(request);
      answer(socket, request);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }
}

export function answerText(body: string, head = '', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
