// The states of a command in the journal, and what follows from each. Pure.
//
//   received ──start──▶ started ──finish──▶ finished ──accepted──▶ reported
//                          │                    └──refused twice──▶ parked
//                          └──start (once more, after a crash)
//
// received  on disk, nothing done yet.
// started   its code may have run. `starts` counts how often; `evidence` is written before its first effect.
// finished  the report is on disk and has to be delivered: this is the outbox.
// reported  the server has acknowledged it. Kept so that a redelivery is recognised, until it is pruned.
// parked    the server refuses the report for good, in its full and in its reduced form.
import type { Evidence } from '../../commands/context.ts';
import type { CommandEnvelope } from '../../protocol/command-envelope.ts';

export const ENTRY_STATES = ['received', 'started', 'finished', 'reported', 'parked'] as const;
export type EntryState = (typeof ENTRY_STATES)[number];

export interface JournalEntry {
  readonly envelope: CommandEnvelope;
  readonly state: EntryState;
  /** Milliseconds since the epoch, by the host's clock. */
  readonly receivedAtMs: number;
  readonly startedAtMs: number | undefined;
  readonly starts: number;
  readonly evidence: Evidence | undefined;
  /** The report's exact bytes, as they are signed and sent. */
  readonly report: string | undefined;
}

/** What a starting agent does about a command that an earlier process left behind. */
export type RecoveryStep =
  | { readonly kind: 'run' }
  | { readonly kind: 'run-again' }
  /** Look at the host first: the effect may have happened. `mayRunAgain` when it certainly did not. */
  | { readonly kind: 'investigate'; readonly mayRunAgain: boolean }
  | { readonly kind: 'give-up' }
  | { readonly kind: 'none' };

const STARTS_MAX_COUNT = 2;

/** A command that has ended the process twice is not started a third time. */
export function recoveryOf(entry: JournalEntry, access: 'read' | 'change'): RecoveryStep {
  switch (entry.state) {
    case 'received':
      return { kind: 'run' };
    case 'started': {
      const mayRunAgain = entry.starts < STARTS_MAX_COUNT;
      if (entry.evidence !== undefined && access === 'change') return { kind: 'investigate', mayRunAgain };
      // Without evidence no effect can have begun: it is on disk before the first one.
      return mayRunAgain ? { kind: 'run-again' } : { kind: 'give-up' };
    }
    case 'finished':
    case 'reported':
    case 'parked':
      return { kind: 'none' };
  }
}
