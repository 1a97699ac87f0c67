// A temporary folder for one run of a benchmark, removed with it even when a signal ends the program.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAtExit } from '../parts/remove-at-exit.ts';

export class Workplace implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'status-panel-bench-'));
  readonly #keep = removeAtExit(() => this.#remove());

  [Symbol.dispose](): void {
    this.#remove();
    this.#keep();
  }

  #remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
