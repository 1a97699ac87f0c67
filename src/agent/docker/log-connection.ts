// One request for a log on the engine's socket, whose answer is read no faster than somebody wants it.
import { connect, type Socket } from 'node:net';
import type { Clock, Deadline } from '../../platform/clock.ts';
import { Fault } from '../../platform/fault.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { faultOfSocket, faultOfStatus } from './engine-faults.ts';
import { HttpAnswer } from './http-answer.ts';

export interface LogRequest {
  readonly socketPath: string;
  /** Absolute path with its query. */
  readonly path: string;
  readonly clock: Clock;
  /** For every wait: for the connection, the head, and between two pieces. */
  readonly silenceMaxMs: number;
}

/** A deadline serves several waits, for making one costs more than most waits: it is renewed when it is this old. */
const DEADLINE_SERVES_MS = 500;
const REFUSAL_MAX_BYTES = 64 * 1024;
const READ_MAX_BYTES = 64 * 1024;
/**
 * The engine writes line by line. Whoever reads as fast wakes up for each of them, and costs both sides more than the line: after
 * a few pieces as small as this it is given a moment to write more.
 */
const SMALL_PIECE_BYTES = 16 * 1024;
const SMALL_PIECES_COUNT = 3;
const MOMENT_MS = 1;

export class LogConnection implements Disposable {
  readonly #request: LogRequest;
  readonly #socket: Socket;
  readonly #answer = new HttpAnswer();
  /** One for the whole answer: what is read is used before the next is. */
  readonly #buffer = Buffer.allocUnsafeSlow(READ_MAX_BYTES);
  /** Bytes in the buffer that were not looked at. */
  #arrivedBytes = 0;
  #ended = false;
  #smallPieces = 0;
  /** Wakes the one who waits for the socket. */
  #wake: () => void = () => undefined;
  #failure: unknown;
  #patience: { readonly deadline: Deadline; readonly signal: AbortSignal; readonly sinceMs: number } | undefined;

  private constructor(request: LogRequest) {
    this.#request = request;
    const callback = (count: number): boolean => {
      this.#arrivedBytes = count;
      this.#wake();
      // Nothing more until it is used.
      return false;
    };
    this.#socket = connect({ path: request.socketPath, onread: { buffer: this.#buffer, callback } });
    this.#socket.on('error', (error) => {
      this.#failure ??= error;
    });
    this.#socket.on('end', () => {
      this.#ended = true;
      this.#wake();
    });
    this.#socket.on('close', () => this.#wake());
    this.#socket.write(`GET ${request.path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n`);
  }

  /** Connects and waits for the head. Rejects with a Fault for a refusal, and with the signal's reason. */
  static async open(request: LogRequest, signal: AbortSignal): Promise<{ connection: LogConnection; first: Buffer }> {
    const connection = new LogConnection(request);
    try {
      let first: Buffer | undefined = Buffer.alloc(0);
      while (connection.#answer.status === 0 && first !== undefined) first = await connection.#next(signal);
      if (connection.#answer.status !== 200) throw await connection.#refusal(first, signal);
      connection.release();
      return { connection, first: first ?? Buffer.alloc(0) };
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
  }

  /** The next bytes of the log, undefined at its end. They are good until the next call. */
  async read(signal: AbortSignal): Promise<Buffer | undefined> {
    for (;;) {
      const bytes = await this.#next(signal);
      if (bytes === undefined || bytes.length > 0) return bytes;
    }
  }

  /** Nothing is waited for until the next read. */
  release(): void {
    this.#patience?.deadline[Symbol.dispose]();
    this.#patience = undefined;
  }

  [Symbol.dispose](): void {
    this.release();
    this.#socket.destroy();
    this.#wake();
  }

  async #next(signal: AbortSignal): Promise<Buffer | undefined> {
    for (;;) {
      if (this.#answer.complete) return undefined;
      if (this.#failure !== undefined) throw this.#fault(this.#failure);
      if (this.#arrivedBytes > 0) {
        const piece = this.#buffer.subarray(0, this.#arrivedBytes);
        this.#arrivedBytes = 0;
        this.#smallPieces = piece.length < SMALL_PIECE_BYTES ? this.#smallPieces + 1 : 0;
        return this.#decode(piece);
      }
      if (this.#ended || this.#socket.destroyed) {
        if (this.#answer.endsWithConnection) return undefined;
        throw this.#fault(new Error('the engine closed it in the middle of an answer'));
      }
      if (this.#smallPieces >= SMALL_PIECES_COUNT) {
        this.#smallPieces = 0;
        await this.#request.clock.sleep(MOMENT_MS, signal);
      }
      await this.#wait(signal);
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const until = this.#until(signal);
    if (!until.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      this.#socket.resume();
      await promise;
      this.#wake = () => undefined;
    }
    if (signal.aborted) throw signal.reason;
    if (!until.aborted) return;
    const message = `the Docker Engine did not answer GET ${this.#request.path} within ${this.#request.silenceMaxMs} ms`;
    throw new Fault<ErrorCode>('timeout', message, { cause: until.reason });
  }

  #until(signal: AbortSignal): AbortSignal {
    const { clock, silenceMaxMs } = this.#request;
    const nowMs = clock.monotonicMs();
    if (this.#patience?.signal !== signal || nowMs - this.#patience.sinceMs > DEADLINE_SERVES_MS) {
      this.release();
      const deadline = clock.deadline(silenceMaxMs, signal);
      deadline.signal.addEventListener('abort', () => this.#wake(), { once: true });
      this.#patience = { deadline, signal, sinceMs: nowMs };
    }
    return this.#patience.deadline.signal;
  }

  #decode(data: Buffer): Buffer {
    try {
      return this.#answer.push(data);
    } catch (error) {
      throw new Fault<ErrorCode>(
        'docker_error',
        `the Docker Engine's answer to GET ${this.#request.path} is not understood`,
        {
          cause: error,
        },
      );
    }
  }

  async #refusal(first: Buffer | undefined, signal: AbortSignal): Promise<Fault<ErrorCode>> {
    const parts: Buffer[] = [];
    let sizeBytes = 0;
    for (let part = first; part !== undefined && sizeBytes < REFUSAL_MAX_BYTES; part = await this.read(signal)) {
      parts.push(Buffer.from(part));
      sizeBytes += part.length;
    }
    const said = saidIn(Buffer.concat(parts).toString('utf8'));
    return faultOfStatus(this.#answer.status, said, `GET ${this.#request.path}`);
  }

  #fault(error: unknown): Fault<ErrorCode> {
    return faultOfSocket(error, this.#request.socketPath);
  }
}

// {"message":"No such container: x"}
function saidIn(body: string): string {
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed && typeof parsed.message === 'string')
      return parsed.message;
  } catch {
    // A proxy in front of the socket may answer in any form.
  }
  return body;
}
