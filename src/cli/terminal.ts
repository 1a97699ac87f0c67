// What a subcommand sees of the process it runs in: its words, its environment, its streams. Handed in by src/bin.
import type { ServiceManager } from '../platform/service-manager.ts';

export interface Terminal {
  /** The words after the subcommand. */
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly isRoot: boolean;
  /** As Node names it: x64, arm64. */
  readonly architecture: string;
  /** The folder that the running code lies in. */
  readonly programDirectory: string;
  /** Whether standard output is the systemd journal. */
  readonly isJournal: boolean;
  /** Writes to the journal in its own form, where the unit hands over its socket; false when this entry has to go another way. */
  readonly writeEntry?: ((entry: Buffer) => boolean) | undefined;
  readonly serviceManager: ServiceManager;
  readonly stdin: AsyncIterable<Buffer>;
  /** Write whole lines, newline included. */
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Writes to standard output at the pace at which it is read. False: nobody reads it any more. */
  readonly print: (text: string) => Promise<boolean>;
  /** Aborts on SIGTERM and SIGINT. */
  readonly interrupted: AbortSignal;
}

/** More than anybody pipes into a command by intent. */
const INPUT_MAX_BYTES = 256 * 1024 * 1024;

/** All of standard input as text. Throws when it is larger than 256 MiB. */
export async function readAll(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of terminal.stdin) {
    sizeBytes += chunk.length;
    if (sizeBytes > INPUT_MAX_BYTES) throw new Error(`standard input is larger than ${INPUT_MAX_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
