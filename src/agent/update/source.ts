// Where a release is fetched from: the control plane, another server, or a folder. Nothing of what it hands out is believed here.
import { createReadStream, readFileSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../platform/clock.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import type { HttpClient } from '../upstream/http-client.ts';

export interface ReleaseSource {
  /** For messages. */
  readonly name: string;
  /** A small file as text. Throws Fault unreachable or not_offered. */
  text(fileName: string, signal: AbortSignal): Promise<string>;
  /** Writes a file to `path`, which must not be there before. Throws Fault unreachable, not_offered or cannot_write. */
  save(fileName: string, path: string, maxBytes: number, signal: AbortSignal): Promise<void>;
}

const TEXT_MAX_BYTES = 256 * 1024;
/** This and the next for all tries together. */
const TEXT_DEADLINE_MS = 30_000;
/** 45 MiB in this time is a line of 40 kB/s. */
const SAVE_DEADLINE_MS = 20 * 60_000;
const STALL_MS = 60_000;
/** Before the second and the third try. */
const PAUSES_MS = [1_000, 4_000];

/** `prefix` is the path of the folder on the server, without a slash at its end: `/releases`. */
export function serverSource(client: HttpClient, origin: string, prefix: string, clock: Clock): ReleaseSource {
  const name = `${origin}${prefix}`;
  const get = (fileName: string, deadlineMs: number) =>
    ({ method: 'GET', path: `${prefix}/${encodeURIComponent(fileName)}`, headers: {}, deadlineMs }) as const;
  return {
    name,
    text: (fileName, signal) =>
      persistently(TEXT_DEADLINE_MS, { clock, signal }, async (deadlineMs) => {
        const answer = await client.request(get(fileName, deadlineMs), signal);
        if (answer.status !== 200) throw refusal(name, fileName, answer.status);
        return answer.body;
      }),
    save: (fileName, path, maxBytes, signal) =>
      persistently(SAVE_DEADLINE_MS, { clock, signal }, async (deadlineMs) => {
        rmSync(path, { force: true });
        await writeNew(path, async (write) => {
          const request = { ...get(fileName, deadlineMs), stallMs: STALL_MS };
          const { status } = await client.download(request, maxBytes, write, signal);
          if (status !== 200) throw refusal(name, fileName, status);
        });
      }),
  };
}

/** Tries again what found no server or lost it on the way: one broken connection must not keep a host on its old version. */
async function persistently<T>(
  deadlineMs: number,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
  attempt: (deadlineMs: number) => Promise<T>,
): Promise<T> {
  const untilMs = clock.monotonicMs() + deadlineMs;
  for (const pauseMs of PAUSES_MS) {
    try {
      return await attempt(untilMs - clock.monotonicMs());
    } catch (error) {
      const isWorthIt = error instanceof Fault && error.code === 'unreachable' && !signal.aborted;
      if (!isWorthIt || clock.monotonicMs() + pauseMs >= untilMs) throw error;
      await clock.sleep(pauseMs, signal);
    }
  }
  return await attempt(untilMs - clock.monotonicMs());
}

export function folderSource(folder: string): ReleaseSource {
  const notThere = (fileName: string): Fault => new Fault('not_offered', `${folder} has no ${fileName}`);
  return {
    name: folder,
    text: async (fileName) => {
      const path = join(folder, fileName);
      if ((statSync(path, { throwIfNoEntry: false })?.size ?? Infinity) > TEXT_MAX_BYTES) throw notThere(fileName);
      return readFileSync(path, 'utf8');
    },
    save: async (fileName, path, maxBytes, signal) => {
      const from = join(folder, fileName);
      if ((statSync(from, { throwIfNoEntry: false })?.size ?? Infinity) > maxBytes) throw notThere(fileName);
      await writeNew(path, async (write) => {
        for await (const chunk of createReadStream(from, { signal })) if (Buffer.isBuffer(chunk)) await write(chunk);
      });
    },
  };
}

function refusal(name: string, fileName: string, status: number): Fault {
  const answered = `${name}/${fileName}: the server answered ${status}`;
  return status === 404
    ? new Fault('not_offered', `${answered}: it offers no such file`)
    : new Fault('unreachable', answered);
}

async function writeNew(path: string, fill: (write: (chunk: Buffer) => Promise<void>) => Promise<void>): Promise<void> {
  try {
    await using file = await open(path, 'wx', 0o600);
    await fill(async (chunk) => {
      await file.writeFile(chunk);
    });
  } catch (error) {
    if (error instanceof Fault || (error instanceof DOMException && error.name === 'AbortError')) throw error;
    throw new Fault('cannot_write', `${path}: ${describeError(error)}`, { cause: error });
  }
}
