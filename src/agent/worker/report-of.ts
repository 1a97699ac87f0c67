// Builds the report of a command: valid for the server, within its size, without a byte it cannot store (REQUIREMENTS A6). Pure.
import { z } from 'zod';
import type { Outcome } from '../../commands/definition.ts';
import type { Registry } from '../../commands/registry.ts';
import { type CommandEnvelope, commandParameters } from '../../protocol/command-envelope.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { LIMITS } from '../../protocol/limits.ts';
import type { Report, ReportError } from '../../protocol/report.ts';
import { wireText } from '../../protocol/text.ts';

export interface Times {
  /** Milliseconds since the epoch, by the server's clock; undefined when the command never ran. */
  readonly startedMs: number | undefined;
  readonly completedMs: number;
}

export interface ReportMaker {
  readonly registry: Registry;
  readonly agentVersion: string;
  /** Strips secrets from the texts of errors, those of the report and those that the result names. */
  readonly mask: (text: string) => string;
}

/** The report as the bytes to sign and send. One that would be too large is replaced by a failure that says so. */
export function reportOf(maker: ReportMaker, envelope: CommandEnvelope, outcome: Outcome, times: Times): string {
  const body = encode(maker, envelope, outcome, times);
  if (Buffer.byteLength(body) <= LIMITS.reportMaxBytes) return body;
  const message = `the result is ${Buffer.byteLength(body)} bytes, the server takes ${LIMITS.reportMaxBytes}`;
  return encode(maker, envelope, failure(maker.registry, envelope, 'report_too_large', message), times);
}

/** The outcome of a command that has none of its own. */
export function failure(
  registry: Registry,
  envelope: CommandEnvelope,
  code: ErrorCode,
  message: string,
  details?: unknown,
): Outcome {
  const command = registry.get(envelope.type);
  const parameters = commandParameters(envelope.parameters);
  return {
    result: command === undefined ? null : command.failed(parameters, envelope.deployment_hash),
    errors: [{ code, message, ...(details === undefined ? {} : { details }) }],
  };
}

function encode(maker: ReportMaker, envelope: CommandEnvelope, outcome: Outcome, times: Times): string {
  const errors = outcome.errors.slice(0, LIMITS.errorsMaxCount).map((error) => tidy(maker, error));
  const failed = errors.length > 0;
  const report: Report = {
    command_id: envelope.command_id,
    deployment_hash: envelope.deployment_hash,
    status: failed ? 'failed' : 'success',
    command_status: failed ? 'failed' : 'completed',
    // The lines of logs were masked as they were read, and are too many to be gone through again.
    result: envelope.type === 'logs' ? outcome.result : withMaskedQuotes(maker, outcome.result),
    error: failed ? cut(errors.map((error) => `${error.code}: ${error.message}`).join('; ')) : null,
    ...(failed ? { errors } : {}),
    ...(times.startedMs === undefined ? {} : { started_at: new Date(times.startedMs).toISOString() }),
    completed_at: new Date(times.completedMs).toISOString(),
    executed_by: `status-panel/${maker.agentVersion}`,
  };
  // A call for each of a page's values costs more than all the rest: only a report that has such characters is gone through.
  const body = JSON.stringify(report);
  return UNSTORABLE.test(body) ? JSON.stringify(report, (_, value: unknown) => wireValue(value)) : body;
}

/** NUL and lone surrogates as JSON writes them, also where a text only looks so. */
const UNSTORABLE = /\\u(?:0000|d[89a-f])/u;

// Keys can come from the host as well: names of networks and labels.
function wireValue(value: unknown): unknown {
  if (typeof value === 'string') return wireText(value);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  if (entries.every(([key]) => wireText(key) === key)) return value;
  return Object.fromEntries(entries.map(([key, inner]) => [wireText(key), inner]));
}

/** Where a result quotes the engine: its errors, and why a state or figures are missing. Everything else in it the commands have put together. */
function withMaskedQuotes(maker: ReportMaker, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((inner) => withMaskedQuotes(maker, inner));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]): [string, unknown] => [
    key,
    key === 'errors'
      ? maskedErrors(maker, inner)
      : quotes(key, inner)
        ? cut(maker.mask(inner))
        : withMaskedQuotes(maker, inner),
  ]);
  return Object.fromEntries(entries);
}

function quotes(key: string, value: unknown): value is string {
  return typeof value === 'string' && key.endsWith('_unavailable');
}

const errorLike = z.array(z.object({ code: z.string(), message: z.string(), details: z.unknown().optional() }));

function maskedErrors(maker: ReportMaker, value: unknown): unknown {
  const errors = errorLike.safeParse(value);
  if (!errors.success) return masked(value, maker);
  return errors.data.slice(0, LIMITS.errorsMaxCount).map((error) => tidy(maker, error));
}

function tidy(maker: ReportMaker, error: ReportError): ReportError {
  const { code, message, details } = error;
  return {
    code,
    message: cut(maker.mask(message)),
    ...(details === undefined ? {} : { details: masked(details, maker) }),
  };
}

function masked(value: unknown, maker: ReportMaker): unknown {
  if (typeof value === 'string') return maker.mask(value);
  if (Array.isArray(value)) return value.map((inner) => masked(inner, maker));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, maskedUnder(key, inner, maker)]));
}

// `{"password": "x"}`: the name says what the value alone does not, so both are shown to the mask together, as JSON.
function maskedUnder(key: string, value: unknown, maker: ReportMaker): unknown {
  if (typeof value === 'object') return masked(value, maker);
  try {
    const json: unknown = JSON.parse(maker.mask(JSON.stringify({ [key]: value })));
    const found: unknown = typeof json === 'object' && json !== null ? Object.values(json)[0] : undefined;
    return found;
  } catch {
    return maker.mask(typeof value === 'string' ? value : '');
  }
}

function cut(message: string): string {
  return message.length <= LIMITS.messageMaxChars ? message : `${message.slice(0, LIMITS.messageMaxChars - 1)}…`;
}
