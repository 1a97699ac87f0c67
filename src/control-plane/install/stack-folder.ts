// The folder with one archive for each stack, named by its id.
import { join } from 'node:path';
import { type OpenFile, openPlainFile } from './release-folder.ts';

/** A stack id that can be a file's name: no slash, no dot in front, nothing to be quoted. */
const FILE_ID = /^[A-Za-z0-9][\w.-]{0,127}$/u;

export class StackFolder {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** `ID.tar.gz`, or undefined when there is none. The caller closes what it gets. */
  async open(stackId: string): Promise<OpenFile | undefined> {
    return FILE_ID.test(stackId) ? openPlainFile(join(this.#directory, `${stackId}.tar.gz`)) : undefined;
  }
}
