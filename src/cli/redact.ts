// status-panel redact: standard input through the redactor to standard output, for trying out what would leave the host.
import { loadPolicy } from '../agent/policy/policy.ts';
import { settledCount } from '../agent/redaction/blocks.ts';
import { redactJsonLine } from '../agent/redaction/jsonl.ts';
import { ownerRulesOf } from '../agent/redaction/owner-rules.ts';
import { createRedactor, type RedactorOptions } from '../agent/redaction/redactor.ts';
import { MASKED_LINE } from '../agent/redaction/spans.ts';
import { readCommandLine } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import { inputLines } from './input-lines.ts';
import type { Terminal } from './terminal.ts';

/** A record may hold a log of many lines, escaped; Node's longest string is eight times this. */
const LINE_MAX_BYTES = 64 * 1024 * 1024;
/** Lines are redacted together, because a key runs over several; from so many characters on what is settled goes out. */
const BATCH_LENGTH = 1024 * 1024;
/** A batch in which nothing is settled, one endless key for example, goes out all the same. */
const BATCH_MAX_LENGTH = 8 * BATCH_LENGTH;

/** The owner's additions in the policy file apply, so that they can be tried out here. */
export async function redact(terminal: Terminal): Promise<ExitName> {
  const { places, switches } = readCommandLine(terminal, REDACT_FLAGS);
  const { names, values, patterns, maskEmails } = ownerRulesOf(loadPolicy(places.policyFile));
  const options = { extraNames: names, ownerValues: values, ownerPatterns: patterns, maskEmails };
  return switches.has('jsonl') ? await redactRecords(terminal, options) : await redactText(terminal, options);
}

async function redactRecords(terminal: Terminal, options: RedactorOptions): Promise<ExitName> {
  let faulty = false;
  for await (const lines of inputLines(terminal.stdin, LINE_MAX_BYTES)) {
    let output = '';
    for (const { number, text } of lines) {
      if (text?.trim() === '') continue;
      const answer =
        text === undefined
          ? { error: `line ${number}: longer than ${LINE_MAX_BYTES} bytes` }
          : redactJsonLine(text, number, options);
      if ('output' in answer) output += `${answer.output}\n`;
      else {
        faulty = true;
        terminal.err(`${answer.error}\n`);
      }
    }
    if (output !== '' && !(await terminal.print(output))) break;
  }
  return faulty ? 'bad_data' : 'ok';
}

async function redactText(terminal: Terminal, options: RedactorOptions): Promise<ExitName> {
  const redactor = createRedactor(options);
  const ends = new LineEnds(terminal.stdin);
  const waiting: string[] = [];
  let length = 0;
  let started = false;
  // Every line but the first is preceded by a line feed: so the last one keeps the end that it had, or had not.
  const settle = async (count: number): Promise<boolean> => {
    const masked = redactor.lines(waiting.splice(0, count)).map((line) => line.text);
    length = waiting.reduce((sum, line) => sum + line.length, 0);
    const text = (started ? '\n' : '') + masked.join('\n');
    started = true;
    return masked.length === 0 || (await terminal.print(text));
  };
  for await (const lines of inputLines(ends.chunks(), LINE_MAX_BYTES)) {
    for (const { text } of lines) waiting.push(text ?? MASKED_LINE);
    length += lines.reduce((sum, line) => sum + (line.text?.length ?? 0), 0);
    if (length < BATCH_LENGTH) continue;
    const settled = settledCount(waiting);
    const count = settled === 0 && length > BATCH_MAX_LENGTH ? waiting.length : settled;
    if (count > 0 && !(await settle(count))) return 'ok';
  }
  await settle(waiting.length);
  if (ends.withLineFeed) await terminal.print('\n');
  return 'ok';
}

/** Remembers whether the input ended with a line feed. */
class LineEnds {
  readonly #chunks: AsyncIterable<Buffer>;
  withLineFeed = false;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks;
  }

  async *chunks(): AsyncGenerator<Buffer> {
    for await (const chunk of this.#chunks) {
      if (chunk.length > 0) this.withLineFeed = chunk.at(-1) === 10;
      yield chunk;
    }
  }
}

const REDACT_FLAGS = {
  jsonl: {
    kind: 'switch',
    meaning: 'Read {"id","text","chunks"?,"env"?} lines and write {"id","text"} lines.',
  },
} as const;
