// What the programs need of a logger, and its pino edge: JSON lines on a pipe or a file, readable text under systemd.
import { type DestinationStream, type Logger as PinoLogger, pino, stdSerializers } from 'pino';

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
}

export function createLog(options: LogOptions): Log {
  const destination: DestinationStream = {
    write: options.format === 'json' ? options.write : (line) => options.write(journalLine(line)),
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

// sd-daemon(3) priorities: journald takes the level of a line from its <N> prefix.
const PRIORITY: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

// journald cuts a line at 48 KiB and only the first part keeps its priority.
const JOURNAL_LINE_MAX_CHARS = 8_192;

/** One pino line as an operator reads it: `<6>command finished type=health outcome=completed duration_ms=12`. */
export function journalLine(jsonLine: string): string {
  const record: unknown = JSON.parse(jsonLine);
  if (typeof record !== 'object' || record === null) return jsonLine;
  let level = 'info';
  let message = '';
  const pairs: string[] = [];
  for (const [key, value] of Object.entries(record)) {
    if (key === 'level') level = String(value);
    else if (key === 'msg') message = String(value);
    else if (key !== 'time') pairs.push(`${key}=${logfmtValue(value)}`);
  }
  const text = [message.replaceAll(/\s+/gu, ' '), ...pairs].join(' ');
  return `<${PRIORITY[level] ?? 6}>${text.slice(0, JOURNAL_LINE_MAX_CHARS)}\n`;
}

function logfmtValue(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /^[\w.:/@+-]+$/u.test(text) ? text : JSON.stringify(text);
}
