// Log lines for tests, written short: stream, seconds, text.
import type { LogLine } from '../../src/commands/context.ts';

export function line(
  at: number,
  message = `line ${at}`,
  stream: LogLine['stream'] = 'stdout',
  nanoseconds = 0,
): LogLine {
  const second = new Date(Date.parse('2026-01-09T00:00:00Z') + at * 1000).toISOString().slice(0, 19);
  return {
    stream,
    ts: `${second}.${String(nanoseconds).padStart(9, '0')}Z`,
    message,
    droppedBytes: 0,
    sameStamp: 0,
    unsure: false,
  };
}

/** So many lines, all different, one a second. */
export function linesTo(count: number): LogLine[] {
  return Array.from({ length: count }, (_, at) => line(at));
}
