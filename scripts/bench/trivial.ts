// Starts the trivial server and says where it listens.
import { join } from 'node:path';
import { z } from 'zod';
import { Program } from './program.ts';

export interface TrivialServer extends AsyncDisposable {
  readonly program: Program;
  readonly url: string;
}

export async function startTrivialServer(home: string): Promise<TrivialServer> {
  const program = new Program(join(import.meta.dirname, 'trivial-server.ts'), {}, join(home, 'server.log'));
  const url = z.string().parse(await program.ask({ ask: 'address' }, 10_000));
  return { program, url, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}
