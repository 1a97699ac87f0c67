// A control plane that does next to nothing, in a process of its own: hands out no-op commands and times their reports.
//
// It checks no signature and keeps nothing, so that what is measured against it is the client.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import process from 'node:process';
import { z } from 'zod';
import { answerQuestions, settingsOfProgram } from './program.ts';

const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('address') }),
  /** Waits for the next poll of this deployment that comes after `sinceMs`. */
  z.object({ ask: z.literal('poll'), deployment: z.string(), sinceMs: z.number() }),
  /** Hands out `count` commands as fast as they are polled. */
  z.object({ ask: z.literal('throughput'), deployment: z.string(), count: z.int().max(1_000_000) }),
  /** Hands out `count` commands one at a time, `gapMs` after the last was reported and the next poll is open. */
  z.object({ ask: z.literal('latencies'), deployment: z.string(), count: z.int().max(100_000), gapMs: z.number() }),
]);
const report = z.object({
  command_id: z.string(),
  deployment_hash: z.string(),
  command_status: z.literal('completed'),
});

interface Client {
  poll: ServerResponse | undefined;
  polledAtMs: number;
  /** Commands that may still be handed out at once. */
  credit: number;
  onPoll: () => void;
  onReport: () => void;
}

const clients = new Map<string, Client>();
let commandNumber = 0;

function clientOf(deployment: string): Client {
  let client = clients.get(deployment);
  if (client === undefined) {
    const idle = (): void => undefined;
    client = { poll: undefined, polledAtMs: 0, credit: 0, onPoll: idle, onReport: idle };
    clients.set(deployment, client);
  }
  return client;
}

/** Milliseconds on the machine's monotonic clock: the same in all its processes. */
function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function answerJson(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

function handOut(deployment: string, client: Client): void {
  const { poll } = client;
  if (poll === undefined) return;
  client.poll = undefined;
  commandNumber += 1;
  const item = {
    command_id: `bench-${process.pid}-${commandNumber}`,
    deployment_hash: deployment,
    type: 'noop',
    parameters: { app_code: 'all' },
    created_by: 'bench',
    created_at: new Date().toISOString(),
    timeout_seconds: 300,
    status: 'sent',
    priority: 'normal',
  };
  answerJson(poll, JSON.stringify({ message: 'Command available', item, meta: { next_poll_secs: 1 } }));
}

function hold(deployment: string, timeoutSeconds: number, response: ServerResponse): void {
  const client = clientOf(deployment);
  client.poll = response;
  client.polledAtMs = nowMs();
  const timer = setTimeout(() => {
    if (client.poll === response) client.poll = undefined;
    answerJson(response, '{"message":"No command available","item":null}');
  }, timeoutSeconds * 1000);
  response.once('close', () => {
    clearTimeout(timer);
    if (client.poll === response) client.poll = undefined;
  });
  client.onPoll();
  if (client.credit > 0 && client.poll === response) {
    client.credit -= 1;
    handOut(deployment, client);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function takeReport(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = report.parse(JSON.parse(await bodyOf(request)));
  answerJson(response, '{"message":"accepted","item":{"accepted":true}}');
  clientOf(body.deployment_hash).onReport();
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = request.url ?? '';
  const poll = /^\/api\/v1\/agent\/commands\/wait\/(\w+)\?timeout=(\d+)/u.exec(url);
  if (poll !== null) hold(poll[1] ?? '', Number(poll[2]), response);
  else if (url === '/api/v1/agent/commands/report') await takeReport(request, response);
  else {
    await bodyOf(request);
    // The announcement takes any JSON, and the snapshot of the deployment says that nothing is on its way.
    answerJson(response, '{"item":{"commands":[]}}');
  }
}

/** The time at which a poll opened that is or was held after `sinceMs`. */
async function polled(deployment: string, sinceMs: number): Promise<number> {
  const client = clientOf(deployment);
  while (client.polledAtMs < sinceMs) await new Promise<void>((resolve) => (client.onPoll = resolve));
  return client.polledAtMs;
}

async function throughput(deployment: string, count: number): Promise<number> {
  const client = clientOf(deployment);
  let left = count;
  const reported = new Promise<void>((resolve) => {
    client.onReport = () => {
      left -= 1;
      if (left === 0) resolve();
    };
  });
  while (client.poll === undefined) await new Promise<void>((resolve) => (client.onPoll = resolve));
  client.onPoll = () => undefined;
  const beganMs = nowMs();
  client.credit = count - 1;
  handOut(deployment, client);
  await reported;
  return nowMs() - beganMs;
}

async function latencies(deployment: string, count: number, gapMs: number): Promise<readonly number[]> {
  const client = clientOf(deployment);
  const samplesMs: number[] = [];
  for (let at = 0; at < count; at += 1) {
    while (client.poll === undefined) await new Promise<void>((resolve) => (client.onPoll = resolve));
    // Not in step with anything of the client's.
    await new Promise((resolve) => setTimeout(resolve, gapMs * (0.5 + Math.random())));
    const reported = new Promise<void>((resolve) => (client.onReport = resolve));
    const beganMs = nowMs();
    handOut(deployment, client);
    await reported;
    samplesMs.push(nowMs() - beganMs);
  }
  return samplesMs;
}

settingsOfProgram();
const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    process.stderr.write(`the benchmark's server: ${String(error)}\n`);
    response.destroy();
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const address = server.address();
const port = typeof address === 'object' && address !== null ? address.port : 0;
answerQuestions(async (message) => {
  const asked = question.parse(message);
  switch (asked.ask) {
    case 'address':
      return `http://127.0.0.1:${port}`;
    case 'poll':
      return await polled(asked.deployment, asked.sinceMs);
    case 'throughput':
      return await throughput(asked.deployment, asked.count);
    case 'latencies':
      return await latencies(asked.deployment, asked.count, asked.gapMs);
  }
});
