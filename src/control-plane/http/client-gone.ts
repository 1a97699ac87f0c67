// Notices that nobody waits for an answer any more.
import type { FastifyReply } from 'fastify';

/** Aborts when the connection closes before the answer is written, or when `stopping` does. */
export function clientGone(reply: FastifyReply, stopping?: AbortSignal): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
    release.abort();
  });
  const release = new AbortController();
  stopping?.addEventListener('abort', () => gone.abort(), { signal: release.signal });
  if (reply.raw.destroyed || reply.request.raw.socket.destroyed || stopping?.aborted === true) gone.abort();
  return gone.signal;
}
