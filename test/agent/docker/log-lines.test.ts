// Whole lines with their stamps: partials joined, line ends gone, long ones cut with a mark.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../src/agent/docker/log-frames.ts';
import { LineAssembler, TtyDecoder } from '../../../src/agent/docker/log-lines.ts';
import type { LogLine } from '../../../src/commands/context.ts';
import { LIMITS } from '../../../src/protocol/limits.ts';
import { anyCuts, cut, frame, STAMP } from './frames-of.ts';

const PARTIAL = 16_384;

function linesOf(decoder: FrameDecoder | TtyDecoder, chunks: readonly Buffer[]): readonly LogLine[] {
  const assembler = new LineAssembler();
  const pieces = [...chunks.flatMap((chunk) => decoder.push(chunk)), ...decoder.end()];
  return [...pieces.flatMap((piece) => assembler.push(piece)), ...assembler.end()];
}

const framed = (...frames: readonly Buffer[]): readonly LogLine[] =>
  linesOf(new FrameDecoder(), [Buffer.concat(frames)]);
const raw = (text: string | Buffer): readonly LogLine[] => linesOf(new TtyDecoder(), [Buffer.from(text)]);
const texts = (lines: readonly LogLine[]): readonly string[] => lines.map((line) => line.message);

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

  it('keep a character that was cut in two by a partial', () => {
    const euro = Buffer.from('€');
    const lines = framed(
      frame('stdout', Buffer.concat([Buffer.from(`${STAMP} `), euro.subarray(0, 2)])),
      frame('stdout', Buffer.concat([Buffer.from(`${STAMP} `), euro.subarray(2), Buffer.from('\n')])),
    );
    expect(texts(lines)).toEqual(['€']);
  });

  it('whose end never came are there', () => {
    expect(texts(framed(frame('stdout', `${STAMP} last words`)))).toEqual(['last words']);
  });

  it('longer than a MiB are cut with a mark that says how much is gone', () => {
    const partials = Array.from({ length: 70 }, () => frame('stdout', `${STAMP} ${'x'.repeat(PARTIAL)}`));
    const [line] = framed(...partials, frame('stdout', `${STAMP} end\n`), frame('stdout', `${STAMP} next\n`));
    const dropped = 70 * PARTIAL + 3 - LIMITS.logMessageMaxBytes;
    expect(line?.message.endsWith(`x [cut: ${dropped} more bytes]`)).toBe(true);
    expect(line?.message.length).toBe(LIMITS.logMessageMaxBytes + ` [cut: ${dropped} more bytes]`.length);
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

  it('of any bytes at all never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), anyCuts, (bytes, cuts) => {
        for (const line of linesOf(new TtyDecoder(), cut(Buffer.from(bytes), cuts))) expect(line.stream).toBe('stdout');
      }),
    );
  });
});
