// The one way to the Docker Engine: every request has a deadline, every answer a size limit, every failure a code.
//
// dockerode's own promises never settle when the engine dies in the middle of an answer, and a unix socket has no default timeout.
// So each request is dialled as a stream and its body is read here: then a death is an error of the stream, seen at once
// (docs/decisions/0003-docker-requests-as-streams.md). Paths carry no API version: the engine answers in its own newest.
import type { IncomingMessage } from 'node:http';
import Dockerode from 'dockerode';
import { abortable } from '../../platform/abortable.ts';
import type { Clock } from '../../platform/clock.ts';
import { describeError, Fault } from '../../platform/fault.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';

export interface EngineRequest {
  readonly method: 'GET' | 'POST';
  /** Absolute path without query; ids in it must be encoded by the caller. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** For the answer's head and, unless it is streamed, its body. */
  readonly deadlineMs: number;
}

const ANSWER_MAX_BYTES = 32 * 1024 * 1024;

interface Modem {
  dial(options: object, callback: (error: unknown, answer: unknown) => void): void;
}

export class Engine {
  readonly #socketPath: string;
  readonly #modem: Modem;
  readonly #clock: Clock;

  constructor(socketPath: string, clock: Clock) {
    this.#socketPath = socketPath;
    this.#clock = clock;
    this.#modem = new Dockerode({ socketPath }).modem;
  }

  /** The parsed JSON of the answer; undefined when the body is empty. */
  async json(request: EngineRequest, signal: AbortSignal): Promise<unknown> {
    using deadline = this.#clock.deadline(request.deadlineMs, signal);
    try {
      const answer = await this.#dial(request, deadline.signal);
      return parse(await abortable(readText(answer), deadline.signal, () => answer.destroy()), request);
    } catch (error) {
      throw this.#faultOf(error, request, deadline.signal, signal);
    }
  }

  /** The answer's bytes as they come. The deadline is for the head and for every pause between chunks. */
  async *stream(request: EngineRequest, signal: AbortSignal): AsyncGenerator<Buffer> {
    using whole = this.#clock.deadline(24 * 3_600_000, signal);
    let answer: IncomingMessage | undefined;
    try {
      {
        using head = this.#clock.deadline(request.deadlineMs, whole.signal);
        answer = await this.#dial(request, head.signal, whole.signal);
      }
      const chunks: AsyncIterator<unknown> = answer[Symbol.asyncIterator]();
      for (;;) {
        using pause = this.#clock.deadline(request.deadlineMs, whole.signal);
        const next = await abortable(chunks.next(), pause.signal, () => answer?.destroy());
        if (next.done === true) return;
        if (Buffer.isBuffer(next.value)) yield next.value;
      }
    } catch (error) {
      throw this.#faultOf(error, request, undefined, signal);
    } finally {
      answer?.destroy();
    }
  }

  #dial(request: EngineRequest, until: AbortSignal, lifetime: AbortSignal = until): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const hasQuery = request.query !== undefined;
    const options = {
      path: hasQuery ? `${request.path}?` : request.path,
      method: request.method,
      options: hasQuery ? { _query: request.query, _body: {} } : undefined,
      isStream: true,
      abortSignal: lifetime,
      statusCodes: { 200: true, 201: true, 204: true, 304: true },
    };
    this.#modem.dial(options, (error, answer) => {
      if (error !== null && error !== undefined) reject(error);
      else if (isIncomingMessage(answer)) resolve(answer);
      else reject(new Error('the Docker client returned no stream'));
    });
    return abortable(promise, until, () => {
      // The head came too late: whatever it begins is not read by anybody.
      void promise.then(
        (late) => late.destroy(),
        () => undefined,
      );
    });
  }

  #faultOf(error: unknown, request: EngineRequest, deadline: AbortSignal | undefined, signal: AbortSignal): unknown {
    if (error instanceof Fault) return error;
    if (signal.aborted) return signal.reason;
    const what = `${request.method} ${request.path}`;
    if (deadline?.aborted === true || isTimeout(error)) {
      const message = `the Docker Engine did not answer ${what} within ${request.deadlineMs} ms`;
      return new Fault<ErrorCode>('timeout', message, { cause: error });
    }
    return faultOfAnswer(error, what) ?? faultOfSocket(error, this.#socketPath);
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of answer) {
    if (!Buffer.isBuffer(chunk)) continue;
    sizeBytes += chunk.length;
    if (sizeBytes > ANSWER_MAX_BYTES) {
      throw new Fault<ErrorCode>('docker_error', `the Docker Engine's answer is larger than ${ANSWER_MAX_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8').trim();
}

function parse(text: string, request: EngineRequest): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch (error) {
    const message = `the Docker Engine's answer to ${request.method} ${request.path} is not JSON but begins ${JSON.stringify(text.slice(0, 60))}`;
    throw new Fault<ErrorCode>('docker_error', message, { cause: error });
  }
}

function isIncomingMessage(value: unknown): value is IncomingMessage {
  return typeof value === 'object' && value !== null && 'destroy' in value && Symbol.asyncIterator in value;
}

function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'TimeoutError';
}

// docker-modem puts the status into `statusCode` and the engine's sentence into the message.
function faultOfAnswer(error: unknown, what: string): Fault<ErrorCode> | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  const said = error.message
    .replace(/^\(HTTP code \d+\) \w+ - /u, '')
    .trim()
    .slice(0, 500);
  if (error.statusCode === 404 && /no such container/iu.test(said))
    return new Fault('container_not_found', said, { cause: error });
  if (/does not support reading/iu.test(said)) return new Fault('logs_unavailable', said, { cause: error });
  return new Fault('docker_error', `the Docker Engine answered ${what} with ${error.statusCode}: ${said}`, {
    cause: error,
  });
}

const SOCKET_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket: is Docker installed and running?',
  ECONNREFUSED: 'nothing listens on it: is the Docker Engine running?',
  EACCES: "the agent may not open it: add its user to the socket's group",
};

function faultOfSocket(error: unknown, socketPath: string): Fault<ErrorCode> {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const hint = SOCKET_HINTS[code] ?? `the connection broke off: ${describeError(error)}`;
  return new Fault('docker_unavailable', `Docker Engine at ${socketPath}: ${hint}`, { cause: error });
}
