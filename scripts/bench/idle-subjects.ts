// The processes that the idle benchmark watches: bare Node, undici alone, and the agent's own program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { storeIdentity } from '../../src/agent/identity/identity.ts';
import { AgentProcess } from '../parts/agent-process.ts';
import { removeAtExit } from '../parts/remove-at-exit.ts';
import { clientOf, identityOf } from './client.ts';
import type { TrivialServer } from './trivial.ts';

export const IDLE_SUBJECTS = ['bare', 'peer', 'agent'] as const;
export type IdleSubject = (typeof IDLE_SUBJECTS)[number];

/** A process that has nothing to do but to wait. */
export interface Waiting extends AsyncDisposable {
  readonly subject: IdleSubject;
  readonly pid: number;
  /** From the call that starts the process until it waits. */
  readonly startMs: number;
}

const START_DEADLINE_MS = 30_000;
const ROOT = join(import.meta.dirname, '..', '..');

// As text: a file of TypeScript would make Node load its type stripper.
const BARE = `process.stdout.write('.'); setInterval(() => {}, 2 ** 31 - 1);`;
const PEER = `import { Pool } from 'undici';
  const pool = new Pool(process.argv[1], { connections: 1, headersTimeout: 0, bodyTimeout: 0 });
  for (;;) {
    const { body } = await pool.request({ method: 'GET', path: process.argv[2] });
    JSON.parse(await body.text());
  }`;

let processNumber = 0;

/** Starts one and returns when it waits. `program` is the agent's. */
export async function startIdle(
  subject: IdleSubject,
  server: TrivialServer,
  home: string,
  program: string,
): Promise<Waiting> {
  processNumber += 1;
  const name = `${subject}${processNumber}`;
  switch (subject) {
    case 'bare':
      return await startNode(subject, ['-e', BARE], 'its first output');
    case 'peer': {
      const path = `/api/v1/agent/commands/wait/${name}?timeout=30&interval=1`;
      const firstPoll = pollOf(server, name);
      return await startNode(subject, ['--input-type=module', '-e', PEER, server.url, path], firstPoll);
    }
    case 'agent':
      return await startAgent(server, home, name, program);
  }
}

function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

async function pollOf({ program }: TrivialServer, deployment: string): Promise<number> {
  return z.number().parse(await program.ask({ ask: 'poll', deployment, sinceMs: 0.1 }, START_DEADLINE_MS));
}

async function startNode(
  subject: IdleSubject,
  words: readonly string[],
  waits: 'its first output' | Promise<number>,
): Promise<Waiting> {
  const beganMs = nowMs();
  const child = spawn(process.execPath, words, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
  const keep = removeAtExit(() => child.kill('SIGKILL'));
  const stop = async (): Promise<void> => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    keep();
  };
  const readyMs = waits === 'its first output' ? await once(child.stdout, 'data').then(nowMs) : await waits;
  return { subject, pid: child.pid ?? 0, startMs: readyMs - beganMs, [Symbol.asyncDispose]: stop };
}

async function startAgent(server: TrivialServer, home: string, name: string, program: string): Promise<Waiting> {
  const settings = clientOf(server.url, home, name);
  storeIdentity(settings.directory, identityOf(settings));
  const environment = {
    STATUS_PANEL_STATE_DIRECTORY: settings.directory,
    STATUS_PANEL_CONFIG: join(settings.directory, 'config.json'),
    STATUS_PANEL_DOCKER_SOCKET: join(settings.directory, 'no-engine.sock'),
  };
  const firstPoll = pollOf(server, name);
  const beganMs = nowMs();
  const agent = AgentProcess.start(['run'], environment, { program, endWith: 'SIGKILL' });
  const keep = removeAtExit(() => agent.kill('SIGKILL'));
  const stop = async (): Promise<void> => {
    await agent[Symbol.asyncDispose]();
    keep();
  };
  const startMs = (await firstPoll) - beganMs;
  return { subject: 'agent', pid: agent.pid, startMs, [Symbol.asyncDispose]: stop };
}
