// What a failed request to the engine means for the caller: a code and a sentence that says what to check. Pure.
import { describeError, Fault } from '../../platform/fault.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';

// docker-modem puts the status into `statusCode` and the engine's sentence into the message.
export function faultOfAnswer(error: unknown, what: string): Fault<ErrorCode> | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  return faultOfStatus(error.statusCode, error.message.replace(/^\(HTTP code \d+\) \w+ - /u, ''), what, error);
}

/** `said` is the engine's own sentence. */
export function faultOfStatus(status: number, said: string, what: string, cause?: unknown): Fault<ErrorCode> {
  const sentence = said.trim().slice(0, SENTENCE_MAX_CHARS);
  if (status === 404 && /no such container/iu.test(sentence)) {
    return new Fault('container_not_found', sentence, { cause });
  }
  if (/does not support reading/iu.test(sentence)) return new Fault('logs_unavailable', sentence, { cause });
  return new Fault('docker_error', `the Docker Engine answered ${what} with ${status}: ${sentence}`, { cause });
}

const SENTENCE_MAX_CHARS = 500;

const SOCKET_HINTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such socket: is Docker installed and running?',
  ECONNREFUSED: 'nothing listens on it: is the Docker Engine running?',
  EACCES: "the agent may not open it: add its user to the socket's group",
};

export function faultOfSocket(error: unknown, socketPath: string): Fault<ErrorCode> {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  const hint = SOCKET_HINTS[code] ?? `the connection broke off: ${describeError(error)}`;
  return new Fault('docker_unavailable', `Docker Engine at ${socketPath}: ${hint}`, { cause: error });
}
