// One line of the log as systemd's journal takes it: a sentence with logfmt behind it, and the same values as fields to search by. Pure.

export interface JournalEntry {
  /** sd-daemon(3): 3 error, 4 warning, 6 informational, 7 debug. */
  readonly priority: number;
  /** `command finished type=health outcome=completed duration_ms=12` */
  readonly message: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const PRIORITY: Readonly<Record<string, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** journald cuts a line of standard output at 48 KiB, and only the first part keeps its priority. */
const MESSAGE_MAX_CHARS = 8_192;
const FIELD_PREFIX = 'STATUS_PANEL_';
const IDENTIFIER = 'status-panel';

/** Takes one line of pino's. */
export function entryOf(jsonLine: string): JournalEntry {
  const record: unknown = JSON.parse(jsonLine);
  if (typeof record !== 'object' || record === null) return { priority: 6, message: jsonLine.trimEnd(), fields: [] };
  let level = 'info';
  let sentence = '';
  const fields: [string, string][] = [];
  for (const [key, value] of Object.entries(record)) {
    if (key === 'level') level = String(value);
    else if (key === 'msg') sentence = String(value);
    else if (key !== 'time') fields.push([key, typeof value === 'string' ? value : JSON.stringify(value)]);
  }
  const pairs = fields.map(([key, value]) => `${key}=${logfmtValue(value)}`);
  const text = [sentence.replaceAll(/\s+/gu, ' '), ...pairs].join(' ');
  return { priority: PRIORITY[level] ?? 6, message: text.slice(0, MESSAGE_MAX_CHARS), fields };
}

function logfmtValue(text: string): string {
  return /^[\w.:/@+-]+$/u.test(text) ? text : JSON.stringify(text);
}

/** The bytes of one datagram for journald's native socket: MESSAGE, PRIORITY, and every value under `STATUS_PANEL_` and its name. */
export function nativeEntry({ priority, message, fields }: JournalEntry): Buffer {
  const own = fields.map(([name, value]) => assignment(`${FIELD_PREFIX}${fieldName(name)}`, value));
  return Buffer.concat([
    assignment('MESSAGE', message),
    assignment('PRIORITY', String(priority)),
    assignment('SYSLOG_IDENTIFIER', IDENTIFIER),
    ...own,
  ]);
}

// A value with a newline comes with its length: NAME, newline, 64 bits little-endian, value, newline.
function assignment(name: string, value: string): Buffer {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`);
  const bytes = Buffer.from(value);
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([Buffer.from(`${name}\n`), size, bytes, Buffer.from('\n')]);
}

function fieldName(name: string): string {
  return name.toUpperCase().replaceAll(/[^A-Z0-9]/gu, '_');
}
