// docs/errors.md: every code a person can meet, with its meaning and what to do.
import { EXIT } from '../../src/cli/exit-code.ts';
import { PROBLEMS } from '../../src/control-plane/http/problem.ts';
import { ERROR_CODES } from '../../src/protocol/error-code.ts';
import { code, page, table } from './markdown.ts';

export function errorsPage(): string {
  return page(
    'Errors',
    '## In a report',
    `A command that failed is reported with \`status: "failed"\` and \`errors: [{code, message, details?}]\`. The code is stable; the message is for
a person and says what was found on this host.`,
    table(
      ['code', 'meaning', 'what to do'],
      Object.entries(ERROR_CODES).map(([name, entry]) => [code(name), entry.meaning, entry.action]),
    ),
    '## Exit codes of status-panel',
    table(
      ['exit code', 'meaning'],
      Object.values(EXIT).map((exit) => [code(String(exit.code)), exit.meaning]),
    ),
    '## Answers of the control plane',
    'The body of every fault is `{"message": …, "code": …}`. The production server sends only `message`, mostly with status 400.',
    table(
      ['code', 'status', 'meaning', 'what to do'],
      Object.entries(PROBLEMS).map(([name, entry]) => [code(name), String(entry.status), entry.meaning, entry.action]),
    ),
  );
}
