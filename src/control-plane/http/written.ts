// Tells whether an answer could be written.
import { finished } from 'node:stream/promises';
import type { FastifyReply } from 'fastify';

/**
 * Sends `body` and resolves to false when the connection broke before all of it was handed to the operating system. True does not mean
 * that it arrived.
 */
export async function written(reply: FastifyReply, body: object): Promise<boolean> {
  void reply.send(body);
  try {
    await finished(reply.raw);
    return true;
  } catch {
    return false;
  }
}
