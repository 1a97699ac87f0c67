// What a command is: its parameters, result, access, deadline and behaviour after a crash, in one value.
import { z } from 'zod';
import { Fault } from '../platform/fault.ts';
import type { ErrorCode } from '../protocol/error-code.ts';
import type { ReportError } from '../protocol/report.ts';
import type { CommandContext, Evidence } from './context.ts';

/** A command's outcome as it is reported: `result` is valid for the server in success and in failure (PROTOCOL.md §4.4). */
export interface Outcome<Result = unknown> {
  readonly result: Result;
  /** Empty for a success. */
  readonly errors: readonly ReportError[];
}

/** Nothing to report yet: the command goes on without this process, and the next one finds out how it ended. */
export const CONTINUES = 'continues-after-restart';
export type Continues = typeof CONTINUES;

/** Who a command is about, as far as that could be read: what a failure's result needs. */
export interface Subject {
  readonly deploymentHash: string;
  readonly appCode: string;
}

/** What an investigation after a crash found: the outcome, that the effect certainly did not happen, or {@link CONTINUES}. */
export type Finding<Result> =
  | { readonly kind: 'happened'; readonly outcome: Outcome<Result> }
  | { readonly kind: 'not-happened' }
  | { readonly kind: 'continues' };

export interface CommandDefinition<Parameters, Result> {
  readonly type: string;
  /** One sentence for docs/commands.md. */
  readonly summary: string;
  /** What it does to the host through its ports, one sentence for a security reviewer. */
  readonly effect: string;
  readonly access: 'read' | 'change';
  /** The capability string that promises this command to a dashboard, if any (REQUIREMENTS, capability map). */
  readonly capability: string | undefined;
  readonly deadlineMs: { readonly normal: number; readonly max: number };
  readonly parameters: z.ZodType<Parameters>;
  readonly result: z.ZodType<Result>;
  readonly example: { readonly parameters: unknown; readonly result: unknown };
  /** Commands with the same lane run one after another. */
  readonly lane: (parameters: Parameters) => string;
  /** Foreseen failures are thrown as Fault, or returned with a result that says more than `failed` could. */
  readonly run: (
    parameters: Parameters,
    context: CommandContext,
    signal: AbortSignal,
  ) => Promise<Outcome<Result> | Continues>;
  /** The result to report when there is none. */
  readonly failed: (subject: Subject) => Result;
  /** Changing commands only: after a crash between `beforeEffect` and the report, finds out what is true. */
  readonly investigate?: (
    parameters: Parameters,
    evidence: Evidence,
    context: CommandContext,
    signal: AbortSignal,
  ) => Promise<Finding<Result>>;
}

/** A command whose parameters were read: what remains is to run it. */
export interface PreparedCommand {
  readonly lane: string;
  readonly subject: Subject;
  run(context: CommandContext, signal: AbortSignal): Promise<Outcome | Continues>;
  investigate(evidence: Evidence, context: CommandContext, signal: AbortSignal): Promise<Finding<unknown>>;
}

/** A definition with its types closed over, so that commands of different shapes fit in one registry. */
export interface Command {
  readonly type: string;
  readonly summary: string;
  readonly effect: string;
  readonly access: 'read' | 'change';
  readonly capability: string | undefined;
  readonly deadlineMs: { readonly normal: number; readonly max: number };
  readonly parameters: z.ZodType;
  readonly result: z.ZodType;
  readonly example: { readonly parameters: unknown; readonly result: unknown };
  /** Throws Fault invalid_parameters that names the path of each fault. */
  prepare(parameters: unknown, deploymentHash: string): PreparedCommand;
  failed(parameters: unknown, deploymentHash: string): unknown;
}

export function defineCommand<Parameters, Result>(definition: CommandDefinition<Parameters, Result>): Command {
  return {
    type: definition.type,
    summary: definition.summary,
    effect: definition.effect,
    access: definition.access,
    capability: definition.capability,
    deadlineMs: definition.deadlineMs,
    parameters: definition.parameters,
    result: definition.result,
    example: definition.example,
    prepare: (raw, deploymentHash) => prepare(definition, raw, deploymentHash),
    failed: (raw, deploymentHash) => definition.failed(subjectOf(raw, deploymentHash)),
  };
}

function prepare<Parameters, Result>(
  definition: CommandDefinition<Parameters, Result>,
  raw: unknown,
  deploymentHash: string,
): PreparedCommand {
  const parsed = definition.parameters.safeParse(raw);
  if (!parsed.success) throw invalidParameters(parsed.error);
  const parameters = parsed.data;
  const { investigate } = definition;
  return {
    lane: definition.lane(parameters),
    subject: subjectOf(raw, deploymentHash),
    run: (context, signal) => definition.run(parameters, context, signal),
    investigate: async (evidence, context, signal) =>
      investigate === undefined ? { kind: 'not-happened' } : await investigate(parameters, evidence, context, signal),
  };
}

function invalidParameters(error: z.ZodError): Fault<ErrorCode> {
  const faults = error.issues.slice(0, 10).map((issue) => `${issue.path.join('.') || 'parameters'}: ${issue.message}`);
  return new Fault<ErrorCode>('invalid_parameters', faults.join('; '), {
    details: error.issues.slice(0, 10).map((issue) => ({ path: issue.path.join('.'), message: issue.message })),
  });
}

const appCodeOnly = z.object({ app_code: z.string().min(1).max(255) });

// A failed health, logs or restart must name a non-blank app_code, or the server refuses the report (PROTOCOL.md §4.4).
function subjectOf(raw: unknown, deploymentHash: string): Subject {
  const parsed = appCodeOnly.safeParse(raw);
  const appCode = parsed.success ? parsed.data.app_code.trim() : '';
  return { deploymentHash, appCode: appCode === '' ? 'all' : appCode };
}
