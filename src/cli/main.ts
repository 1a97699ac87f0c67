// Chooses the subcommand and turns its faults into a sentence and an exit code.
import { flagName, SETTINGS } from '../agent/config.ts';
import { ROOT_KEY_PEM } from '../agent/update/root-key.ts';
import { fingerprintOf } from '../agent/update/signature.ts';
import { describeError, Fault } from '../platform/fault.ts';
import { VERSION } from '../version.ts';
import type { OwnFlag } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import { fetchStackArchive } from './fetch-stack.ts';
import { redact } from './redact.ts';
import { REGISTER_FLAGS, register } from './register.ts';
import { run } from './run.ts';
import { status } from './status.ts';
import type { Terminal } from './terminal.ts';
import { UPDATE_FLAGS, updateCommand } from './update.ts';

type Subcommand = (terminal: Terminal) => Promise<ExitName>;

export const SUBCOMMANDS: Readonly<Record<string, { readonly run: Subcommand; readonly summary: string }>> = {
  register: { run: register, summary: 'make this host known to a control plane' },
  'fetch-stack': { run: fetchStackArchive, summary: 'download and unpack the archive of the stack that was bought' },
  run: { run, summary: 'run the agent in the foreground' },
  status: { run: status, summary: 'show whether the agent runs, what troubles it, and what waits in its journal' },
  update: { run: updateCommand, summary: 'install another version of this program; --check only looks' },
  redact: {
    run: redact,
    summary: 'strip secrets from standard input, to see what would leave the host; --jsonl for records',
  },
  version: { run: version, summary: 'print the version' },
  help: { run: help, summary: 'print this' },
};

/** Runs the subcommand named by the first word. Faults become a message on stderr; a bug is thrown. */
export async function main(
  words: readonly string[],
  terminalOf: (words: readonly string[]) => Terminal,
): Promise<ExitName> {
  const [name = 'help', ...rest] = words;
  const terminal = terminalOf(rest);
  const wanted = name === '--help' || name === '-h' ? 'help' : name === '--version' ? 'version' : name;
  const subcommand = Object.hasOwn(SUBCOMMANDS, wanted) ? SUBCOMMANDS[wanted] : undefined;
  if (subcommand === undefined) {
    terminal.err(`status-panel: there is no subcommand ${JSON.stringify(name)}; "status-panel help" lists them\n`);
    return 'usage';
  }
  if (rest.includes('--help')) return await help(terminal);
  try {
    return await subcommand.run(terminal);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    for (const line of describeError(error).split('\n')) terminal.err(`status-panel ${wanted}: ${line}\n`);
    return EXIT_OF_FAULT[error.code] ?? 'bug';
  }
}

const EXIT_OF_FAULT: Readonly<Record<string, ExitName>> = {
  usage: 'usage',
  invalid_configuration: 'configuration',
  identity_unreadable: 'configuration',
  not_registered: 'configuration',
  cannot_journal: 'cannot_write',
  cannot_write: 'cannot_write',
  cannot_read: 'cannot_write',
  registration_refused: 'refused',
  stack_refused: 'refused',
  archive_damaged: 'bad_data',
  archive_unsafe: 'bad_data',
  archive_too_large: 'bad_data',
  answer_too_large: 'bad_data',
  registration_failed: 'unavailable',
  unreachable: 'unavailable',
  not_offered: 'unavailable',
  not_verified: 'bad_data',
  update_refused: 'not_updated',
  not_allowed: 'not_updated',
};

async function version(terminal: Terminal): Promise<ExitName> {
  terminal.out(`status-panel ${VERSION}\n`);
  // What a publisher's page says of the root key can be compared with this.
  if (ROOT_KEY_PEM !== undefined) terminal.out(`root key sha256:${fingerprintOf(ROOT_KEY_PEM)}\n`);
  return 'ok';
}

function flagLines(flags: Readonly<Record<string, OwnFlag>>): readonly string[] {
  return Object.entries(flags).map(([name, { meaning }]) => `  --${name.padEnd(26)} ${meaning}`);
}

async function help(terminal: Terminal): Promise<ExitName> {
  const subcommands = Object.entries(SUBCOMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  const settings = Object.entries(SETTINGS).map(
    ([name, setting]) => `  ${flagName(name).padEnd(28)} ${setting.meaning}`,
  );
  const lines = [
    'status-panel: runs a closed set of commands against the local Docker Engine for a control plane it polls',
    '',
    'usage: status-panel SUBCOMMAND [FLAGS]',
    '',
    ...subcommands,
    '',
    'flags of register (--server URL is short for --server-url URL):',
    ...flagLines(REGISTER_FLAGS),
    '',
    'flags of update:',
    ...flagLines(UPDATE_FLAGS),
    '',
    'settings, as flags, as STATUS_PANEL_NAME in the environment, or in the configuration file:',
    '  --config                     The configuration file, JSON.',
    '  --state-directory            Where identity and journal are kept.',
    ...settings,
  ];
  terminal.out(`${lines.join('\n')}\n`);
  return 'ok';
}
