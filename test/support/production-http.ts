// Small pieces of the production double's HTTP: reading a body, answering in its forms.
import type { IncomingMessage, ServerResponse } from 'node:http';

export function end(
  response: ServerResponse,
  status: number,
  body: string | undefined,
  type = 'text/plain; charset=utf-8',
): void {
  response.writeHead(status, body === undefined ? { 'content-length': '0' } : { 'content-type': type });
  response.end(body);
}

export async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

export function asRecord(body: string): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(body);
  return typeof parsed === 'object' && parsed !== null ? Object.fromEntries(Object.entries(parsed)) : {};
}

export function newToken(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(64)))
    .toString('base64url')
    .slice(0, 86);
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}

export async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
