// What happens to a command that has just arrived: every decision there is.
import { describe, expect, it } from 'vitest';
import { type Circumstances, decide } from '../../../src/agent/worker/accept.ts';
import type { JournalEntry } from '../../../src/agent/journal/entry.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import type { CommandEnvelope } from '../../../src/protocol/command-envelope.ts';

const NOW = Date.parse('2026-01-10T00:00:00Z');
const DAY_MS = 86_400_000;
const around: Circumstances = {
  registry: registryOf(COMMANDS),
  deploymentHash: 'dep-abc_123',
  serverNowMs: NOW,
  changeMaxAgeMs: DAY_MS,
};
const command = (type: string, ageMs = 0, more: Partial<CommandEnvelope> = {}): CommandEnvelope => ({
  command_id: 'cmd_1',
  deployment_hash: 'dep-abc_123',
  type,
  created_at: new Date(NOW - ageMs).toISOString(),
  ...more,
});
const known = (state: JournalEntry['state']): JournalEntry => ({
  envelope: command('restart'),
  state,
  receivedAtMs: 1,
  startedAtMs: undefined,
  starts: 0,
  evidence: undefined,
  report: undefined,
});

describe('decide', () => {
  it.each([
    ['a fresh read', command('health')],
    ['a read from last month', command('logs', 30 * DAY_MS)],
    ['a fresh change', command('restart')],
    ['a change just not too old', command('restart', DAY_MS)],
    ['a change without a date', command('stop', 0, { created_at: null })],
    ['a change from the future', command('start', -DAY_MS)],
  ])('runs %s', (_, envelope) => {
    expect(decide(envelope, undefined, around)).toEqual({ kind: 'run' });
  });

  it('refuses a change that is too old, and says how old and how old it may be', () => {
    expect(decide(command('restart', DAY_MS + 60_000), undefined, around)).toEqual({
      kind: 'refuse',
      code: 'expired',
      message: expect.stringMatching(/1441 minutes ago.*1440 minutes/u),
    });
  });

  it.each(['tar', 'exec', 'deploy_app', '', '__proto__', 'constructor', 'RESTART', ' restart'])(
    'refuses a type it has not: %j',
    (type) => {
      expect(decide(command(type), undefined, around)).toMatchObject({
        kind: 'refuse',
        code: 'unsupported_command',
        message: expect.stringContaining('health, logs, restart'),
      });
    },
  );

  it('ignores what is for another deployment, whatever it is', () => {
    for (const type of ['restart', 'unknown']) {
      const envelope = command(type, 0, { deployment_hash: 'other' });
      expect(decide(envelope, undefined, around)).toMatchObject({ kind: 'ignore', resend: false });
      expect(decide(envelope, known('reported'), around)).toMatchObject({ kind: 'ignore', resend: false });
    }
  });

  it.each([
    ['received', false],
    ['started', false],
    ['finished', false],
    ['reported', true],
    ['parked', false],
  ] as const)('does not run again what it has %s; sends its report again: %s', (state, resend) => {
    expect(decide(command('restart'), known(state), around)).toEqual({
      kind: 'ignore',
      reason: `already ${state}`,
      resend,
    });
    expect(decide(command('restart', 30 * DAY_MS), known(state), around)).toMatchObject({ kind: 'ignore' });
  });
});
