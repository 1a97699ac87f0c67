// An HTTP answer gives its body, however it is framed and wherever it was cut on the way; what is none is refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HttpAnswer } from '../../../src/agent/docker/http-answer.ts';
import { anyCuts, cut } from './frames-of.ts';

interface Read {
  readonly status: number;
  readonly body: string;
  readonly complete: boolean;
}

function read(chunks: readonly (Buffer | string)[]): Read {
  const answer = new HttpAnswer();
  // A copy of each: the decoder works in place.
  const body = chunks.map((chunk) => answer.push(Buffer.from(chunk)).toString('latin1')).join('');
  return { status: answer.status, body, complete: answer.complete };
}

const HEAD =
  'HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (text: string, extension = ''): string => `${text.length.toString(16)}${extension}\r\n${text}\r\n`;

describe('an answer', () => {
  it('in chunks gives them together, cut anywhere', () => {
    const text = fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(text, { maxLength: 12 }),
        anyCuts,
        fc.constantFrom('', ';name=value'),
        (texts, cuts, extension) => {
          const bytes = Buffer.from(`${HEAD}${texts.map((one) => chunk(one, extension)).join('')}0\r\n\r\n`, 'latin1');
          expect(read(cut(bytes, cuts))).toEqual({ status: 200, body: texts.join(''), complete: true });
        },
      ),
    );
  });

  it('is not complete before its last chunk: an engine that dies is not the end of a log', () => {
    expect(read([`${HEAD}${chunk('abc')}`])).toEqual({ status: 200, body: 'abc', complete: false });
    expect(read([`${HEAD}a\r\nabc`])).toEqual({ status: 200, body: 'abc', complete: false });
    expect(read([`${HEAD}${chunk('abc')}0\r\n`])).toMatchObject({ complete: false });
    expect(read([`${HEAD}${chunk('abc')}0\r\nTrailer: x\r\n\r\n`])).toMatchObject({ complete: true });
  });

  it('with a length gives so much', () => {
    const head = 'HTTP/1.1 404 Not Found\r\ncontent-length: 5\r\n\r\n';
    expect(read([`${head}abcdefgh`])).toEqual({ status: 404, body: 'abcde', complete: true });
    expect(read([head, 'ab', 'c'])).toEqual({ status: 404, body: 'abc', complete: false });
    expect(read(['HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n'])).toMatchObject({ complete: true });
  });

  it('without either ends with the connection, and after a 100 comes the true one', () => {
    const answer = new HttpAnswer();
    expect(answer.push(Buffer.from('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nabc')).toString()).toBe('abc');
    expect([answer.status, answer.complete, answer.endsWithConnection]).toEqual([200, false, true]);
  });

  it.each([
    ['another protocol', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['a head without an end', 'x'.repeat(70_000)],
    ['a coding that was not asked for', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n'],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n'],
    ['a chunk without a size', `${HEAD}\r\nabc`],
    ['a size that is none', `${HEAD}xyz\r\nabc`],
    ['a size beyond all measure', `${HEAD}ffffffffffff\r\nabc`],
    ['a chunk that is longer than it said', `${HEAD}1\r\nabc\r\n`],
  ])('that is %s is refused', (_, bytes) => {
    expect(() => read([bytes])).toThrow(/answer/u);
  });
});
