// A terminal in memory: words and environment in, text out.
import { main } from '../../src/cli/main.ts';
import type { ExitName } from '../../src/cli/exit-code.ts';
import type { Terminal } from '../../src/cli/terminal.ts';
import { NO_SERVICE_MANAGER } from '../../src/platform/service-manager.ts';
import { NEVER } from '../platform/fake-clock.ts';

export interface Session {
  readonly exit: ExitName;
  readonly out: string;
  readonly err: string;
}

export function terminal(words: readonly string[], more: Partial<Terminal> = {}): Terminal {
  return {
    words,
    environment: {},
    pid: 1,
    isRoot: false,
    architecture: 'x64',
    programDirectory: '/nowhere/bin',
    isJournal: false,
    serviceManager: NO_SERVICE_MANAGER,
    stdin: stdinOf(''),
    out: () => undefined,
    err: () => undefined,
    print: async () => true,
    interrupted: NEVER,
    ...more,
  };
}

export async function* stdinOf(text: string): AsyncGenerator<Buffer> {
  if (text !== '') yield Buffer.from(text);
}

export async function type(words: readonly string[], more: Partial<Terminal> = {}): Promise<Session> {
  const texts = { out: '', err: '' };
  const streams = {
    out: (text: string): void => {
      texts.out += text;
    },
    err: (text: string): void => {
      texts.err += text;
    },
    print: async (text: string): Promise<boolean> => {
      texts.out += text;
      return true;
    },
  };
  const exit = await main(words, (rest) => terminal(rest, { ...streams, ...more }));
  return { exit, ...texts };
}
