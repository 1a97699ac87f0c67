// GET /api/v1/marketplace/install/:purchase_token: the installer for one purchase (REQUIREMENTS B4, PROTOCOL.md §1.3).
import type { FastifyInstance } from 'fastify';
import { describeError } from '../../platform/fault.ts';
import { ROUTE } from '../../protocol/routes.ts';
import { problem } from '../http/problem.ts';
import { purchased } from '../http/purchase.ts';
import { type ReleaseFacts, renderInstaller } from '../install/render-installer.ts';
import type { Services } from '../services.ts';

/**
 * No authentication but the token. 200 with a POSIX shell script in which server address, stack, version and keys stand quoted; the only
 * thing of the URL in it is the token, which was found in the database and has the alphabet of tokens. 404 for every token that is not
 * valid, without saying why; 503 no_release when this control plane has nothing to install.
 */
export function installRoute(server: FastifyInstance, services: Services): void {
  server.route({
    method: 'GET',
    url: ROUTE.install,
    handler: async (request, reply) => {
      const { token, text } = await purchased(request, services);
      const release = await newestRelease(services);
      const purchase = { serverUrl: services.dashboardUrl(), purchaseToken: text, stackId: token.stack_id };
      const script = renderInstaller(services.installerTemplate, release, purchase);
      services.log.info('installer handed out', {
        purchase_token_id: token.id,
        stack_id: token.stack_id,
        version: release.version,
        address: request.ip,
      });
      return reply
        .type('text/x-shellscript; charset=utf-8')
        .header('content-disposition', 'inline; filename="install.sh"')
        .header('x-content-type-options', 'nosniff')
        .send(script);
    },
  });
}

async function newestRelease({ releases, log }: Services): Promise<ReleaseFacts> {
  const message = 'this control plane has no release to install: its administrator gives it one with --release-dir';
  if (releases === undefined) throw problem('no_release', message);
  try {
    return await releases.newest();
  } catch (error) {
    log.error('the release folder cannot be used', { reason: describeError(error) });
    throw problem(
      'no_release',
      'the release on this control plane is not complete: its administrator finds the reason in the log',
      error,
    );
  }
}
