// A request to be updated, from the agent, which may not do it itself, to the updater, which is root and trusts nothing in it.
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { writeDurably } from '../../platform/durable-file.ts';
import { isVersion } from './version.ts';

const requestSchema = z.strictObject({
  request_id: z.string().regex(/^[\w-]{1,64}$/u),
  /** Undefined asks for the newest that is offered. */
  version: z.string().max(60).refine(isVersion).optional(),
});
export type UpdateRequest = z.infer<typeof requestSchema>;

const REQUEST_MAX_BYTES = 1_000;

/** systemd watches for this path: systemd/status-panel-update.path. */
function requestPath(stateDirectory: string): string {
  return join(stateDirectory, 'update-request.json');
}

export function writeRequest(stateDirectory: string, request: UpdateRequest): void {
  writeDurably(requestPath(stateDirectory), `${JSON.stringify(request)}\n`);
}

/** Takes a request back that nobody has taken up. */
export function withdrawRequest(stateDirectory: string): void {
  rmSync(requestPath(stateDirectory), { force: true });
}

/**
 * For the updater: the request, which is gone afterwards. The directory belongs to the agent's user, who might put anything there: a link is
 * not followed, and what is no small file with a request in it is passed over.
 */
export function takeRequest(stateDirectory: string): UpdateRequest | undefined {
  const path = requestPath(stateDirectory);
  try {
    const parsed = requestSchema.safeParse(JSON.parse(readSmallFile(path)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  } finally {
    removeQuietly(path);
  }
}

// Not recursively: walking down a tree that somebody else may change meanwhile is no work for root.
function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // There was none, or it is a folder: then systemd stops starting the updater for it.
  }
}

function readSmallFile(path: string): string {
  // Without NONBLOCK, opening a fifo waits for whoever writes to it.
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    if (!fstatSync(descriptor).isFile()) return '';
    const bytes = Buffer.alloc(REQUEST_MAX_BYTES);
    return bytes.toString('utf8', 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}
