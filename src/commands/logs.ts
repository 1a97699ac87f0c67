// logs: a page of an app's log, with secrets stripped (REQUIREMENTS A4, A5).
import { z } from 'zod';
import { Fault } from '../platform/fault.ts';
import type { ErrorCode } from '../protocol/error-code.ts';
import { LIMITS } from '../protocol/limits.ts';
import { timestamp } from '../protocol/text.ts';
import { appCodeOf, deploymentContainers, resolveContainer } from './container-match.ts';
import type { CommandContext, ContainerSummary, LogStream } from './context.ts';
import { defineCommand, type Outcome } from './definition.ts';
import { decodeCursor, encodeCursor } from './log-cursor.ts';
import { linesAfter, newestLines } from './log-page.ts';
import { reportedLines } from './log-report.ts';
import { container, flag } from './parameters.ts';

const LIMIT_BY_DEFAULT_LINES = 400;

const parameters = z.object({
  // Blank is what MCP callers send (PROTOCOL.md §4.2): it means the only app there is.
  app_code: z.string().trim().max(LIMITS.appCodeMaxChars),
  container,
  cursor: z
    .string()
    .max(LIMITS.cursorMaxChars)
    .nullish()
    .transform((cursor) => (cursor === '' || cursor === null ? undefined : cursor)),
  limit: z
    .int()
    .min(1)
    .max(LIMITS.logLinesMaxCount)
    .nullish()
    .transform((limit) => limit ?? LIMIT_BY_DEFAULT_LINES),
  streams: z
    .array(z.enum(['stdout', 'stderr']))
    .max(2)
    .nullish()
    .transform((streams): readonly LogStream[] =>
      streams === undefined || streams === null || streams.length === 0 ? ['stdout', 'stderr'] : streams,
    ),
  redact: flag(true),
});
type Parameters = z.infer<typeof parameters>;

const result = z.object({
  type: z.literal('logs'),
  deployment_hash: z.string().max(LIMITS.deploymentHashMaxChars),
  app_code: z.string().max(LIMITS.appCodeMaxChars),
  cursor: z.string().max(LIMITS.cursorMaxChars).nullable(),
  lines: z
    .array(
      z.object({
        ts: timestamp,
        stream: z.enum(['stdout', 'stderr']),
        message: z.string().max(LIMITS.logMessageMaxBytes + 100),
        redacted: z.boolean(),
      }),
    )
    .max(LIMITS.logLinesMaxCount),
  truncated: z.boolean(),
});
type Result = z.infer<typeof result>;

async function run(wanted: Parameters, context: CommandContext, signal: AbortSignal): Promise<Outcome<Result>> {
  if (!wanted.redact && !context.allowUnredactedLogs) {
    const message =
      'logs leave this host with secrets stripped; its owner can change that with redaction.allow_unredacted_logs in the policy file';
    throw new Fault<ErrorCode>('not_allowed', message);
  }
  const { docker, cursorKey } = context;
  const chosen = chooseContainer(await docker.list(signal), wanted, context);
  const app = appCodeOf(chosen);
  const from = wanted.cursor === undefined ? undefined : decodeCursor(wanted.cursor, { id: chosen.id, app }, cursorKey);
  const request = {
    containerId: chosen.id,
    streams: new Set(wanted.streams),
    limit: wanted.limit,
    maxChars: LIMITS.reportTargetBytes,
  };
  using page =
    from === undefined
      ? await newestLines(docker, request, signal)
      : await linesAfter(docker, request, from.position, signal);
  const mask = wanted.redact && page.lines.length > 0 ? await context.maskFor(chosen.id, signal) : undefined;
  const lines = await reportedLines(page, mask, context.clock, signal);
  const { position, truncated } = page.settle(lines.length);
  return {
    result: {
      type: 'logs',
      deployment_hash: context.deploymentHash,
      app_code: wanted.app_code === '' ? app : wanted.app_code,
      cursor: encodeCursor({ containerId: chosen.id, app, position }, cursorKey),
      lines: [...lines],
      truncated: truncated || (from?.recreated ?? false),
    },
    errors: [],
  };
}

function chooseContainer(
  containers: readonly ContainerSummary[],
  wanted: Parameters,
  context: CommandContext,
): ContainerSummary {
  if (wanted.app_code !== '' || wanted.container !== undefined) return resolveContainer(containers, wanted, context);
  const mine = deploymentContainers(containers, context);
  if (mine[0] !== undefined && mine.length === 1) return mine[0];
  const apps = [...new Set(mine.map(appCodeOf))];
  throw new Fault<ErrorCode>(
    'invalid_parameters',
    `app_code: must name one app; this deployment has: ${apps.join(', ')}`,
    {
      details: { app_codes: apps },
    },
  );
}

export const logs = defineCommand<Parameters, Result>({
  type: 'logs',
  summary: 'A page of an app’s log, oldest line first: the newest lines, or with a cursor those that follow it.',
  effect: 'Reads the log of one container. Secrets are stripped before the lines leave the host.',
  access: 'read',
  capability: 'logs',
  deadlineMs: { normal: 30_000, max: 300_000 },
  parameters,
  result,
  example: {
    parameters: { app_code: 'web', cursor: null, limit: 400, streams: ['stdout', 'stderr'], redact: true },
    result: {
      type: 'logs',
      deployment_hash: 'dep-abc_123',
      app_code: 'web',
      cursor: 'eyJ2IjoxfQ',
      lines: [{ ts: '2026-01-09T00:00:00.123456789Z', stream: 'stdout', message: 'listening on :80', redacted: false }],
      truncated: false,
    },
  },
  lane: (wanted) => wanted.container ?? wanted.app_code,
  run,
  failed: (subject) => ({
    type: 'logs',
    deployment_hash: subject.deploymentHash,
    app_code: subject.appCode,
    cursor: null,
    lines: [],
    truncated: false,
  }),
});
