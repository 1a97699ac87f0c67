// Parameters of the commands the queue understands, checked and defaulted before they are stored (PROTOCOL.md §4.3). Pure.
import { z } from 'zod';
import { Fault } from '../../platform/fault.ts';
import { LIMITS } from '../../protocol/limits.ts';

const appCode = z.string().trim().min(1, 'must name an app').max(LIMITS.appCodeMaxChars);
const container = z.string().trim().min(1).max(LIMITS.containerNameMaxChars).optional();
const stream = z.enum(['stdout', 'stderr']);

const LOG_LINES_DEFAULT_COUNT = 400;

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  health: z.object({
    app_code: appCode.default('all'),
    container,
    include_metrics: z.boolean().default(true),
    include_system: z.boolean().default(false),
  }),
  logs: z.object({
    app_code: appCode,
    container,
    cursor: z.string().min(1).max(LIMITS.cursorMaxChars).nullish(),
    limit: z.int().min(1).max(LIMITS.logLinesMaxCount).default(LOG_LINES_DEFAULT_COUNT),
    streams: z
      .array(stream)
      .max(2)
      .default([])
      .transform((streams) => (streams.length === 0 ? stream.options : streams)),
    redact: z.boolean().default(true),
  }),
  restart: z.object({ app_code: appCode, container, force: z.boolean().default(false) }),
};

const FAULTS_SHOWN = 5;

/**
 * What is stored as a command's parameters: for known types with defaults filled in and unknown keys removed, for any other type as
 * they came. Fault invalid_request with the path of each fault.
 */
export function normaliseParameters(type: string, parameters: unknown): unknown {
  const schema = Object.hasOwn(SCHEMAS, type) ? SCHEMAS[type] : undefined;
  if (schema === undefined) return parameters ?? null;
  const parsed = schema.safeParse(parameters ?? {});
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, FAULTS_SHOWN)
    .map((issue) => `${['parameters', ...issue.path].join('.')}: ${issue.message}`);
  throw new Fault('invalid_request', faults.join('; '));
}
