// Servers that do not behave as servers should, on real sockets: what an agent meets when its control plane, or something before it, is ill.
import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';

type Misbehave = (socket: Socket) => void;

const DRIP_EVERY_MS = 300;
/** Slower than a poll's own deadline allows, and a sign of life all the same. */
const SLOW_DRIP_EVERY_MS = 10_000;
const BOMB_BYTES = 256 * 1024 * 1024;
const HEADERS_BYTES = 10 * 1024 * 1024;
const CHUNK = Buffer.alloc(64 * 1024, 0x78);

const head = (more: string, status = '200 OK'): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n${more}\r\n`;
const whole = (body: string, status: string, more = ''): string =>
  head(`content-length: ${Buffer.byteLength(body)}\r\n${more}`, status) + body;

function drip(socket: Socket, piece: string, everyMs = DRIP_EVERY_MS): void {
  const dripping = setInterval(() => socket.write(piece), everyMs);
  socket.on('close', () => clearInterval(dripping));
}

function endless(socket: Socket): void {
  const pour = (): void => {
    if (!socket.destroyed && socket.write(CHUNK)) setImmediate(pour);
  };
  socket.on('drain', pour);
  pour();
}

let bomb: Buffer | undefined;

/** By name: what is done to a connection once a request's head has come. */
export const MISBEHAVIOURS: Readonly<Record<string, Misbehave>> = {
  'never answers': () => undefined,
  'a byte of the head now and then': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
    drip(socket, 'x');
  },
  'a byte of the body now and then': (socket) => {
    socket.write(head('content-length: 1000000\r\n'));
    drip(socket, ' ');
  },
  'a byte of the body every 10 s': (socket) => {
    socket.write(head('content-length: 1000000\r\n'));
    drip(socket, ' ', SLOW_DRIP_EVERY_MS);
  },
  'stalls in the middle of the body': (socket) => void socket.write(`${head('content-length: 1000\r\n')}{"item":`),
  'proxy says 407': (socket) => void socket.write(whole('<html>Proxy</html>', '407 Proxy Authentication Required')),
  '502 with a page': (socket) => void socket.write(whole('<html>Bad Gateway</html>', '502 Bad Gateway')),
  '10 MB of headers': (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    for (let sent = 0; sent < HEADERS_BYTES && !socket.destroyed; sent += 8_000) {
      socket.write(`x-filler-${sent}: ${'y'.repeat(7_980)}\r\n`);
    }
  },
  'gzip bomb': (socket) => {
    bomb ??= gzipSync(Buffer.alloc(BOMB_BYTES, 0x20));
    socket.write(head(`content-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n`));
    socket.write(bomb);
  },
  'endless body': (socket) => {
    socket.write(head(''));
    endless(socket);
  },
  '200 with garbage': (socket) => void socket.write(whole('\u0000\u0001<<<{]', '200 OK')),
  'bytes that are no HTTP': (socket) => void socket.end(Buffer.from([0x16, 0x03, 0x01, 0, 0, 0xff, 10, 13])),
  'closes at once': (socket) => void socket.resetAndDestroy(),
};

export class Peer implements AsyncDisposable {
  readonly name: string;
  readonly url: string;
  /** Polls that arrived; for a peer that does not read, connections. */
  arrived = 0;
  /** Once set, requests are answered as they should be. */
  healed = false;
  readonly #close: () => Promise<void>;

  private constructor(name: string, url: string, close: () => Promise<void>) {
    this.name = name;
    this.url = url;
    this.#close = close;
  }

  static async start(name: string, misbehave: Misbehave | 'before-a-request', protocol = 'http'): Promise<Peer> {
    const sockets = new Set<Socket>();
    let peer: Peer | undefined = undefined;
    const server = createServer((socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.on('error', () => undefined);
      if (misbehave === 'before-a-request') count(peer);
      else serve(socket, misbehave, () => peer);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    peer = new Peer(name, `${protocol}://127.0.0.1:${address.port}`, async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    });
    return peer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function count(peer: Peer | undefined): void {
  if (peer !== undefined) peer.arrived += 1;
}

function serve(socket: Socket, misbehave: Misbehave, peerNow: () => Peer | undefined): void {
  let bytes = '';
  socket.on('data', (chunk) => {
    bytes += chunk.toString('latin1');
    const headEnd = bytes.indexOf('\r\n\r\n');
    const length = Number(/^content-length: (\d+)/imu.exec(bytes)?.[1] ?? 0);
    if (headEnd === -1 || bytes.length < headEnd + 4 + length) return;
    const request = bytes;
    bytes = '';
    if (request.includes('/commands/wait/')) count(peerNow());
    if (peerNow()?.healed === true) socket.write(politeAnswer(request));
    else misbehave(socket);
  });
}

function politeAnswer(request: string): string {
  if (request.includes('/commands/wait/')) return whole('{"item":null}', '200 OK');
  if (request.includes('/report')) return whole('{"item":{"accepted":true}}', '200 OK');
  return whole('{"item":{"commands":[]}}', '200 OK');
}

/** Sends every request elsewhere, with a redirect. */
export function redirectTo(url: string): Misbehave {
  return (socket) => void socket.write(whole('', '307 Temporary Redirect', `location: ${url}/\r\n`));
}
