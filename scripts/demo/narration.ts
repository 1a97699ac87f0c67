// How the demo tells what happens: short lines a person can follow, reports as a table instead of JSON.
import process from 'node:process';
import { z } from 'zod';
import type { FinishedCommand } from '../parts/control-plane-client.ts';

const colours = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;

function paint(code: number, text: string): string {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export function heading(text: string): void {
  console.log(`\n${paint(1, text)}`);
}

export function say(what: string, text: string): void {
  console.log(`    ${what.padEnd(14)} ${text}`);
}

const reading = z.object({
  app_code: z.string().optional(),
  container_state: z.string().optional(),
  status: z.string().optional(),
  cpu_pct: z.number().optional(),
  mem_mb: z.number().optional(),
  restart_count: z.number().optional(),
});
const healthResult = reading.extend({
  metrics: reading.extend({ containers: z.array(reading).optional() }).nullable(),
});
const logsResult = z.object({
  lines: z.array(z.object({ ts: z.string(), stream: z.string(), message: z.string(), redacted: z.boolean() })),
});
const changeResult = z.object({ app_code: z.string(), status: z.string(), container_state: z.string() });
const failure = z.object({ errors: z.array(z.object({ code: z.string(), message: z.string() })) });

export function describeCommand(type: string, parameters: unknown, outcome: FinishedCommand, tookMs: number): void {
  console.log(paint(2, `    ${type} ${JSON.stringify(parameters)}`));
  if (outcome.status === 'failed') describeFailure(outcome.error);
  else if (type === 'health') describeHealth(outcome.result);
  else if (type === 'logs') describeLogs(outcome.result);
  else describeChange(outcome.result);
  console.log(paint(2, `    ${outcome.status}, from the request to the stored report ${Math.round(tookMs)} ms`));
}

function describeHealth(result: unknown): void {
  const health = healthResult.parse(result);
  const rows = health.metrics?.containers ?? [{ ...health.metrics, ...health, metrics: undefined }];
  for (const row of rows) {
    const usage =
      row.cpu_pct === undefined ? '' : `cpu ${row.cpu_pct.toFixed(2)} %   memory ${row.mem_mb?.toFixed(1) ?? '?'} MiB`;
    const health = paint(row.status === 'ok' ? 32 : 31, (row.status ?? '').padEnd(10));
    console.log(`    ${(row.app_code ?? '').padEnd(8)} ${(row.container_state ?? '').padEnd(10)} ${health} ${usage}`);
  }
}

function describeLogs(result: unknown): void {
  const { lines } = logsResult.parse(result);
  for (const line of lines) {
    const message = line.message.replaceAll(/\*\*\*REDACTED:[a-z_]+\*\*\*/g, (mark) => paint(33, mark));
    console.log(`    ${line.ts.slice(11, 23)}  ${line.stream}  ${message}`);
  }
  const masked = lines.filter((line) => line.redacted).length;
  console.log(`    ${masked} of ${lines.length} lines held a secret, which stayed on this host`);
}

function describeChange(result: unknown): void {
  const change = changeResult.parse(result);
  console.log(`    ${change.app_code}: ${change.status}, the container is ${change.container_state}`);
}

function describeFailure(error: unknown): void {
  const parsed = failure.safeParse(error);
  for (const { code, message } of parsed.success ? parsed.data.errors : [])
    console.log(`    ${paint(31, code)}: ${message}`);
}
