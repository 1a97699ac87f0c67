// GET /releases/:file: the files of a release, as they were published. They are signed, so anybody may have them.
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ROUTE } from '../../protocol/routes.ts';
import { problem } from '../http/problem.ts';
import type { Services } from '../services.ts';

const path = z.object({ file: z.string().max(200) });

function contentType(name: string): string {
  if (name.endsWith('.tar.gz')) return 'application/gzip';
  return name.endsWith('.json') ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8';
}

/** No authentication. 200 with the exact bytes, streamed; 404 for every name that is not one of a release's. */
export function releasesRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.releaseFile,
    handler: async (request, reply) => {
      const name = path.safeParse(request.params).data?.file ?? '';
      const file = await services.releases?.open(name);
      if (file === undefined) throw problem('not_found', 'no such file belongs to a release here: check its name');
      return reply
        .type(contentType(name))
        .header('content-length', file.sizeBytes)
        .header('x-content-type-options', 'nosniff')
        .send(file.handle.createReadStream());
    },
  });
}
