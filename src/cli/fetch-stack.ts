// status-panel fetch-stack: downloads and unpacks the archive of the stack that was bought (REQUIREMENTS A15).
import { fetchStack } from '../agent/stack/stack-archive.ts';
import { loadIdentity } from '../agent/identity/identity.ts';
import { HttpClient } from '../agent/upstream/http-client.ts';
import { systemClock } from '../platform/clock.ts';
import { Fault } from '../platform/fault.ts';
import { LIMITS } from '../protocol/limits.ts';
import { readCommandLine } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import { purchaseToken, TOKEN_FLAGS } from './purchase-token.ts';
import type { Terminal } from './terminal.ts';

/** Safe to repeat: the same archive again changes nothing. */
export async function fetchStackArchive(terminal: Terminal): Promise<ExitName> {
  const line = readCommandLine(terminal, TOKEN_FLAGS);
  const { stateDirectory } = line.places;
  const origin = line.config.server_url ?? loadIdentity(stateDirectory)?.server_url;
  if (origin === undefined) {
    throw new Fault('usage', '--server is missing; an example: --server https://panel.example.com');
  }
  const token = await purchaseToken(terminal, line);
  await using client = new HttpClient({
    origin,
    clock: systemClock,
    connections: 1,
    answerMaxBytes: LIMITS.answerMaxBytes,
    caFile: line.config.ca_file,
    socketPath: line.config.egress_socket,
    proxy: line.proxyFor(origin),
  });
  const outcome = await fetchStack(client, token, stateDirectory, terminal.interrupted);
  const place = `${stateDirectory}/stack`;
  switch (outcome.kind) {
    case 'unpacked':
      terminal.out(`stack archive unpacked: ${outcome.unpacked.files} files in ${place}\n`);
      break;
    case 'unchanged':
      terminal.out(`stack archive in ${place} is the newest; nothing changed\n`);
      break;
    case 'none':
      terminal.out('the control plane has no archive of this stack; the agent works without it\n');
      break;
  }
  return 'ok';
}
