// Results that reports must carry: strict for health, logs and restart, anything for the rest (PROTOCOL.md §4.4). Pure.
import { z } from 'zod';
import { Fault } from '../../platform/fault.ts';
import { LIMITS } from '../../protocol/limits.ts';
import { timestamp } from '../../protocol/text.ts';

// A line may be as long as a whole report: the limit that matters is that of the body.
const longText = z.string().max(LIMITS.reportMaxBytes);
const appCode = z
  .string()
  .max(LIMITS.appCodeMaxChars)
  .refine((code) => code.trim() !== '', 'must not be blank');
const containerState = z.enum(['running', 'exited', 'starting', 'failed', 'unknown']);
const resultError = z.object({ code: z.string().max(255), message: longText, details: z.unknown().optional() });
// Missing is fine, null is not.
const errors = z.array(resultError).max(LIMITS.errorsMaxCount).default([]);

const logLine = z.object({
  ts: timestamp,
  stream: z.enum(['stdout', 'stderr']),
  message: longText,
  redacted: z.boolean().default(false),
});

function schemaFor(type: string, deploymentHash: string): z.ZodType | undefined {
  const deployment_hash = z.literal(deploymentHash, { error: 'is not the deployment_hash of the command' });
  switch (type) {
    case 'health':
      return z.object({
        type: z.literal('health'),
        deployment_hash,
        app_code: appCode,
        status: z.enum(['ok', 'unhealthy', 'unknown']),
        container_state: containerState,
        last_heartbeat_at: timestamp.nullish(),
        metrics: z.record(z.string().max(255), z.unknown()).nullish(),
        errors,
      });
    case 'logs':
      return z.object({
        type: z.literal('logs'),
        deployment_hash,
        app_code: appCode,
        cursor: z.string().max(LIMITS.cursorMaxChars).nullish(),
        lines: z.array(logLine).max(LIMITS.logLinesMaxCount).default([]),
        truncated: z.boolean().default(false),
      });
    case 'restart':
      return z.object({
        type: z.literal('restart'),
        deployment_hash,
        app_code: appCode,
        status: z.enum(['ok', 'failed']),
        container_state: containerState,
        errors,
      });
    default:
      return undefined;
  }
}

const FAULTS_SHOWN = 5;

/**
 * What is stored as a command's result. Known types are stored without unknown keys; every other type as it came, or
 * `{"status": …}` when there was none. Fault invalid_result: the command then stays open, also if it was reported as failed.
 */
export function acceptedResult(type: string, deploymentHash: string, result: unknown, status: string): unknown {
  const schema = schemaFor(type, deploymentHash);
  if (schema === undefined) return result ?? { status };
  if (result === null || result === undefined) {
    throw new Fault('invalid_result', `${type} result payload is required: send one, also for a command that failed`);
  }
  const parsed = schema.safeParse(result);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, FAULTS_SHOWN)
    .map((issue) => `${['result', ...issue.path].join('.')}: ${issue.message}`);
  throw new Fault('invalid_result', faults.join('; '));
}
