// The one way to the Docker Engine: every request has a deadline, every answer a size limit, every failure a code.
//
// dockerode's own promises never settle when the engine dies in the middle of an answer, and a unix socket has no default timeout.
// So each request is dialled as a stream and its body is read here: then a death is an error of the stream, seen at once
// (docs/decisions/0003-docker-requests-as-streams.md). Paths carry no API version: the engine answers in its own newest.
import type { IncomingMessage } from 'node:http';
import Dockerode from 'dockerode';
import { abortable } from '../../platform/abortable.ts';
import type { Clock } from '../../platform/clock.ts';
import { Fault } from '../../platform/fault.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { faultOfAnswer, faultOfSocket } from './engine-faults.ts';

export interface EngineRequest {
  readonly method: 'GET' | 'POST';
  /** Absolute path without query; ids in it must be encoded by the caller. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  /** For the whole answer. */
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

  #dial(request: EngineRequest, until: AbortSignal): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const hasQuery = request.query !== undefined;
    const options = {
      path: hasQuery ? `${request.path}?` : request.path,
      method: request.method,
      options: hasQuery ? { _query: request.query, _body: {} } : undefined,
      isStream: true,
      abortSignal: until,
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

  #faultOf(error: unknown, request: EngineRequest, deadline: AbortSignal, signal: AbortSignal): unknown {
    if (error instanceof Fault) return error;
    if (signal.aborted) return signal.reason;
    const what = `${request.method} ${request.path}`;
    if (deadline.aborted || isTimeout(error)) {
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
