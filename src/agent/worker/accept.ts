// What to do with a command that has just arrived: run it, refuse it, or recognise it. Pure.
import type { Registry } from '../../commands/registry.ts';
import type { CommandEnvelope } from '../../protocol/command-envelope.ts';
import type { ErrorCode } from '../../protocol/error-code.ts';
import type { JournalEntry } from '../journal/entry.ts';

export type Decision =
  | { readonly kind: 'run' }
  | { readonly kind: 'refuse'; readonly code: ErrorCode; readonly message: string }
  /** Nothing to run; `resend` when the report has to go out again. */
  | { readonly kind: 'ignore'; readonly reason: string; readonly resend: boolean };

export interface Circumstances {
  readonly registry: Registry;
  readonly deploymentHash: string;
  /** Server time, milliseconds since the epoch. */
  readonly serverNowMs: number;
  /** A change that was asked for longer ago than this is not made any more. */
  readonly changeMaxAgeMs: number;
}

export function decide(envelope: CommandEnvelope, known: JournalEntry | undefined, around: Circumstances): Decision {
  // A report for another deployment would be refused with 403, so there is nobody to answer to.
  if (envelope.deployment_hash !== around.deploymentHash) {
    return { kind: 'ignore', reason: 'it is for another deployment', resend: false };
  }
  if (known !== undefined) {
    const resend = known.state === 'reported';
    return { kind: 'ignore', reason: `already ${known.state}`, resend };
  }
  const command = around.registry.get(envelope.type);
  if (command === undefined) {
    const types = [...around.registry.keys()].join(', ');
    const message = `this agent has no command ${JSON.stringify(envelope.type)}; it has: ${types}`;
    return { kind: 'refuse', code: 'unsupported_command', message };
  }
  const askedAt = envelope.created_at ?? undefined;
  const ageMs = askedAt === undefined ? 0 : around.serverNowMs - Date.parse(askedAt);
  if (command.access === 'change' && ageMs > around.changeMaxAgeMs) {
    const message = `asked for ${Math.round(ageMs / 60_000)} minutes ago; changes older than ${around.changeMaxAgeMs / 60_000} minutes are not made`;
    return { kind: 'refuse', code: 'expired', message };
  }
  return { kind: 'run' };
}
