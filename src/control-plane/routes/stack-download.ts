// GET /api/v1/marketplace/download/:purchase_token: the archive of the stack that was bought (REQUIREMENTS B4, PROTOCOL.md §1.4).
import type { FastifyInstance } from 'fastify';
import { ROUTE } from '../../protocol/routes.ts';
import { problem } from '../http/problem.ts';
import { purchased } from '../http/purchase.ts';
import type { Services } from '../services.ts';

/**
 * No authentication but the token. 200 `application/gzip`, streamed: the archive of the token's stack, whatever else was asked for. 404
 * not_found for every token that is not valid; 404 stack_archive_missing when there is no archive for the stack.
 */
export function stackDownloadRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.stackDownload,
    handler: async (request, reply) => {
      const { token } = await purchased(request, services);
      const archive = await services.stacks?.open(token.stack_id);
      if (archive === undefined) {
        throw problem('stack_archive_missing', 'this control plane has no archive of that stack: ask the seller');
      }
      services.log.info('stack archive handed out', {
        purchase_token_id: token.id,
        stack_id: token.stack_id,
        size_bytes: archive.sizeBytes,
        address: request.ip,
      });
      return reply
        .type('application/gzip')
        .header('content-disposition', `attachment; filename="stack-${token.stack_id}.tar.gz"`)
        .header('content-length', archive.sizeBytes)
        .send(archive.handle.createReadStream());
    },
  });
}
