// What the agent reads beside commands: the snapshot's list, the acceptance of a report, cancellations.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isAcceptance } from '../../src/protocol/report.ts';
import { parseSnapshot } from '../../src/protocol/snapshot.ts';
import { parseWaitAnswer } from '../../src/protocol/wait.ts';
import { GOLDEN_ANSWERS } from './vectors.ts';

const command = {
  command_id: 'cmd_1',
  deployment_hash: 'dep',
  type: 'health',
  status: 'sent',
  parameters: null,
  updated_at: '2026-01-09T00:00:00Z',
};

describe('snapshot', () => {
  it('gives the commands it can read and leaves the others out', () => {
    const commands = [
      command,
      { command_id: 'no type' },
      null,
      { ...command, command_id: 'cmd_2', updated_at: 'soon' },
    ];
    expect(parseSnapshot({ item: { agent: null, commands, containers: [] } })).toEqual([
      expect.objectContaining({ command_id: 'cmd_1', status: 'sent', updated_at: '2026-01-09T00:00:00Z' }),
      expect.objectContaining({ command_id: 'cmd_2', updated_at: null }),
    ]);
  });

  it('is none when it is something else', () => {
    for (const body of [null, [], {}, { item: null }, { item: { commands: 'x' } }])
      expect(parseSnapshot(body)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(Array.isArray(parseSnapshot(value) ?? [])).toBe(true);
        expect(Array.isArray(parseSnapshot({ item: { commands: [value] } }))).toBe(true);
      }),
    );
  });
});

describe('acceptance', () => {
  it('is what the server says, not what a captive portal says', () => {
    const taken = GOLDEN_ANSWERS.find((answer) => answer.name === 'a report taken')?.body ?? '';
    expect(isAcceptance(JSON.parse(taken))).toBe(true);
    for (const body of [undefined, '<html>', {}, { item: null }, { item: { accepted: false } }, { accepted: true }])
      expect(isAcceptance(body)).toBe(false);
  });
});

describe('beside a command', () => {
  it('stand cancellations and whether another took our place', () => {
    expect(parseWaitAnswer({ item: null, meta: { cancel: ['cmd_1'], superseded: true } })).toEqual({
      kind: 'nothing',
      cancel: ['cmd_1'],
      superseded: true,
    });
    expect(parseWaitAnswer({ item: command, meta: { next_poll_secs: 1 } })).toMatchObject({
      kind: 'command',
      cancel: [],
      superseded: false,
    });
  });

  it.each([null, 'x', [], { cancel: 'cmd_1' }, { cancel: [7] }, { cancel: ['x'.repeat(65)] }, { superseded: 'yes' }])(
    'stands nothing when meta is %j',
    (meta) => {
      expect(parseWaitAnswer({ item: null, meta })).toEqual({ kind: 'nothing', cancel: [], superseded: false });
    },
  );
});
