// Whole lines with their stamps: partials joined, line ends gone, long ones cut with a mark.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type EntryDecoder, FrameDecoder, TtyDecoder } from '../../../src/agent/docker/log-frames.ts';
import { LineAssembler, LINE_LOOKAHEAD_BYTES } from '../../../src/agent/docker/log-lines.ts';
import type { LogLine } from '../../../src/commands/context.ts';
import { LIMITS } from '../../../src/protocol/limits.ts';
import { anyCuts, cut, feed, frame, readLines, STAMP } from './frames-of.ts';

const PARTIAL = 16_384;

interface Told {
  readonly stream: string;
  readonly ts: string;
  readonly message: string;
}

function linesOf(decoder: EntryDecoder, chunks: readonly Buffer[]): readonly Told[] {
  return readLines(decoder, chunks).map(({ stream, ts, message }) => ({ stream, ts, message }));
}

const framed = (...frames: readonly Buffer[]): readonly Told[] => linesOf(new FrameDecoder(), [Buffer.concat(frames)]);
const raw = (text: string | Buffer): readonly Told[] => linesOf(new TtyDecoder(), [Buffer.from(text)]);
const texts = (lines: readonly Told[]): readonly string[] => lines.map((line) => line.message);

describe('lines of frames', () => {
  it('have stamp, stream and text', () => {
    expect(framed(frame('stdout', `${STAMP} hello\n`), frame('stderr', `${STAMP} world\n`))).toEqual([
      { stream: 'stdout', ts: STAMP, message: 'hello' },
      { stream: 'stderr', ts: STAMP, message: 'world' },
    ]);
  });

  it.each([
    ['an empty line', '\n', ''],
    ['a carriage return', 'text\r\n', 'text'],
    ['a carriage return inside', 'a\rb\n', 'a\rb'],
    ['blanks at the ends', '  text  \n', '  text  '],
    ['a stamp in the text', `${STAMP} text\n`, `${STAMP} text`],
    ['invalid UTF-8', Buffer.from([0xff, 0xfe, 0x0a]), '\ufffd\ufffd'],
  ])('with %s', (_, text, message) => {
    expect(texts(framed(frame('stdout', Buffer.concat([Buffer.from(`${STAMP} `), Buffer.from(text)]))))).toEqual([
      message,
    ]);
  });

  it('are joined from 16 KiB partials, with the stamp of the first, also when the other stream comes between', () => {
    const first = '2026-01-09T00:00:01Z';
    const lines = framed(
      frame('stdout', `${first} ${'a'.repeat(PARTIAL)}`),
      frame('stderr', `${STAMP} between\n`),
      frame('stdout', `2026-01-09T00:00:02Z ${'b'.repeat(PARTIAL)}`),
      frame('stdout', `2026-01-09T00:00:03Z c\n`),
    );
    expect(lines).toEqual([
      { stream: 'stderr', ts: STAMP, message: 'between' },
      { stream: 'stdout', ts: first, message: `${'a'.repeat(PARTIAL)}${'b'.repeat(PARTIAL)}c` },
    ]);
  });

  it('end with the part that is shorter than 16 KiB, also where the driver local has lost its line feed', () => {
    const whole = frame('stdout', `${STAMP} ${'a'.repeat(PARTIAL)}`);
    const next = frame('stdout', `${STAMP} next\n`);
    expect(texts(framed(whole, whole, frame('stdout', `${STAMP} tail`), next))).toEqual([
      `${'a'.repeat(2 * PARTIAL)}tail`,
      'next',
    ]);
    expect(texts(framed(whole, frame('stdout', `${STAMP} `), next))).toEqual(['a'.repeat(PARTIAL), 'next']);
  });

  it('that a program did not end before it ended itself are not joined with the first of its next run', () => {
    const again = '2026-01-09T00:00:01.000000000Z';
    expect(texts(framed(frame('stdout', `${STAMP} panic`), frame('stdout', `${again} starting\n`)))).toEqual([
      'panic',
      'starting',
    ]);
  });

  it('keep a character that was cut in two by a partial', () => {
    const euro = Buffer.from('€');
    const whole = 'x'.repeat(PARTIAL - 2);
    const lines = framed(
      frame('stdout', Buffer.concat([Buffer.from(`${STAMP} ${whole}`), euro.subarray(0, 2)])),
      frame('stdout', Buffer.concat([Buffer.from(`${STAMP} `), euro.subarray(2), Buffer.from('\n')])),
    );
    expect(texts(lines)).toEqual([`${whole}€`]);
  });

  it('whose end never came are there', () => {
    expect(texts(framed(frame('stdout', `${STAMP} last words`)))).toEqual(['last words']);
  });

  it('far longer than a report takes are kept to a little more than that, and the rest is counted', () => {
    const partials = Array.from({ length: 70 }, () => frame('stdout', `${STAMP} ${'x'.repeat(PARTIAL)}`));
    const last = [frame('stdout', `${STAMP} end\n`), frame('stdout', `${STAMP} next\n`)];
    const [line, next] = readLines(new FrameDecoder(), [...partials, ...last]);
    expect(line?.message.length).toBe(LIMITS.logMessageMaxBytes + LINE_LOOKAHEAD_BYTES);
    expect(line?.droppedBytes).toBe(70 * PARTIAL + 3 - LIMITS.logMessageMaxBytes - LINE_LOOKAHEAD_BYTES);
    expect(next).toMatchObject({ message: 'next', droppedBytes: 0 });
  });

  it('are numbered among those of their stream and stamp', () => {
    const later = '2026-01-09T00:00:00.123456790Z';
    const frames = [
      frame('stdout', `${STAMP} a\n`),
      frame('stderr', `${STAMP} a\n`),
      frame('stdout', `${STAMP} a\n`),
      frame('stdout', `${later} b\n`),
      frame('stdout', `${later} b\n`),
      frame('stdout', `${STAMP} c\n`),
    ];
    expect(readLines(new FrameDecoder(), frames).map((line) => line.sameStamp)).toEqual([0, 0, 1, 0, 1, 0]);
  });

  it('at the beginning of a window may lack what lies before, until their stream has had another stamp', () => {
    const stamped = (at: number): string => `2026-01-09T00:00:00.${String(at).padStart(9, '0')}Z`;
    const frames = [1, 1, 2, 3].map((at) => frame('stdout', `${stamped(at)} x\n`));
    const windowOf = (count: number, at: number): boolean | undefined => {
      const many = Array.from({ length: count }, (_, index) => frame('stdout', `${stamped(10 + index)} x\n`));
      return readLines(new FrameDecoder(), [...many, frame('stderr', `${stamped(at)} y\n`)], false).at(-1)?.unsure;
    };
    expect(readLines(new FrameDecoder(), frames, false).map((line) => line.unsure)).toEqual([true, true, false, false]);
    // The window had begun when the second line of stdout was stamped: what is younger began in it, what is as old need not have.
    expect([windowOf(200, 300), windowOf(200, 12), windowOf(200, 11), windowOf(200, 1)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    // Where each part has a stamp of its own, a part close behind the window's beginning is not taken for a line.
    expect(windowOf(100, 300)).toBe(true);
    expect(readLines(new FrameDecoder(), frames).some((line) => line.unsure)).toBe(false);
  });

  it('that have begun and not ended are known', () => {
    const lines = new LineAssembler({ wholeLog: true, tty: false });
    feed(new FrameDecoder(), [frame('stdout', `${STAMP} ${'x'.repeat(PARTIAL)}`)], lines);
    expect([lines.hasOpenLine, lines.entriesMax, lines.take()]).toEqual([true, 1, []]);
    lines.end();
    expect(lines.take()).toHaveLength(1);
  });

  it('without a stamp have one nevertheless, for a report needs it', () => {
    expect(
      framed(frame('stdout', 'no stamp\n'), frame('stdout', `${STAMP} a\n`), frame('stdout', 'none again\n')),
    ).toEqual([
      { stream: 'stdout', ts: '1970-01-01T00:00:00Z', message: 'no stamp' },
      { stream: 'stdout', ts: STAMP, message: 'a' },
      { stream: 'stdout', ts: STAMP, message: 'none again' },
    ]);
  });

  it('are the same however the bytes were cut', () => {
    const text = fc.string({ maxLength: 30, unit: 'grapheme' }).map((one) => one.replaceAll(/[\r\n]/gu, ''));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom<'stdout' | 'stderr'>('stdout', 'stderr'), text), { maxLength: 10 }),
        anyCuts,
        (lines, cuts) => {
          const bytes = Buffer.concat(lines.map(([stream, message]) => frame(stream, `${STAMP} ${message}\n`)));
          expect(linesOf(new FrameDecoder(), cut(bytes, cuts))).toEqual(
            lines.map(([stream, message]) => ({ stream, ts: STAMP, message })),
          );
        },
      ),
    );
  });
});

