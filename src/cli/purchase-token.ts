// Where a purchase token comes from: standard input, a file, the environment; last, and with a warning, the command line.
import { readFileSync } from 'node:fs';
import { describeError, Fault } from '../platform/fault.ts';
import type { CommandLine, OwnFlag } from './command-line.ts';
import { readAll, type Terminal } from './terminal.ts';

export const TOKEN_FLAGS: Readonly<Record<string, OwnFlag>> = {
  token: {
    kind: 'text',
    meaning: 'Purchase token. Other users of this host can see it while the command runs: prefer the next two.',
  },
  'token-file': { kind: 'text', meaning: 'File that holds the purchase token.' },
  'token-stdin': { kind: 'switch', meaning: 'Read the purchase token from standard input.' },
};

/** Throws Fault usage when there is none, or one with characters that no token has. */
export async function purchaseToken(terminal: Terminal, line: CommandLine): Promise<string> {
  const token = (await givenToken(terminal, line))?.trim();
  if (token === undefined) {
    const ways = '--token-file FILE, --token-stdin or STATUS_PANEL_PURCHASE_TOKEN';
    throw new Fault('usage', `the purchase token is missing: give it with ${ways}`);
  }
  // The alphabet of tokens; anything else was cut, quoted or pasted wrongly.
  if (!/^[\w.~-]{8,200}$/u.test(token)) {
    throw new Fault('usage', 'the purchase token has characters that no token has, or is too short: copy it again');
  }
  return token;
}

async function givenToken(terminal: Terminal, line: CommandLine): Promise<string | undefined> {
  if (line.switches.has('token-stdin')) return await readAll(terminal);
  const file = line.text['token-file'];
  if (file !== undefined) return readTokenFile(file);
  if (line.text['token'] !== undefined) {
    terminal.err('warning: every user of this host can see a token on the command line; prefer --token-stdin\n');
    return line.text['token'];
  }
  return terminal.environment['STATUS_PANEL_PURCHASE_TOKEN'];
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Fault('usage', `--token-file: ${describeError(error)}`);
  }
}
