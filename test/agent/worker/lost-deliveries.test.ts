// Which commands were handed out and never arrived, and which of them may still run.
import { describe, expect, it } from 'vitest';
import { type LostCircumstances, lostDeliveries } from '../../../src/agent/worker/lost-deliveries.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import type { SnapshotCommand } from '../../../src/protocol/snapshot.ts';

const NOW = Date.parse('2026-01-09T12:00:00Z');
const MINUTE = 60_000;
const around: LostCircumstances = {
  registry: registryOf(COMMANDS),
  deploymentHash: 'dep',
  knows: () => false,
  serverNowMs: NOW,
  journalBornMs: NOW - 86_400_000,
};
const sent = (type: string, ageMs: number, more: Partial<SnapshotCommand> = {}): SnapshotCommand => ({
  command_id: `cmd_${type}_${ageMs}`,
  deployment_hash: 'dep',
  type,
  status: 'sent',
  created_at: new Date(NOW - ageMs).toISOString(),
  updated_at: new Date(NOW - ageMs).toISOString(),
  ...more,
});
const actions = (commands: readonly SnapshotCommand[], more: Partial<LostCircumstances> = {}): readonly string[] =>
  lostDeliveries(commands, { ...around, ...more }).map((lost) => lost.action);

describe('lost deliveries', () => {
  it.each([
    ['a fresh read', sent('health', 14 * MINUTE), 'run'],
    ['an old read', sent('health', 16 * MINUTE), 'report'],
    ['a fresh change', sent('restart', 4 * MINUTE), 'run'],
    ['an old change', sent('restart', 6 * MINUTE), 'report'],
    ['one without a date', sent('health', 0, { created_at: null }), 'report'],
    ['one of an unknown type, to be answered as such', sent('deploy_app', MINUTE), 'run'],
  ])('%s is to %s', (_, command, action) => {
    expect(actions([command])).toEqual([action]);
  });

  it('are not those that the agent has, that are not sent, or that are for another', () => {
    expect(actions([sent('health', MINUTE)], { knows: () => true })).toEqual([]);
    for (const status of ['queued', 'completed', 'failed', 'cancelled'])
      expect(actions([sent('health', MINUTE, { status })])).toEqual([]);
    expect(actions([sent('health', MINUTE, { deployment_hash: 'other' })])).toEqual([]);
  });

  it('do not run a change that an earlier journal may have known', () => {
    expect(actions([sent('restart', MINUTE)], { journalBornMs: NOW })).toEqual(['report']);
    expect(actions([sent('health', MINUTE)], { journalBornMs: NOW })).toEqual(['run']);
  });

  it('come oldest first', () => {
    const commands = [sent('health', MINUTE), sent('health', 3 * MINUTE), sent('health', 2 * MINUTE)];
    expect(lostDeliveries(commands, around).map((lost) => lost.command.command_id)).toEqual([
      'cmd_health_180000',
      'cmd_health_120000',
      'cmd_health_60000',
    ]);
  });
});
