// The one error class for failures that were foreseen: what went wrong, as a stable code and a sentence.
import { inspect } from 'node:util';

/**
 * A foreseen failure. `code` is stable and documented (docs/errors.md); `message` says what happened and what to do about it,
 * and must not contain a secret. Anything thrown that is not a Fault is a bug.
 */
export class Fault<Code extends string = string> extends Error {
  override readonly name = 'Fault';
  readonly code: Code;
  readonly details: unknown;

  constructor(code: Code, message: string, options: { readonly cause?: unknown; readonly details?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.details = options.details;
  }
}

/** The text of whatever was thrown, with the texts of its causes: an operator needs the innermost one most. */
export function describeError(thrown: unknown): string {
  const parts: string[] = [];
  let current: unknown = thrown;
  for (let depth = 0; current !== undefined && depth < 5; depth += 1) {
    const text =
      current instanceof Error ? errorText(current) : typeof current === 'string' ? current : inspect(current);
    if (text !== '' && !parts.some((part) => part.includes(text))) parts.push(text);
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}

function errorText(error: Error): string {
  // Node's AggregateError (several addresses tried, all failed) has an empty message of its own.
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map((inner: unknown) => (inner instanceof Error ? inner.message : String(inner))).join('; ');
  }
  return error.message === '' ? error.name : error.message;
}
