// The answers of the production server, as they come, and what the agent understands by them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandParameters, requestedTimeoutMs } from '../../src/protocol/command-envelope.ts';
import { errorMessage, parseWaitAnswer, type WaitAnswer } from '../../src/protocol/wait.ts';
import { GOLDEN_ANSWERS } from './vectors.ts';

const waits = GOLDEN_ANSWERS.filter((answer) => answer.wait !== undefined);
const faults = GOLDEN_ANSWERS.filter((answer) => answer.message !== undefined);

function summaryOf(answer: WaitAnswer): unknown {
  if (answer.kind === 'nothing') return { kind: 'nothing' };
  if (answer.kind === 'unreadable') return { kind: 'unreadable', commandId: answer.commandId ?? null };
  const { envelope } = answer;
  return {
    kind: 'command',
    commandId: envelope.command_id,
    type: envelope.type,
    parameters: commandParameters(envelope.parameters),
    timeoutMs: requestedTimeoutMs(envelope) ?? null,
  };
}

describe('an answer to a poll', () => {
  it.each(waits)('$name', ({ body, wait: wanted }) => {
    expect(summaryOf(parseWaitAnswer(JSON.parse(body)))).toEqual(wanted);
  });

  it('without any item means that there is no work', () => {
    expect(parseWaitAnswer({ message: 'No command available' }).kind).toBe('nothing');
    expect(parseWaitAnswer({ data: {} }).kind).toBe('nothing');
  });

  it('names the field that makes a command unreadable', () => {
    const item = { command_id: 'cmd_1', deployment_hash: 'dep', type: 'x'.repeat(101) };
    expect(parseWaitAnswer({ item })).toMatchObject({
      kind: 'unreadable',
      commandId: 'cmd_1',
      reason: expect.stringMatching(/^type: /u),
    });
  });

  it('never throws, whatever JSON comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(['nothing', 'command', 'unreadable']).toContain(parseWaitAnswer(value).kind);
      }),
    );
  });

  it('never throws on something nearly like a command, and always finds its parameters', () => {
    const nearly = fc.record(
      {
        command_id: fc.oneof(fc.string(), fc.jsonValue()),
        deployment_hash: fc.oneof(fc.string({ minLength: 1 }), fc.jsonValue()),
        type: fc.oneof(fc.string({ minLength: 1 }), fc.jsonValue()),
        parameters: fc.jsonValue(),
        timeout_seconds: fc.oneof(fc.integer(), fc.jsonValue()),
        created_at: fc.jsonValue(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(nearly, fc.boolean(), (item, inData) => {
        const answer = parseWaitAnswer(inData ? { data: { item } } : { item });
        if (answer.kind !== 'command') return;
        expect(commandParameters(answer.envelope.parameters)).not.toBeNull();
        expect(commandParameters(answer.envelope.parameters)).not.toBeUndefined();
        expect(requestedTimeoutMs(answer.envelope) ?? 1).toBeGreaterThan(0);
      }),
    );
  });
});

describe('the sentence of an error answer', () => {
  it.each(faults)('$name', ({ body, message }) => {
    expect(errorMessage(body)).toBe(message);
  });

  it('is short, whatever comes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 2_000 }), (text) => {
        expect(errorMessage(text).length).toBeLessThanOrEqual(4_096);
      }),
    );
    expect(errorMessage('x'.repeat(100_000))).toHaveLength(300);
  });
});

describe('parameters', () => {
  it.each([
    ['null', null, {}],
    ['absent', undefined, {}],
    ['flat', { app_code: 'web' }, { app_code: 'web' }],
    ['wrapped', { name: 'stacker.logs', params: { app_code: '' } }, { app_code: '' }],
    ['an app whose parameters are called name and params', { name: 5, params: {} }, { name: 5, params: {} }],
    ['a list, for the command to refuse', [1], [1]],
    ['a word, for the command to refuse', 'x', 'x'],
  ])('%s', (_, given, read) => {
    expect(commandParameters(given)).toEqual(read);
  });
});
