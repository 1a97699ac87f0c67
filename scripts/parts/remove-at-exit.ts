// Runs what must be removed from the machine even when the program is ended by a signal in the middle of its work.
import process from 'node:process';

const removals = new Set<() => void>();
const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** Registers a synchronous removal; call what is returned once it is no longer needed. */
export function removeAtExit(remove: () => void): () => void {
  if (removals.size === 0) listen();
  removals.add(remove);
  return () => {
    removals.delete(remove);
    if (removals.size === 0) unlisten();
  };
}

function removeAll(): void {
  for (const remove of removals) {
    removals.delete(remove);
    remove();
  }
}

function onSignal(signal: NodeJS.Signals): void {
  // A program that handles the signal itself decides when to end: then the removal waits for its exit.
  if (process.listenerCount(signal) > 1) return;
  // A listener takes the signal's own effect away, so it is brought about here.
  process.exit(128 + (signal === 'SIGINT' || signal === 'SIGTERM' || signal === 'SIGHUP' ? SIGNAL_NUMBERS[signal] : 0));
}

function listen(): void {
  process.on('exit', removeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}

function unlisten(): void {
  process.off('exit', removeAll);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, onSignal);
}
