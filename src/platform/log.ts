// What the programs need of a logger, and its pino edge: JSON lines on a pipe or a file, readable text and fields under systemd.
import { type DestinationStream, type Logger as PinoLogger, pino, stdSerializers } from 'pino';
import { entryOf, nativeEntry } from './journal-entry.ts';

export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Messages are short sentences in lower case; values go into fields, never into the message, and never a secret in either. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogOptions {
  readonly level: LogLevel;
  /** `json`: one JSON object a line. `journal`: syslog priority prefix, sentence, then logfmt (docs/operating.md). */
  readonly format: 'json' | 'journal';
  /** Takes each finished line, newline included. */
  readonly write: (line: string) => void;
  /** Takes an entry in journald's own form (journal-entry.ts); false when it cannot, and the line is written instead. */
  readonly writeEntry?: ((entry: Buffer) => boolean) | undefined;
}

export function createLog(options: LogOptions): Log {
  const destination: DestinationStream = {
    write: options.format === 'json' ? options.write : (line) => writeJournal(line, options),
  };
  const logger = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: stdSerializers.err },
    },
    destination,
  );
  return adapt(logger);
}

function adapt(logger: PinoLogger): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void =>
      logger[level](fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** A log whose texts all go through `mask` first: what a peer or an engine says can quote a secret. */
export function maskLog(log: Log, mask: (text: string) => string): Log {
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      const masked = Object.entries(fields).map(([name, value]) => [
        name,
        typeof value === 'string' ? mask(value) : value,
      ]);
      log[level](mask(message), Object.fromEntries(masked));
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

function writeJournal(jsonLine: string, { write, writeEntry }: LogOptions): void {
  if (writeEntry?.(nativeEntry(entryOf(jsonLine))) !== true) write(journalLine(jsonLine));
}

/** One pino line as an operator reads it: `<6>command finished type=health outcome=completed duration_ms=12`. */
export function journalLine(jsonLine: string): string {
  const { priority, message } = entryOf(jsonLine);
  return `<${priority}>${message}\n`;
}