describe('lines of a TTY', () => {
  it('are all on stdout, with their stamps, and without carriage returns', () => {
    expect(raw(`${STAMP} one\r\n${STAMP} two\r\n`)).toEqual([
      { stream: 'stdout', ts: STAMP, message: 'one' },
      { stream: 'stdout', ts: STAMP, message: 'two' },
    ]);
  });

  it('lose the stamps that lie inside where a long one was split, and no other', () => {
    const long = `${STAMP} ${'a'.repeat(PARTIAL)}${STAMP} ${'b'.repeat(PARTIAL)}${STAMP} tail\r\n`;
    expect(texts(raw(`${long}${STAMP} next\r\n`))).toEqual([
      `${'a'.repeat(PARTIAL)}${'b'.repeat(PARTIAL)}tail`,
      'next',
    ]);
    expect(texts(raw(`${STAMP} the log of another says ${STAMP} hello\r\n`))).toEqual([
      `the log of another says ${STAMP} hello`,
    ]);
  });

  it('keep the last one without an end', () => {
    expect(texts(raw(`${STAMP} one\r\n${STAMP} two`))).toEqual(['one', 'two']);
    expect(raw('')).toEqual([]);
  });

  it('are the same however the bytes were cut', () => {
    const text = fc.string({ maxLength: 30, unit: 'grapheme' }).map((one) => one.replaceAll(/[\r\n]/gu, ''));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 10 }), anyCuts, (messages, cuts) => {
        const bytes = Buffer.from(messages.map((message) => `${STAMP} ${message}\r\n`).join(''));
        expect(texts(linesOf(new TtyDecoder(), cut(bytes, cuts)))).toEqual(messages);
      }),
    );
  });

  it('lose the stamp before a line feed that stands right behind a part', () => {
    expect(texts(raw(`${STAMP} ${'a'.repeat(PARTIAL - 1)}\r${STAMP} \n${STAMP} next\r\n`))).toEqual([
      'a'.repeat(PARTIAL - 1),
      'next',
    ]);
  });

  it('end where the driver local has written no line feed behind their last part', () => {
    const whole = `${STAMP} ${'a'.repeat(PARTIAL)}`;
    const log = `${whole}${STAMP} tail\r${STAMP} next\r\n${whole}${STAMP} \r${STAMP} last\r\n`;
    expect(texts(raw(log))).toEqual([`${'a'.repeat(PARTIAL)}tail`, 'next', 'a'.repeat(PARTIAL), 'last']);
  });

  it('have parts that are longer than what was written, where json-file has replaced half a character', () => {
    const whole = `${STAMP} ${'a'.repeat(PARTIAL - 1)}\ufffd`;
    const rest = `${STAMP} \ufffd\ufffd${'b'.repeat(PARTIAL - 2)}${STAMP} tail\r\n${STAMP} next\r\n`;
    for (const chunks of [[whole + rest], [whole, rest], [...((whole + rest).match(/.{1,1000}/gsu) ?? [])]]) {
      const lines = readLines(
        new TtyDecoder(),
        chunks.map((chunk) => Buffer.from(chunk)),
      );
      expect(lines.map((line) => line.message)).toEqual([
        `${'a'.repeat(PARTIAL - 1)}\ufffd\ufffd\ufffd${'b'.repeat(PARTIAL - 2)}tail`,
        'next',
      ]);
    }
  });

  it('of which two may be joined count as two entries: a window is not taken for the whole log', () => {
    const lines = new LineAssembler({ wholeLog: false, tty: true });
    feed(new TtyDecoder(), [Buffer.from(`${STAMP} last words${STAMP} next run\r\n${STAMP} more\r\n`)], lines);
    expect([lines.take().length, lines.entriesMax]).toEqual([2, 3]);
  });

  it('without an end do not pile up: what is kept of a line is bounded', () => {
    const parts = Array.from({ length: 200 }, () => Buffer.from(`${STAMP} ${'p'.repeat(PARTIAL)}`));
    const [line] = readLines(new TtyDecoder(), parts);
    expect(line?.message.length).toBe(LIMITS.logMessageMaxBytes + LINE_LOOKAHEAD_BYTES);
    expect((line?.droppedBytes ?? 0) + (line?.message.length ?? 0)).toBe(200 * PARTIAL);
  });

  it('that are the engine saying that it cannot read on are no lines', () => {
    const lines = new LineAssembler({ wholeLog: true, tty: true });
    feed(new TtyDecoder(), [Buffer.from(`${STAMP} one\r\nError grabbing logs: unexpected EOF\n`)], lines);
    expect(lines.take().map((line: LogLine) => line.message)).toEqual(['one']);
    expect(lines.failure).toContain('unexpected EOF');
  });

  it('of any bytes at all never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), anyCuts, (bytes, cuts) => {
        for (const line of linesOf(new TtyDecoder(), cut(Buffer.from(bytes), cuts))) expect(line.stream).toBe('stdout');
      }),
    );
  });
});
