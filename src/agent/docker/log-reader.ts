// One open log: the engine's bytes become lines, a piece at a time, and what was not used can be given back.
import type { LogLine, LogReader } from '../../commands/context.ts';
import { Fault } from '../../platform/fault.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import { type EntryDecoder, FrameDecoder, TtyDecoder } from './log-frames.ts';
import { LineAssembler } from './log-lines.ts';

/** Where the bytes come from. */
export interface LogBytes extends Disposable {
  read(signal: AbortSignal): Promise<Buffer | undefined>;
  /** Nothing is waited for until the next read. */
  release(): void;
}

export interface OpenedLog {
  readonly bytes: LogBytes;
  /** What came with the head of the answer. */
  readonly first: Buffer;
  readonly tail: number;
  readonly tty: boolean;
  /** Whether the container can have written since this was opened, or still writes; asked at the end, when a line has begun and not ended. */
  readonly mayHaveGrown: (signal: AbortSignal) => Promise<boolean>;
  readonly onLeave: (reader: EngineLogReader, place: string) => void;
  readonly onClose: (reader: EngineLogReader) => void;
}

export class EngineLogReader implements LogReader {
  readonly #log: OpenedLog;
  readonly #decoder: EntryDecoder;
  readonly #lines: LineAssembler;
  #unread: readonly LogLine[] = [];
  #recent: readonly LogLine[] = [];
  #state: 'open' | 'left' | 'closed' = 'open';
  #ended = false;

  constructor(log: OpenedLog) {
    this.#log = log;
    this.#decoder = log.tty ? new TtyDecoder() : new FrameDecoder();
    this.#lines = new LineAssembler({ wholeLog: log.tail === Number.POSITIVE_INFINITY, tty: log.tty });
    this.#decode(log.first);
    this.#unread = this.#lines.take();
  }

  get wholeLog(): boolean {
    return this.#log.tail === Number.POSITIVE_INFINITY || (this.#ended && this.#lines.entriesMax < this.#log.tail);
  }

  get tail(): number {
    return this.#log.tail;
  }

  get recent(): readonly LogLine[] {
    return this.#recent;
  }

  async read(signal: AbortSignal): Promise<readonly LogLine[] | undefined> {
    if (this.#unread.length > 0) {
      const lines = this.#unread;
      this.#unread = [];
      return lines;
    }
    while (!this.#ended) {
      const bytes = await this.#log.bytes.read(signal);
      if (bytes === undefined) await this.#end(signal);
      else this.#decode(bytes);
      const lines = this.#lines.take();
      if (lines.length > 0) return lines;
    }
    const { failure } = this.#lines;
    if (failure === undefined) return undefined;
    throw new Fault<ErrorCode>('logs_unavailable', `the Docker Engine cannot read the log from here on: ${failure}`);
  }

  unread(lines: readonly LogLine[]): void {
    this.#unread = this.#unread.length === 0 ? lines : [...lines, ...this.#unread];
  }

  leave(place: string, recent: readonly LogLine[]): void {
    if (this.#state !== 'open') return;
    this.#recent = recent;
    this.#state = 'left';
    this.#log.bytes.release();
    this.#log.onLeave(this, place);
  }

  /** Back in use. */
  resume(): void {
    if (this.#state === 'left') this.#state = 'open';
  }

  [Symbol.dispose](): void {
    if (this.#state === 'open') this.close();
  }

  /** Also when it was left. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#log.bytes[Symbol.dispose]();
    this.#log.onClose(this);
  }

  async #end(signal: AbortSignal): Promise<void> {
    this.#decoder.end(this.#lines);
    this.#ended = true;
    // The rest of the line will come, or has: given out now, it would have changed when its place is looked for.
    if (this.#lines.hasOpenLine && !(await this.#log.mayHaveGrown(signal))) this.#lines.end();
  }

  #decode(bytes: Buffer): void {
    try {
      this.#decoder.push(bytes, this.#lines);
    } catch (error) {
      throw new Fault<ErrorCode>('docker_error', "the Docker Engine's log is not understood", { cause: error });
    }
  }
}
