// A gate before a Docker Engine, on a unix socket: it lets requests through, holds back those it is told to, and counts what is open.
import { createServer, type IncomingMessage, request as httpRequest, type ServerResponse } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineAddress } from '../../../scripts/parts/engine-request.ts';

export class EngineGate implements AsyncDisposable {
  readonly socketPath: string;
  /** Requests on this path are taken and never passed on. */
  holds: (path: string) => boolean = () => false;
  /** How long the pieces of an answer on this path are held back. */
  slownessMs: (path: string) => number = () => 0;
  /** Paths of the requests that are open now. */
  readonly open = new Set<{ readonly path: string }>();
  /** The most that were open at one time, by what they ask for. */
  readonly most = { logs: 0, inspect: 0 };
  /** Called with the path when the first piece of an answer's body has passed. */
  onFirstPiece: (path: string) => void = () => undefined;
  readonly #engine: EngineAddress;
  readonly #directory = mkdtempSync(join(tmpdir(), 'status-panel-gate-'));
  readonly #server = createServer((request, response) => this.#pass(request, response));

  private constructor(engine: EngineAddress) {
    this.#engine = engine;
    this.socketPath = join(this.#directory, 'docker.sock');
  }

  static async start(engine: EngineAddress): Promise<EngineGate> {
    const gate = new EngineGate(engine);
    await new Promise<void>((resolve) => gate.#server.listen(gate.socketPath, resolve));
    return gate;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    const entry = { path };
    this.open.add(entry);
    const openNow = (pattern: RegExp): number => [...this.open].filter((one) => pattern.test(one.path)).length;
    this.most.logs = Math.max(this.most.logs, openNow(/\/logs\?/u));
    this.most.inspect = Math.max(this.most.inspect, openNow(/\/containers\/\w+\/json/u));
    response.on('close', () => this.open.delete(entry));
    if (this.holds(path)) return;
    const onward = httpRequest(
      {
        socketPath: this.#engine.socketPath,
        agent: false,
        method: request.method,
        path,
        headers: request.headers,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        void this.#pour(answer, response, path);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  }

  async #pour(answer: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    try {
      for await (const piece of answer) {
        response.write(piece);
        this.onFirstPiece(path);
        const slownessMs = this.slownessMs(path);
        if (slownessMs > 0) await new Promise((resolve) => setTimeout(resolve, slownessMs));
      }
      response.end();
    } catch {
      // The engine has died in the middle of it: so does the answer.
      response.destroy();
    }
  }
}
