// Redacts a corpus of JSON lines, one record per line, as `status-panel redact --jsonl` reads and writes them. Pure.

import { z } from 'zod';
import { createRedactor, type RedactorOptions } from './redactor.ts';

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

/** One input line → one output line, or an error that names the line and never quotes it. */
export function redactJsonLine(line: string, lineNumber: number, options: RedactorOptions = {}): JsonlAnswer {
  const value = parsed(line);
  if (value === undefined) return failure(lineNumber, 'not valid JSON');
  const record = Record.safeParse(value);
  if (!record.success) {
    const issue = record.error.issues[0];
    return failure(lineNumber, `not a record: ${issue?.path.join('.') || 'record'}: ${issue?.message ?? 'invalid'}`);
  }
  const { id, chunks, env } = record.data;
  const text = chunks === undefined || chunks.length === 0 ? record.data.text : chunks.join('');
  const redactor = createRedactor({ ...options, env: { ...options.env, ...env } });
  const lines = redactor.lines(text.split('\n'));
  return { output: JSON.stringify({ id, text: lines.map((redacted) => redacted.text).join('\n') }) };
}

/** Blank lines are skipped; a malformed line yields an error and does not stop the others. */
export function* redactJsonl(input: string, options: RedactorOptions = {}): Generator<JsonlAnswer> {
  for (const [index, line] of input.split('\n').entries()) {
    if (line.trim() !== '') yield redactJsonLine(line, index + 1, options);
  }
}
