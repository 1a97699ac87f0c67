// A TLS server in front of a plain one, as a reverse proxy is in production.
import { request as httpRequest } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Certificates } from './certificates.ts';

export interface TlsFront extends AsyncDisposable {
  readonly port: number;
  /** Where requests are passed on to: address of a plain server. */
  target: string;
}

export async function startTlsFront(certificates: Certificates, host: string, target = ''): Promise<TlsFront> {
  const front = { target };
  const server: Server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) => {
    const { hostname, port } = new URL(front.target);
    const onward = httpRequest(
      { hostname, port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return Object.assign(front, {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
