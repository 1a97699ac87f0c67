// status-panel redact: standard input through the redactor to standard output, for trying out what would leave the host.
import { redactJsonl } from '../agent/redaction/jsonl.ts';
import { createRedactor } from '../agent/redaction/redactor.ts';
import { readCommandLine } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import { readAll, type Terminal } from './terminal.ts';

export async function redact(terminal: Terminal): Promise<ExitName> {
  const { switches } = readCommandLine(terminal, REDACT_FLAGS);
  const input = await readAll(terminal);
  if (switches.has('jsonl')) {
    for (const answer of redactJsonl(input)) {
      if ('output' in answer) terminal.out(`${answer.output}\n`);
      else terminal.err(`${answer.error}\n`);
    }
    return 'ok';
  }
  const endsWithLineFeed = input.endsWith('\n');
  const lines = (endsWithLineFeed ? input.slice(0, -1) : input).split('\n');
  if (input === '') return 'ok';
  const redacted = createRedactor().lines(lines);
  terminal.out(redacted.map((line) => line.text).join('\n') + (endsWithLineFeed ? '\n' : ''));
  return 'ok';
}

const REDACT_FLAGS = {
  jsonl: {
    kind: 'switch',
    meaning: 'Read {"id","text","chunks"?,"env"?} lines and write {"id","text"} lines.',
  },
} as const;
