// The agent unchanged against a server that behaves as the one in production does.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { AgentProcess, runCli } from '../../scripts/parts/agent-process.ts';
import { removeContainer, runContainer } from '../../scripts/parts/containers.ts';
import { loadIdentity } from '../../src/agent/identity/identity.ts';
import { ProductionServer } from '../support/production-server.ts';

const engine = { socketPath: inject('engineSocket') };
let server: ProductionServer;
let home: string;
let hash: string;
let settings: Record<string, string>;
let web: string;

beforeAll(async () => {
  const labels = { 'com.docker.compose.project': 'production', 'com.docker.compose.service': 'web' };
  web = await runContainer(engine, {
    image: inject('engineImage'),
    name: 'production-web',
    labels,
    command: ['sh', '-c', 'echo hello; sleep 600'],
    init: true,
    stopTimeoutSeconds: 1,
  });
});
afterAll(async () => removeContainer(engine, web));

beforeEach(async () => {
  server = await ProductionServer.start();
  home = mkdtempSync(join(tmpdir(), 'status-panel-production-'));
  writeFileSync(join(home, 'config.json'), '{}');
  hash = `dep-${randomUUID()}`;
  settings = {
    STATUS_PANEL_STATE_DIRECTORY: join(home, 'state'),
    STATUS_PANEL_CONFIG: join(home, 'config.json'),
    STATUS_PANEL_DOCKER_SOCKET: engine.socketPath,
    STATUS_PANEL_COMPOSE_PROJECT: 'production',
    STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5',
  };
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(home, { recursive: true, force: true });
});

async function start(): Promise<AgentProcess> {
  const ended = await runCli(['register', '--deployment-hash', hash, '--server', server.url], settings);
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  const agent = AgentProcess.start(['run'], settings, { endWith: 'SIGKILL' });
  await agent.line((line) => line.includes('ready: the control plane answers'));
  return agent;
}

describe('commands in every form in which that server delivers them', () => {
  test.each([
    ['flat', { app_code: 'web' }, {}],
    [
      'wrapped as MCP does',
      { name: 'stacker.health', params: { deployment_hash: 'x', app_code: 'web', include_metrics: false } },
      {},
    ],
    ['wrapped with an empty app_code, which means all', { name: 'stacker.health', params: { app_code: '' } }, {}],
    ['no parameters at all', null, {}],
    [
      'a bare UUID as command id, timeout of zero',
      { app_code: 'web' },
      { command_id: randomUUID(), timeout_seconds: 0 },
    ],
    ['a negative timeout, no creator', { app_code: 'web' }, { timeout_seconds: -5, created_by: '' }],
  ])('health: %s', async (_, parameters, more) => {
    await using _agent = await start();
    const outcome = await server.outcome(server.enqueue(hash, 'health', parameters, more));
    expect(outcome).toMatchObject({ status: 'completed', result: { type: 'health', status: 'ok' }, error: null });
  });

  test('logs with an empty app_code: of the only container; restart with one is refused with a valid report', async () => {
    await using _agent = await start();
    const logs = await server.outcome(
      server.enqueue(hash, 'logs', { name: 'stacker.logs', params: { app_code: '', streams: [] } }),
    );
    expect(logs.result).toMatchObject({ app_code: 'web', lines: [expect.objectContaining({ message: 'hello' })] });
    const restart = await server.outcome(
      server.enqueue(hash, 'restart', { name: 'stacker.restart', params: { app_code: '' } }),
    );
    expect(restart).toMatchObject({
      status: 'failed',
      result: { type: 'restart', status: 'failed' },
      error: { errors: [{ code: 'invalid_parameters' }] },
    });
    const unknown = await server.outcome(server.enqueue(hash, 'tar', ['--checkpoint-action=exec=/bin/sh']));
    expect(unknown).toMatchObject({ status: 'failed', error: { errors: [{ code: 'unsupported_command' }] } });
  });
});

test('the same command delivered twice runs once', async () => {
  await using agent = await start();
  const id = server.enqueue(hash, 'restart', { app_code: 'web' });
  await server.outcome(id);
  server.queue.push(id);
  await agent.line((line) => line.includes('command ignored') && line.includes(id));
  const finished = agent.lines.filter((line) => line.includes(id) && line.includes('command finished'));
  expect(finished).toHaveLength(1);
});

test('a marketplace registration, which that server does not store, ends in a working agent all the same', async () => {
  const words = ['register', '--token-stdin', '--stack-id', 'stack-1', '--server', server.url];
  expect(await runCli(words, settings, 'purchase-token-1234567890')).toMatchObject({ exitCode: 0 });
  hash = loadIdentity(join(home, 'state'))?.deployment_hash ?? '';
  await using agent = AgentProcess.start(['run'], settings, { endWith: 'SIGKILL' });
  await agent.line((line) => line.includes('ready'));
  expect((await server.outcome(server.enqueue(hash, 'health', { app_code: 'web' }))).status).toBe('completed');
});

test('a rotated token, told by 400 "Invalid agent token", is fetched again without a Vault of our own', async () => {
  await using agent = await start();
  server.vault.set(hash, 'r'.repeat(86));
  expect((await server.outcome(server.enqueue(hash, 'health', { app_code: 'web' }), 60_000)).status).toBe('completed');
  expect(agent.lines.join('\n')).toContain('agent token replaced');
});

test('answers that are none: 502 pages, 200 with garbage, 403 without a body, a redirect; the agent goes on', async () => {
  await using agent = await start();
  const path = /\/commands\//u;
  server.oddAnswers.push(
    {
      path,
      answer: (response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<html>Bad Gateway</html>'),
    },
    { path, answer: (response) => response.writeHead(200).end('<html>Welcome to the hotel network</html>') },
    { path, answer: (response) => response.writeHead(403).end() },
    { path, answer: (response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end() },
    { path, answer: (response) => response.writeHead(200).end('{"message":"ok"}') },
  );
  expect((await server.outcome(server.enqueue(hash, 'health', { app_code: 'web' }), 60_000)).status).toBe('completed');
  expect(agent.running).toBe(true);
});

test('polls follow each other without a hot loop, and ask for the shortest interval', async () => {
  await using _agent = await start();
  await new Promise((resolve) => setTimeout(resolve, 9_000));
  expect(server.polls.length).toBeLessThanOrEqual(4);
  for (const poll of server.polls) expect(poll.query).toBe('?timeout=5&interval=1');
});
