// The floor: poll, HMAC, JSON and report over undici and nothing else, in a process of its own; on demand with SQLite transactions.
//
// Like the agent it polls for the next command while it hands in the report of the last one.
import { createHmac, randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import process from 'node:process';
import { Pool } from 'undici';
import { z } from 'zod';
import { clientSettings } from './client.ts';
import { settingsOfProgram } from './program.ts';

const settings = clientSettings.parse(settingsOfProgram());
const { agentId, deploymentHash, token, url } = settings;
const pool = new Pool(url, { connections: 3, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
const commit = settings.transactions === 0 ? undefined : transactionsOf(settings.directory, settings.transactions);
const reports: string[] = [];
let reportReady = (): void => undefined;

const pollAnswer = z.object({
  item: z.object({ command_id: z.string(), type: z.string(), parameters: z.unknown() }).nullish(),
});

/** Writes a command's text once and updates the row after that, each in a transaction that is on disk when it returns. */
function transactionsOf(directory: string, count: number): (id: string, text: string) => void {
  const database = new DatabaseSync(`${directory}/floor.db`);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
    CREATE TABLE command (id TEXT PRIMARY KEY, text TEXT NOT NULL, state INTEGER NOT NULL) STRICT`);
  const insert = database.prepare('INSERT INTO command VALUES (?, ?, 0)');
  const update = database.prepare('UPDATE command SET state = ? WHERE id = ?');
  return (id, text) => {
    insert.run(id, text);
    for (let state = 1; state < count; state += 1) update.run(state, id);
  };
}

async function send(method: 'GET' | 'POST', path: string, body?: Buffer): Promise<string> {
  const answer = await pool.request({
    method,
    path,
    headers: {
      authorization: `Bearer ${token}`,
      'x-agent-id': agentId,
      'x-timestamp': String(Math.floor(Date.now() / 1000)),
      'x-request-id': randomUUID(),
      'x-agent-signature': createHmac('sha256', token)
        .update(body ?? '')
        .digest('base64'),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body: body ?? null,
  });
  const text = await answer.body.text();
  if (answer.statusCode >= 300) throw new Error(`${method} ${path}: HTTP ${answer.statusCode}: ${text}`);
  return text;
}

async function pollForEver(): Promise<never> {
  const path = `/api/v1/agent/commands/wait/${deploymentHash}?timeout=30&interval=1`;
  for (;;) {
    const text = await send('GET', path);
    const { item } = pollAnswer.parse(JSON.parse(text));
    if (item === null || item === undefined) continue;
    commit?.(item.command_id, text);
    const now = new Date().toISOString();
    reports.push(
      JSON.stringify({
        command_id: item.command_id,
        deployment_hash: deploymentHash,
        status: 'success',
        command_status: 'completed',
        result: { type: item.type },
        error: null,
        started_at: now,
        completed_at: now,
        executed_by: 'bare-loop',
      }),
    );
    reportReady();
  }
}

async function reportForEver(): Promise<never> {
  for (;;) {
    const body = reports.shift();
    if (body === undefined) await new Promise<void>((resolve) => (reportReady = resolve));
    else JSON.parse(await send('POST', '/api/v1/agent/commands/report', Buffer.from(body)));
  }
}

try {
  await Promise.race([pollForEver(), reportForEver()]);
} catch (error) {
  process.stderr.write(`the bare loop has ended: ${String(error)}\n`);
  process.exit(1);
}
