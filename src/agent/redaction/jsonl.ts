// Redacts a corpus of JSON lines, one record per line, as `status-panel redact --jsonl` reads and writes them. Pure.

import { z } from 'zod';
import { createRedactor, type Redactor, type RedactorOptions } from './redactor.ts';

const LONGEST_TEXT = 64 * 1024 * 1024;
const MOST_CHUNKS = 100_000;

const Record = z.object({
  id: z.union([z.string().max(1024), z.number()]),
  text: z.string().max(LONGEST_TEXT),
  chunks: z.array(z.string().max(LONGEST_TEXT)).max(MOST_CHUNKS).optional(),
  env: z.record(z.string().max(4096), z.string().max(1_048_576)).optional(),
});

export type JsonlAnswer = { readonly output: string } | { readonly error: string; readonly lineNumber: number };

function failure(lineNumber: number, reason: string): JsonlAnswer {
  return { lineNumber, error: `line ${lineNumber}: ${reason}` };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Most records have no environment: theirs is one redactor for all. */
const plain = new WeakMap<RedactorOptions, Redactor>();

function redactorFor(env: Readonly<Record<string, string>> | undefined, options: RedactorOptions): Redactor {
  if (env !== undefined) return createRedactor({ ...options, env: { ...options.env, ...env } });
  const known = plain.get(options) ?? createRedactor(options);
  plain.set(options, known);
  return known;
}

/** Docker stamps every partial message when it is asked for timestamps: those inside a line are its, not the line's. */
const STAMP = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?Z /;

function joined(chunks: readonly string[], text: string): string {
  const whole = chunks.join('');
  if (whole === text) return whole;
  const unstamped = chunks.map((chunk) => chunk.replace(STAMP, '')).join('');
  return unstamped === text ? unstamped : whole;
}

const NO_OPTIONS: RedactorOptions = {};

/** One input line → one output line, or an error that names the line and never quotes it. */
export function redactJsonLine(line: string, lineNumber: number, options: RedactorOptions = NO_OPTIONS): JsonlAnswer {
  const value = parsed(line);
  if (value === undefined) return failure(lineNumber, 'not valid JSON');
  const record = Record.safeParse(value);
  if (!record.success) {
    const issue = record.error.issues[0];
    return failure(lineNumber, `not a record: ${issue?.path.join('.') || 'record'}: ${issue?.message ?? 'invalid'}`);
  }
  const { id, chunks, env } = record.data;
  const text = chunks === undefined || chunks.length === 0 ? record.data.text : joined(chunks, record.data.text);
  const redactor = redactorFor(env, options);
  const lines = redactor.lines(text.split('\n'));
  return { output: JSON.stringify({ id, text: lines.map((redacted) => redacted.text).join('\n') }) };
}
