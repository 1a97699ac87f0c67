// Which commands the server has handed out and this agent never saw, and what to do about each. Pure.
//
// The production server marks a command as sent before a byte of it leaves, and an aborted poll can swallow one: nobody would ever know.
import type { Registry } from '../../commands/registry.ts';
import type { SnapshotCommand } from '../../protocol/snapshot.ts';

export interface LostDelivery {
  readonly command: SnapshotCommand;
  /** Late but wanted, or to be reported as lost. */
  readonly action: 'run' | 'report';
}

export interface LostCircumstances {
  readonly registry: Registry;
  readonly deploymentHash: string;
  /** Whether the agent has the command, in its journal or in its hands. */
  readonly knows: (commandId: string) => boolean;
  /** Server time, milliseconds since the epoch. */
  readonly serverNowMs: number;
  /** When the journal was begun, by the server's time: what was sent before may have run, and been forgotten. */
  readonly journalBornMs: number;
}

/** How long after its making a command may still be begun. Somebody waits for an answer, but not for longer than this. */
const FRESH_READ_MS = 15 * 60_000;
const FRESH_CHANGE_MS = 5 * 60_000;

export function lostDeliveries(
  commands: readonly SnapshotCommand[],
  around: LostCircumstances,
): readonly LostDelivery[] {
  return commands
    .filter((command) => command.status === 'sent' && command.deployment_hash === around.deploymentHash)
    .filter((command) => !around.knows(command.command_id))
    .toSorted((a, b) => (a.created_at ?? '').localeCompare(b.created_at ?? ''))
    .map((command) => ({ command, action: actionFor(command, around) }));
}

function actionFor(command: SnapshotCommand, around: LostCircumstances): LostDelivery['action'] {
  const madeMs = Date.parse(command.created_at ?? '');
  const sentMs = Date.parse(command.updated_at ?? command.created_at ?? '');
  if (Number.isNaN(madeMs)) return 'report';
  const ageMs = around.serverNowMs - madeMs;
  const access = around.registry.get(command.type)?.access ?? 'read';
  if (access === 'read') return ageMs <= FRESH_READ_MS ? 'run' : 'report';
  return ageMs <= FRESH_CHANGE_MS && sentMs >= around.journalBornMs ? 'run' : 'report';
}
