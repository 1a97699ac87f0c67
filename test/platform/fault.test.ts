// What an operator reads of an error: the sentence, and the innermost cause.
import { describe, expect, it } from 'vitest';
import { describeError, Fault } from '../../src/platform/fault.ts';

describe('Fault', () => {
  it('carries code, sentence, cause and details', () => {
    const cause = new Error('ECONNREFUSED');
    const fault = new Fault('unreachable', 'no answer', { cause, details: { port: 1 } });
    expect(fault).toMatchObject({
      name: 'Fault',
      code: 'unreachable',
      message: 'no answer',
      cause,
      details: { port: 1 },
    });
    expect('cause' in new Fault('a', 'b')).toBe(false);
  });
});

describe('describeError', () => {
  it.each([
    ['the chain of causes', new Error('outer', { cause: new Error('inner') }), 'outer: inner'],
    [
      'a cause that is repeated in the sentence, once',
      new Error('outer (inner)', { cause: new Error('inner') }),
      'outer (inner)',
    ],
    ['an error without a sentence', new TypeError(''), 'TypeError'],
    ['several addresses that all failed', new AggregateError([new Error('a'), new Error('b')], ''), 'a; b'],
    ['a string', 'plain', 'plain'],
    ['anything', { code: 7 }, '{ code: 7 }'],
    ['nothing', undefined, ''],
    ['null', null, 'null'],
  ])('says %s', (_, thrown, text) => {
    expect(describeError(thrown)).toBe(text);
  });

  it('ends on causes that go in a circle', () => {
    const first = new Error('first');
    first.cause = new Error('second', { cause: first });
    expect(describeError(first)).toBe('first: second');
  });
});
