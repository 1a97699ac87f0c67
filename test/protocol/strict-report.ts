// The report validator of the production server, written again from its description: what it would refuse or lose fails a test.
import { expect } from 'vitest';
import { z } from 'zod';

const BODY_MAX_BYTES = 2_097_152;
/** serde_json refuses deeper nesting. */
const DEPTH_MAX = 128;

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/u;
const moment = z
  .string()
  .refine((text) => RFC3339.test(text) && !Number.isNaN(Date.parse(text)), 'is not RFC 3339 with an offset');
const nonBlank = z.string().refine((text) => text.trim() !== '', 'is blank');
const errorItem = z.strictObject({ code: z.string(), message: z.string(), details: z.unknown().optional() });
// A list with a default: absent is taken, null is not.
const errorList = z.array(errorItem).optional();
const containerState = z.enum(['running', 'exited', 'starting', 'failed', 'unknown']);

// Unknown keys are taken and lost by the server: strict objects, because a report must not say what nobody will read.
function resultSchemas(deploymentHash: string): Readonly<Record<string, z.ZodType>> {
  const deployment_hash = z.literal(deploymentHash);
  return {
    health: z.strictObject({
      type: z.literal('health'),
      deployment_hash,
      app_code: nonBlank,
      status: z.enum(['ok', 'unhealthy', 'unknown']),
      container_state: containerState,
      last_heartbeat_at: moment.nullish(),
      metrics: z.record(z.string(), z.unknown()).nullish(),
      errors: errorList,
    }),
    logs: z.strictObject({
      type: z.literal('logs'),
      deployment_hash,
      app_code: nonBlank,
      cursor: z.string().nullish(),
      lines: z
        .array(
          z.strictObject({
            ts: moment,
            stream: z.enum(['stdout', 'stderr']),
            message: z.string(),
            redacted: z.boolean().optional(),
          }),
        )
        .max(1_000)
        .optional(),
      truncated: z.boolean().optional(),
    }),
    restart: z.strictObject({
      type: z.literal('restart'),
      deployment_hash,
      app_code: nonBlank,
      status: z.enum(['ok', 'failed']),
      container_state: containerState,
      errors: errorList,
    }),
  };
}

const reportBody = z.strictObject({
  command_id: z.string().min(1).max(64),
  deployment_hash: z.string().min(1).max(128),
  status: z.string(),
  command_status: z
    .string()
    .refine((word) => ['completed', 'failed'].includes(word.toLowerCase()), 'is neither "completed" nor "failed"')
    .nullish(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
  errors: z.array(errorItem).nullish(),
  started_at: moment.nullish(),
  completed_at: moment,
  executed_by: z.string().nullish(),
});
type ReportBody = z.infer<typeof reportBody>;

/**
 * Throws with every fault the server would find, and with what it would take but show wrongly. `commandType` is the type of the
 * command that is answered; without it the result's own `type` decides which result is demanded.
 */
export function assertValidReport(body: string, commandType?: string): void {
  expect(reportFaults(body, commandType), `of the report ${body.slice(0, 2_000)}`).toEqual([]);
}

/** The same as a list of sentences, empty for a report that is valid. */
export function reportFaults(body: string, commandType?: string): readonly string[] {
  const sizeBytes = Buffer.byteLength(body);
  if (sizeBytes > BODY_MAX_BYTES) return [`body: ${sizeBytes} bytes, the server takes ${BODY_MAX_BYTES}`];
  if (!body.isWellFormed()) return ['body: holds a lone surrogate'];
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return ['body: is not JSON'];
  }
  const faults = [...textFaults(json, 'body', 1)];
  const parsed = reportBody.safeParse(json);
  if (!parsed.success) return [...faults, ...sentences(parsed.error, 'body')];
  return [...faults, ...resultFaults(parsed.data, commandType), ...displayFaults(parsed.data)];
}

function* textFaults(value: unknown, where: string, depth: number): Generator<string> {
  if (depth > DEPTH_MAX) {
    yield `${where.slice(0, 80)}: is nested deeper than ${DEPTH_MAX} levels`;
  } else if (typeof value === 'string') {
    if (value.includes('\u0000')) yield `${where}: holds NUL, which JSONB refuses for ever`;
    if (!value.isWellFormed()) yield `${where}: holds a lone surrogate`;
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      yield* textFaults(key, `${where}, a key`, depth);
      yield* textFaults(inner, `${where}.${key}`, depth + 1);
    }
  }
}

const typed = z.object({ type: z.string() });

function resultFaults(report: ReportBody, commandType: string | undefined): readonly string[] {
  const own = typed.safeParse(report.result);
  const type = commandType ?? (own.success ? own.data.type : '');
  const schemas = resultSchemas(report.deployment_hash);
  const schema = Object.hasOwn(schemas, type) ? schemas[type] : undefined;
  if (schema === undefined) return [];
  if (report.result === null || report.result === undefined) return [`result: ${type} result payload is required`];
  const parsed = schema.safeParse(report.result);
  return parsed.success ? [] : sentences(parsed.error, 'result');
}

const shownAsFailure = z.union([
  z.object({ status: z.enum(['error', 'failed']) }),
  z.object({ success: z.literal(false) }),
  z.object({ ok: z.literal(false) }),
]);

/** Final state as the server derives it, and what its command line makes of it. */
function displayFaults(report: ReportBody): readonly string[] {
  const hasErrors = (report.errors ?? []).length > 0;
  const byStatus = report.status.toLowerCase() === 'failed' || hasErrors ? 'failed' : 'completed';
  const final = report.command_status?.toLowerCase() ?? byStatus;
  if (final === 'failed') {
    return hasErrors || typeof report.error === 'string' ? [] : ['errors: a failure says neither what nor why'];
  }
  const faults: string[] = [];
  if (report.error !== null && report.error !== undefined) faults.push('error: must be null for a success');
  if (hasErrors) faults.push('errors: must be absent for a success');
  if (shownAsFailure.safeParse(report.result).success) faults.push('result: a success that is shown as a failure');
  return faults;
}

function sentences(error: z.ZodError, where: string): readonly string[] {
  return error.issues.map((issue) => `${[where, ...issue.path].join('.')}: ${issue.message}`);
}
