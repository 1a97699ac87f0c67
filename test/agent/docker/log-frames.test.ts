// Frames come out whole, however they were cut on the way, and nothing is lost at the end.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameDecoder } from '../../../src/agent/docker/log-frames.ts';
import { anyCuts, cut, feed, frame } from './frames-of.ts';

interface Piece {
  readonly stream: string;
  readonly text: string;
}

function decode(chunks: readonly Buffer[]): readonly Piece[] {
  const pieces: Piece[] = [];
  let bytes: Buffer = Buffer.alloc(0);
  feed(new FrameDecoder(), chunks, {
    begin: (data) => {
      bytes = data;
    },
    entry: (stream, from, to) => pieces.push({ stream, text: bytes.toString('latin1', from, to) }),
    trouble: (text) => pieces.push({ stream: 'trouble', text }),
  });
  return pieces;
}

describe('frames', () => {
  it('come out as they went in, cut anywhere', () => {
    const anyFrame = fc.record({
      stream: fc.constantFrom<'stdout' | 'stderr'>('stdout', 'stderr'),
      text: fc.string({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(anyFrame, { maxLength: 12 }), anyCuts, (frames, cuts) => {
        const bytes = Buffer.concat(frames.map((one) => frame(one.stream, Buffer.from(one.text, 'latin1'))));
        expect(decode(cut(bytes, cuts))).toEqual(
          frames.map(({ stream, text }) => ({ stream, text: Buffer.from(text, 'latin1').toString('latin1') })),
        );
      }),
    );
  });

  it('come a hundred thousand in one chunk', () => {
    const bytes = Buffer.concat(Array.from({ length: 100_000 }, () => frame('stdout', 'x')));
    expect(decode([bytes])).toHaveLength(100_000);
  });

  it('that were cut off in the middle give what there is of them', () => {
    const bytes = Buffer.concat([frame('stdout', 'whole'), frame('stderr', 'last words').subarray(0, 12)]);
    expect(decode([bytes])).toEqual([
      { stream: 'stdout', text: 'whole' },
      { stream: 'stderr', text: 'last' },
    ]);
    expect(decode([frame('stdout', 'x').subarray(0, 5)])).toEqual([]);
    expect(decode([frame('stdout', 'x').subarray(0, 8)])).toEqual([]);
    expect(decode([])).toEqual([]);
  });

  it.each([
    ['a raw line', Buffer.from('2026-01-09T00:00:00Z hello\n')],
    ['an unknown stream', Buffer.from([7, 0, 0, 0, 0, 0, 0, 1, 65])],
    ['a giant', Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff])],
  ])('that are none (%s) are refused', (_, bytes) => {
    expect(() => decode([bytes])).toThrow('not in frames');
    expect(() => decode([...bytes].map((byte) => Buffer.of(byte)))).toThrow('not in frames');
  });

  it('of the engine itself are trouble, not text of the container', () => {
    const words = frame('stdout', 'Error grabbing logs: invalid character');
    words[0] = 3;
    expect(decode([words])).toEqual([{ stream: 'trouble', text: 'Error grabbing logs: invalid character' }]);
  });
});
