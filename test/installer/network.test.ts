// The installer and the agent on networks that are not plain: an authority of one's own, and a proxy that is the only way out.
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect, it } from 'vitest';
import { makeCertificates } from '../support/certificates.ts';
import { Host, Shop, STACK_WITH_ARCHIVE } from './host.ts';

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address: string | AddressInfo | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function joined(one: Socket, other: Socket): void {
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
  one.pipe(other).pipe(one);
}

it('a control plane whose certificate only --ca-file vouches for', async () => {
  using certificates = await makeCertificates();
  let target = 0;
  const front = createTlsServer({ key: certificates.key, cert: certificates.cert }, (socket) => {
    joined(socket, connect(target, '127.0.0.1'));
  });
  const port = await listening(front);
  await using shop = await Shop.open(`https://127.0.0.1:${port}`);
  target = Number(new URL(shop.controlPlane.url).port);
  copyFileSync(certificates.caFile, join(shop.folder, 'ca.pem'));
  await using host = await Host.open(shop, STACK_WITH_ARCHIVE);

  const without = await host.install();
  expect(without).toMatchObject({ exitCode: 14, stderr: expect.stringContaining('certificate') });
  expect(host.differences()).toEqual({});

  await host.sandbox.sh('mkdir -p /etc/status-panel; echo \'{"log_level": "debug"}\' >/etc/status-panel/config.json');
  const ended = await host.install(['--ca-file', join(shop.folder, 'ca.pem')]);
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  expect(ended.stdout).toContain('installed    status-panel 0.1.0');
  expect(JSON.parse(await host.sandbox.sh('cat /etc/status-panel/config.json'))).toEqual({
    log_level: 'debug',
    ca_file: '/etc/status-panel/ca.pem',
  });
  const again = await host.install(['--ca-file', join(shop.folder, 'ca.pem')]);
  expect(again.stdout).toContain('no change');
  front.close();
});

it('a proxy is used by the installer and by the agent afterwards', async () => {
  let target = 0;
  const seen: string[] = [];
  const proxy = createServer((incoming: IncomingMessage, answer: ServerResponse) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const { pathname } = new URL(incoming.url ?? '');
    const onward = request({ port: target, host: '127.0.0.1', path: pathname }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    onward.on('error', () => answer.destroy()).end();
  });
  proxy.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    seen.push(`CONNECT ${incoming.url}`);
    const onward = connect(target, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      joined(socket, onward);
    });
    onward.on('error', () => socket.destroy());
  });
  const address = `http://proxy-user:secret@127.0.0.1:${await listening(proxy)}`;
  // A name that nobody can look up: what is reached is reached by the proxy.
  await using shop = await Shop.open('http://panel.invalid');
  target = Number(new URL(shop.controlPlane.url).port);
  await using host = await Host.open(shop, STACK_WITH_ARCHIVE);
  const ended = await host.install([], { env: { http_proxy: address, NO_PROXY: 'other.example' } });
  expect(ended.exitCode, ended.stdout + ended.stderr).toBe(0);
  expect(seen.filter((line) => line.includes('SHA256SUMS.sig'))).toEqual([
    'GET http://panel.invalid/releases/SHA256SUMS.sig',
  ]);
  expect(seen).toContain('CONNECT panel.invalid:80');
  expect(
    await host.sandbox.sh('stat -c "%a %U:%G" /etc/status-panel/environment; cat /etc/status-panel/environment'),
  ).toBe(`640 root:status-panel\nHTTP_PROXY="${address}"\nNO_PROXY="other.example"\n`);
  // Run again from a shell without them: they stay.
  const again = await host.sandbox.run(['sh', '-s', '--', '--dry-run'], { stdin: host.script });
  expect(again.exitCode).toBe(14);
  expect(await host.sandbox.sh('cat /etc/status-panel/environment')).toContain('HTTP_PROXY=');
  proxy.close();
  proxy.closeAllConnections();
});
