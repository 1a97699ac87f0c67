// Sends one request to a Docker Engine on a unix socket; enough for what dockerode would make hard to bound in time.
import { request } from 'node:http';
import process from 'node:process';
import { systemClock } from '../../src/platform/clock.ts';

const PING_DEADLINE_MS = 2_000;
const DEFAULT_SOCKET = '/var/run/docker.sock';
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;

/** Anything that has an engine's socket: a private engine, or one that was found. */
export interface EngineAddress {
  readonly socketPath: string;
}

export interface EngineAnswer {
  readonly status: number;
  readonly text: string;
}

export interface EngineRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly deadlineMs: number;
  readonly body?: { readonly type: string; readonly bytes: Buffer };
}

/** Rejects if the engine is not there or has not answered in full in time; a refusal is an answer like any other. */
export async function requestEngine(engine: EngineAddress, what: EngineRequest): Promise<EngineAnswer> {
  using deadline = systemClock.deadline(what.deadlineMs);
  const { promise, resolve, reject } = Promise.withResolvers<EngineAnswer>();
  const outgoing = request(
    {
      socketPath: engine.socketPath,
      method: what.method,
      path: what.path,
      agent: false,
      signal: deadline.signal,
      headers:
        what.body === undefined ? {} : { 'content-type': what.body.type, 'content-length': what.body.bytes.length },
    },
    (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_MAX_BYTES) response.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() }));
    },
  );
  outgoing.on('error', reject);
  outgoing.end(what.body?.bytes);
  return await promise;
}

/** True if an engine answers `/_ping` there in time; never throws. */
export async function engineAnswers(engine: EngineAddress, deadlineMs = PING_DEADLINE_MS): Promise<boolean> {
  try {
    return (await requestEngine(engine, { method: 'GET', path: '/_ping', deadlineMs })).status === 200;
  } catch {
    return false;
  }
}

/** An engine that is there already: the one DOCKER_HOST names, else the usual one. Undefined if none answers. */
export async function findEngine(): Promise<EngineAddress | undefined> {
  const host = process.env['DOCKER_HOST'] ?? '';
  if (host !== '' && !host.startsWith('unix://')) return undefined;
  const engine = { socketPath: host === '' ? DEFAULT_SOCKET : host.slice('unix://'.length) };
  return (await engineAnswers(engine)) ? engine : undefined;
}

/** Ends and removes every container of an engine that is about to go; gives up silently when the engine does not answer. */
export async function removeAllContainers(engine: EngineAddress, deadlineMs: number): Promise<void> {
  try {
    const { text } = await requestEngine(engine, { method: 'GET', path: '/containers/json?all=1', deadlineMs });
    const ids = [...text.matchAll(/"Id":"(?<id>[0-9a-f]{64})"/gu)].map((match) => match.groups?.['id'] ?? '');
    await Promise.allSettled(
      ids.map((id) => requestEngine(engine, { method: 'DELETE', path: `/containers/${id}?force=1&v=1`, deadlineMs })),
    );
  } catch {
    // What is left is removed without the engine's help.
  }
}
