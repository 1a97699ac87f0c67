// The purchase token in a path: who has a good one goes on, everybody else learns nothing (REQUIREMENTS B3).
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LIMITS } from '../../protocol/limits.ts';
import type { PurchaseToken } from '../registry/purchase-tokens.ts';
import type { Services } from '../services.ts';
import { problem } from './problem.ts';

const path = z.object({ purchase_token: z.string().max(LIMITS.purchaseTokenMaxChars) });

export interface Purchased {
  readonly token: PurchaseToken;
  /** As it was sent; of the strict alphabet of tokens. */
  readonly text: string;
}

/**
 * Malformed, unknown, revoked and expired tokens are one fault, not_found, with the words of a path that does not exist. Too many of them
 * from one address in a minute: too_many_attempts.
 */
export async function purchased(request: FastifyRequest, services: Services): Promise<Purchased> {
  const parsed = path.safeParse(request.params);
  const text = parsed.success ? parsed.data.purchase_token : '';
  const token = await services.purchaseTokens.valid(text);
  if (token !== undefined) return { token, text };
  noteRefusal(request, services);
  throw problem('not_found', `no ${request.method} endpoint at this path: check the address`);
}

/** Writes down that somebody came with a purchase token that is not good. Fault too_many_attempts when they did so too often. */
export function noteRefusal(request: FastifyRequest, services: Services): void {
  const route = request.routeOptions.url ?? '';
  services.log.warn('purchase token refused', { route, address: request.ip });
  if (services.refusedAttempts.note(request.ip, services.clock.now())) {
    throw problem(
      'too_many_attempts',
      'too many purchase tokens that are not valid came from this address: wait a minute',
    );
  }
}
