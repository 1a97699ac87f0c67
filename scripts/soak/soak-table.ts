// The result of a soak run as a table for people and a list of faults for a test. Pure.
import { textTable } from '../../test/faults/text-table.ts';
import type { SoakResult } from './soak-run.ts';

export function soakTable(result: SoakResult): string {
  const { options } = result;
  const lost = result.unreported.length;
  const network = ['drop-request', 'drop-answer', 'truncate', 'reset', 'delay', 'deliver-again'].map((kind) => [
    kind,
    result.provoked.get(kind) ?? 0,
    '',
    '',
    '',
    '',
  ]);
  const rows = [
    ...network,
    ['SIGKILL', result.kills, '', '', '', seconds(result.slowestRecoveryMs)],
    ['delivery swallowed', result.lostDeliveries, '', '', '', ''],
    ['all together', '', result.missing, result.doubled, lost, seconds(result.slowestRecoveryMs)],
  ];
  return [
    textTable(['fault', 'times provoked', 'lost', 'doubled', 'unreported', 'slowest recovery'], rows),
    '',
    `${options.server} control plane, seed ${options.seed}: ${options.commands} commands in ${seconds(result.tookMs)} (${((options.commands / result.tookMs) * 1000).toFixed(1)}/s), ${result.effects} effects by the engine's own events,`,
    `${result.reports} reports reached the server, ${result.invalidReports.length} invalid, ${result.differing.length} commands with differing reports;`,
    `${result.completed} completed, ${result.interrupted} interrupted, ${result.deliveryLost} delivery_lost, ${result.otherFailures.length} failed otherwise; ${result.overtaken} changes overtook an earlier one of their container`,
  ].join('\n');
}

/** Empty when everything held. */
export function soakFaults(result: SoakResult): readonly string[] {
  const some = (what: string, found: readonly string[]): readonly string[] =>
    found.length === 0 ? [] : [`${found.length} ${what}: ${found.slice(0, 5).join('; ')}`];
  return [
    ...some('commands without a stored report', result.unreported),
    ...some('commands with differing reports', result.differing),
    ...some('containers whose effects differ from what was reported', result.wrongEffects),
    ...some('invalid reports', result.invalidReports),
    ...some('commands that failed for another reason', result.otherFailures),
    ...some('lines of a bug', result.bugs),
    // A server that pops for a poll whose client is gone can hand out a later command before anybody can know of the earlier one.
    ...(result.overtaken === 0 || result.options.server === 'production'
      ? []
      : [`${result.overtaken} changes overtook an earlier one of their container`]),
    ...(result.kills < result.options.kills ? [`only ${result.kills} of ${result.options.kills} kills`] : []),
  ];
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
