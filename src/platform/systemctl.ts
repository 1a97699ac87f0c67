// The one program that the updater starts: systemctl. The agent itself starts none.
import { execFile } from 'node:child_process';

export interface Services {
  /** Reads unit files anew. */
  reload(): Promise<void>;
  /** Asks for a restart and does not wait for it: what becomes of it is seen in what the service says of itself. */
  restart(unit: string): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** `systemctl` as it is found in PATH. Failures are told to `say` and not thrown: a restart that fails is judged by its outcome. */
export function systemctl(say: (line: string) => void): Services {
  const run = (...words: readonly string[]): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    execFile('systemctl', [...words], { timeout: DEADLINE_MS, encoding: 'utf8' }, (error, _, stderr) => {
      if (error !== null) say(`systemctl ${words.join(' ')} failed: ${stderr.trim() || error.message}`);
      resolve();
    });
    return promise;
  };
  return {
    reload: () => run('daemon-reload'),
    restart: (unit) => run('restart', '--no-block', unit),
  };
}

/** Runs an installed version's own program once. Returns what it printed, or why it could not: `undefined` never means success. */
export function tryProgram(
  program: string,
  words: readonly string[],
): Promise<{ readonly output: string } | { readonly failure: string }> {
  const { promise, resolve } = Promise.withResolvers<{ readonly output: string } | { readonly failure: string }>();
  execFile(program, [...words], { timeout: DEADLINE_MS, encoding: 'utf8' }, (error, stdout, stderr) => {
    resolve(error === null ? { output: stdout } : { failure: stderr.trim() || error.message });
  });
  return promise;
}
