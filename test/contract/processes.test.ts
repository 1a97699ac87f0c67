// Several control planes on one PostgreSQL, and the program as its user starts it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import pg from 'pg';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../../src/control-plane/control-plane.ts';
import { freshPostgres, pause, send, World, temporaryFolder } from './harness.ts';

async function pair(): Promise<{ a: World; b: ControlPlane; databaseUrl: string } & AsyncDisposable> {
  const databaseUrl = await freshPostgres();
  const first = await startControlPlane({ databaseUrl });
  const vault = { address: first.devVault?.address ?? '', token: first.devVault?.rootToken ?? '' };
  const b = await startControlPlane({ databaseUrl, vault });
  const a = await World.around(first);
  const stop = async (): Promise<void> => {
    await b.stop();
    await first.stop();
  };
  return { a, b, databaseUrl, [Symbol.asyncDispose]: stop };
}

describe('two control planes on one PostgreSQL', () => {
  test('an enqueue on one wakes a poll on the other', async () => {
    await using both = await pair();
    const agent = (await both.a.newAgent()).at(both.b.url);
    const poll = agent.poll(30);
    await pause(150);
    const from = performance.now();
    const commandId = await both.a.enqueue(agent.deploymentHash);
    expect((await poll).commandId).toBe(commandId);
    expect(performance.now() - from).toBeLessThan(1_000);
  });

  test('a report on one wakes a reader on the other', async () => {
    await using both = await pair();
    const agent = await both.a.newAgent();
    const commandId = await both.a.enqueue(agent.deploymentHash);
    await agent.poll();
    const reader = both.a.get(`/api/v1/commands/${agent.deploymentHash}/${commandId}?wait_ms=20000`);
    await pause(100);
    await agent.at(both.b.url).report(commandId);
    expect((await reader).body['item']).toMatchObject({ status: 'completed' });
  });

  test('polls on both never get the same command', async () => {
    await using both = await pair();
    const agent = await both.a.newAgent();
    const polls = [agent.poll(30), agent.at(both.b.url).poll(30)];
    await pause(150);
    const ids = [await both.a.enqueue(agent.deploymentHash), await both.a.enqueue(agent.deploymentHash)];
    const delivered = (await Promise.all(polls)).map((answer) => answer.commandId);
    expect(new Set(delivered)).toEqual(new Set(ids));
  });

  test('a rotation on one ends the old token on the other at once', async () => {
    await using both = await pair();
    const agent = (await both.a.newAgent()).at(both.b.url);
    const path = `/api/v1/agent/deployments/${agent.deploymentHash}`;
    expect((await agent.get(path)).status).toBe(200);
    await both.a.admin(`agents/${agent.agentId}/rotate-token`);
    await pause(200);
    expect((await agent.get(path)).status).toBe(401);
  });

  test('a lost listening connection is replaced, and what was missed is found', async () => {
    await using both = await pair();
    const agent = (await both.a.newAgent()).at(both.b.url);
    const poll = agent.poll(30);
    await pause(150);
    const client = new pg.Client({ connectionString: both.databaseUrl });
    await client.connect();
    await client.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN %' AND datname = current_database()`,
    );
    await client.end();
    const commandId = await both.a.enqueue(agent.deploymentHash);
    const from = performance.now();
    expect((await poll).commandId).toBe(commandId);
    expect(performance.now() - from).toBeLessThan(5_000);
  });
});

const PROGRAM = new URL('../../src/bin/control-plane.ts', import.meta.url).pathname;
const readyLine = z.object({ msg: z.string(), url: z.string(), admin_token_file: z.string() });

function startProgram(args: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  if (stream !== null) for await (const chunk of stream) text += String(chunk);
  return text;
}

describe('the program', () => {
  test('starts, says where it is without a secret, serves, and drains on SIGTERM', async () => {
    const dataDir = join(await temporaryFolder(), 'data');
    const program = startProgram(['--data-dir', dataDir, '--listen', '127.0.0.1:0', '--dev-vault']);
    const lines: string[] = [];
    const ready = Promise.withResolvers<z.infer<typeof readyLine>>();
    if (program.stdout === null) throw new Error('no stdout');
    createInterface(program.stdout).on('line', (line) => {
      lines.push(line);
      const parsed = readyLine.safeParse(JSON.parse(line));
      if (parsed.success) ready.resolve(parsed.data);
    });
    const { url, admin_token_file } = await ready.promise;
    const adminToken = (await readFile(admin_token_file, 'utf8')).trim();
    const made = await send(`${url}/api/v1/admin/users`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${adminToken}` },
    });
    expect(made.status).toBe(201);
    program.kill('SIGTERM');
    const [code] = await once(program, 'exit');
    expect(code).toBe(0);
    expect(lines.join('\n')).not.toContain(adminToken);
    expect(lines.join('\n')).not.toContain(String(made.body['user_token']));
    expect(lines.at(-1)).toContain('"msg":"stopped"');
  });

  test('names every wrong setting at once, each with an example', async () => {
    const program = startProgram(
      ['--listen', 'here', '--lease-seconds', '0', '--queue-max-count', '0', '--vault-prefix', 'x', '--wrong', 'extra'],
      {
        DATABASE_URL: 'mysql://user:hunter2@host/db',
      },
    );
    const [stderr, [code]] = await Promise.all([textOf(program.stderr), once(program, 'exit')]);
    expect(code).toBe(2);
    for (const part of [
      '--listen',
      '127.0.0.1:8080',
      '--lease-seconds',
      '--queue-max-count',
      '--vault-prefix',
      '--wrong',
      '"extra"',
      'DATABASE_URL',
      'postgres://',
    ]) {
      expect(stderr).toContain(part);
    }
    expect(stderr).not.toContain('hunter2');
  });

  test('--help lists every setting with its variable', async () => {
    const program = startProgram(['--help']);
    const [stdout, [code]] = await Promise.all([textOf(program.stdout), once(program, 'exit')]);
    expect(code).toBe(0);
    for (const part of [
      '--listen',
      '--data-dir',
      'DATABASE_URL',
      '--dev-vault',
      '--vault-token-file',
      '--lease-seconds',
      '--queue-max-count',
    ])
      expect(stdout).toContain(part);
  });

  test('refuses a token file that others can read', async () => {
    const folder = await temporaryFolder();
    const file = join(folder, 'admin-token');
    await writeFile(file, 'at_x\n');
    await chmod(file, 0o644);
    const program = startProgram([
      '--data-dir',
      join(folder, 'data'),
      '--admin-token-file',
      file,
      '--listen',
      '127.0.0.1:0',
    ]);
    const [stdout, [code]] = await Promise.all([textOf(program.stdout), once(program, 'exit')]);
    expect(code).toBe(1);
    expect(stdout).toContain('chmod 600');
  });
});
