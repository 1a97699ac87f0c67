// What a starting agent does about each state a crash can leave behind: the whole table.
import { describe, expect, it } from 'vitest';
import { ENTRY_STATES, type JournalEntry, recoveryOf } from '../../../src/agent/journal/entry.ts';

const entry = (state: JournalEntry['state'], starts: number, noted: boolean): JournalEntry => ({
  envelope: { command_id: 'cmd_1', deployment_hash: 'dep', type: 'restart' },
  state,
  receivedAtMs: 1,
  startedAtMs: starts > 0 ? 2 : undefined,
  starts,
  evidence: noted ? { containerId: 'abc', startedAt: undefined, notedAtMs: 1, mayTakeMs: 2 } : undefined,
  report: undefined,
});

describe('recovery', () => {
  it.each([
    ['received', 0, false, 'read', { kind: 'run' }],
    ['received', 0, false, 'change', { kind: 'run' }],
    ['started', 1, false, 'read', { kind: 'run-again' }],
    ['started', 2, false, 'read', { kind: 'give-up' }],
    ['started', 1, false, 'change', { kind: 'run-again' }],
    ['started', 2, false, 'change', { kind: 'give-up' }],
    ['started', 7, false, 'change', { kind: 'give-up' }],
    ['started', 1, true, 'change', { kind: 'investigate', mayRunAgain: true }],
    ['started', 2, true, 'change', { kind: 'investigate', mayRunAgain: false }],
    ['started', 1, true, 'read', { kind: 'run-again' }],
    ['finished', 1, false, 'change', { kind: 'none' }],
    ['reported', 1, false, 'change', { kind: 'none' }],
    ['parked', 1, false, 'read', { kind: 'none' }],
  ] as const)('of a command %s after %i starts, evidence %s, %s', (state, starts, noted, access, step) => {
    expect(recoveryOf(entry(state, starts, noted), access)).toEqual(step);
  });

  it('has an answer for every state', () => {
    for (const state of ENTRY_STATES) expect(recoveryOf(entry(state, 1, true), 'change')).toHaveProperty('kind');
  });
});
