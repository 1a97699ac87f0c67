// The demo's Docker Engine: the one that answers, else a private one that is removed afterwards.
import { startPrivateEngine } from '../parts/docker-engine.ts';
import { type EngineAddress, findEngine } from '../parts/engine-request.ts';

export interface ProvidedEngine extends EngineAddress, AsyncDisposable {
  readonly description: string;
}

export async function provideEngine(interrupted: AbortSignal): Promise<ProvidedEngine> {
  const found = await findEngine();
  if (found !== undefined) {
    const description = `the one that answers on ${found.socketPath}; only the demo's own containers are touched`;
    return { socketPath: found.socketPath, description, [Symbol.asyncDispose]: async () => undefined };
  }
  console.log("    no Docker Engine answers: starting a private one from Debian's docker.io, removed afterwards");
  const engine = await startPrivateEngine({ say: (line) => console.log(`    ${line}`), signal: interrupted });
  return {
    socketPath: engine.socketPath,
    description: `private, on ${engine.socketPath}`,
    [Symbol.asyncDispose]: () => engine.stop(),
  };
}
