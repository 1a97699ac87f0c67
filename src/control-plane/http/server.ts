// The HTTP server without its routes: limits, bodies as bytes, and every fault answered in the documented form.
import { type FastifyError, type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import type { Clock } from '../../platform/clock.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import { isProblemCode, PROBLEMS, type ProblemBody, type ProblemCode } from './problem.ts';

/** Bodies other than reports: a deploy command carries compose text. */
const BODY_MAX_BYTES = 1_048_576;
const PATH_PARAMETER_MAX_CHARS = 256;
/** How long a client may take to send a request; a long poll's answer is not limited by it. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Longer than the pause between two polls, so that the agent's pooled connection is not closed under it. */
const KEEP_ALIVE_MS = 75_000;
const RETRY_AFTER_SECONDS = 5;

export function createServer(clock: Clock, log: Log): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: BODY_MAX_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: PATH_PARAMETER_MAX_CHARS },
  });
  server.removeAllContentTypeParsers();
  // The signature is over the exact bytes: a parsed and re-encoded body would be another message.
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  server.addHook('onRequest', async (_request, reply) => {
    // Set here and not by Node, so that it is the clock the timestamps are judged by.
    reply.header('date', new Date(clock.now()).toUTCString());
    reply.header('cache-control', 'no-store');
  });
  server.setNotFoundHandler((request, reply) =>
    answer(reply, 'not_found', `no ${request.method} endpoint at this path: check the address`),
  );
  server.setErrorHandler((error, request, reply) => {
    const fault = faultOf(error);
    if (PROBLEMS[fault.code].status >= 500) {
      const route = request.routeOptions.url ?? '';
      log.error('request failed', { method: request.method, route, code: fault.code, reason: describeError(error) });
    }
    return answer(reply, fault.code, fault.message);
  });
  return server;
}

async function answer(reply: FastifyReply, code: ProblemCode, message: string): Promise<FastifyReply> {
  const { status } = PROBLEMS[code];
  if (status === 503 || status === 429) reply.header('retry-after', String(RETRY_AFTER_SECONDS));
  const body: ProblemBody = { message, code };
  return reply.code(status).type('application/json; charset=utf-8').send(JSON.stringify(body));
}

function faultOf(error: unknown): ProblemBody {
  if (error instanceof Fault && isProblemCode(error.code)) return { code: error.code, message: error.message };
  const code = errorCode(error);
  const known = FRAMEWORK[code];
  if (known !== undefined) return known;
  // Class 22 is "data exception": text that passed our checks and still cannot be stored is the sender's fault, not ours.
  if (/^22...$/u.test(code))
    return { code: 'invalid_request', message: 'a value cannot be stored as it is: check numbers and text' };
  if (/^08...$|^57P0.$|^53...$|^E[A-Z]+$/u.test(code)) {
    return { code: 'unavailable', message: 'the database does not answer: try again shortly' };
  }
  return {
    code: 'internal_error',
    message: 'this request hit a bug or a refused statement: see the log of the control plane',
  };
}

function errorCode(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

const FRAMEWORK: Readonly<Record<FastifyError['code'], ProblemBody | undefined>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: {
    code: 'body_too_large',
    message: 'the body is larger than this endpoint takes: send less',
  },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'unsupported_media_type',
    message: 'send the body as Content-Type: application/json',
  },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'invalid_request', message: 'Content-Length does not match the body' },
  FST_ERR_BAD_URL: { code: 'invalid_request', message: 'the path is not well-formed: percent-encode it' },
};
