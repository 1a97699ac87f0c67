// What a container writes in the tests of paging, made from a seed, and what its log must be by Docker's own rules.
import type { Seeded } from '../../../scripts/soak/seeded.ts';

/** The last two write to a terminal, with json-file and with local. */
export type Driver = 'json-file' | 'local' | 'tty' | 'tty-local';

/** What goes to each stream, in bytes, lines ended as the container ends them. */
export interface Written {
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const PART_BYTES = 16 * 1024;
/** The longest line that is not cut, in bytes: a character in two parts could make it longer. */
const MIB = 1024 * 1024;
const ESC = '\u001b';
/** Every kind of line that has ever been trouble. */
const ODD_LINES: readonly (() => Buffer)[] = [
  () => Buffer.from(''),
  () => Buffer.from(' '),
  () => Buffer.from('\r'),
  () => Buffer.from('windows\r'),
  () => Buffer.from('10 %\r20 %\rdone'),
  () => Buffer.from([0x61, 0xff, 0xfe, 0x62]),
  () => Buffer.from([0xed, 0xa0, 0x80, 0x2e, 0xed, 0xb0, 0x80]),
  () => Buffer.from([0xf0, 0x9f, 0x98]),
  () => Buffer.from('a\0b'),
  () => Buffer.from(`${ESC}[31mred${ESC}[0m \u0007 \u009b31m`),
  () => Buffer.from('Grüße 😀 \u2028 end'),
  () => Buffer.from('2026-01-09T00:00:00.123456789Z looks like a stamp'),
  () => Buffer.from('{"log":"nested\\n","stream":"stdout","time":"2026-01-09T00:00:00Z"}'),
];

export interface ContentPlan {
  readonly lines: number;
  /** Share of lines that are odd ones. */
  readonly odd: number;
  /** Lengths of long lines, each once for every stream. */
  readonly long: readonly number[];
}

export function contentOf(random: Seeded, plan: ContentPlan): Written {
  return { stdout: streamOf(random, plan, 'out'), stderr: streamOf(random, plan, 'err') };
}

function streamOf(random: Seeded, plan: ContentPlan, name: string): Buffer {
  const lines = Array.from({ length: plan.lines }, (_, at): Buffer => {
    const odd = random.chance(plan.odd) ? ODD_LINES[random.below(ODD_LINES.length)] : undefined;
    if (odd !== undefined) return odd();
    // Some are the same as others, which only their place tells apart.
    return Buffer.from(random.chance(0.2) ? 'same' : `${name} ${at} ${'.'.repeat(random.below(150))}`);
  });
  for (const length of plan.long) lines.splice(random.below(lines.length + 1), 0, longLine(random, length));
  return Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
}

/** Of so many bytes, different at every place, with characters that a part's end can cut in two where it may grow by that. */
function longLine(random: Seeded, length: number): Buffer {
  // So that parts end anywhere in a character.
  const words: string[] = ['.'.repeat(random.below(16))];
  for (let at = 0; at < length; at += 8)
    words.push(at % 16 === 0 && length < MIB ? `€€${random.below(10)}.` : `${String(at).padStart(7, '0')} `);
  return Buffer.from(words.join('')).subarray(0, length);
}

export function isTty(driver: Driver): boolean {
  return driver === 'tty' || driver === 'tty-local';
}

/** The messages that the log of this driver has to give back for what was written to one stream. */
export function messagesOf(written: Buffer, driver: Driver): readonly string[] {
  const messages: string[] = [];
  for (let at = 0; at < written.length; ) {
    const feed = written.indexOf(0x0a, at);
    const end = feed === -1 ? written.length : feed;
    messages.push(messageOf(written.subarray(at, end), driver));
    at = end + 1;
  }
  return messages;
}

function messageOf(line: Buffer, driver: Driver): string {
  // A terminal writes a return before each line feed.
  const sent = isTty(driver) ? Buffer.concat([line, Buffer.from('\r')]) : line;
  const text = driver === 'local' || driver === 'tty-local' ? sent.toString('utf8') : asJsonFileKeeps(sent);
  const message = text.endsWith('\r') ? text.slice(0, -1) : text;
  // PostgreSQL cannot store a NUL: the report has a picture of it.
  return message.replaceAll('\0', '\u2400');
}

/** json-file stores each 16 KiB part as JSON text: of what is not UTF-8 there, every byte becomes U+FFFD, and is lost. */
function asJsonFileKeeps(line: Buffer): string {
  let text = '';
  for (let from = 0; from < line.length; from += PART_BYTES) text += goDecoded(line.subarray(from, from + PART_BYTES));
  return text;
}

// Go's decoder replaces byte by byte, where others replace the beginning of a character as one.
function goDecoded(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (!text.includes('\ufffd')) return text;
  let decoded = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    decoded += length === 0 ? '\ufffd' : bytes.toString('utf8', at, at + length);
    at += Math.max(length, 1);
  }
  return decoded;
}

/** Bytes of the character at `at`, 0 when there is none. */
function characterLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  const character = bytes.subarray(at, at + length);
  return Buffer.from(character.toString('utf8')).equals(character) ? length : 0;
}
