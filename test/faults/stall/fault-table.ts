// What a file of fault tests prints at its end: each fault, how often it was provoked, and the slowest recovery from it.
import { textTable } from '../text-table.ts';

/** How often each fault is provoked: FAULT_TRIALS, 2 unless told. */
export function trialsWanted(environment: Readonly<Record<string, string | undefined>>): number {
  const wanted = Number(environment['FAULT_TRIALS'] ?? '2');
  return Number.isInteger(wanted) && wanted > 0 ? wanted : 2;
}

export class FaultTable {
  readonly #title: string;
  readonly #rows = new Map<string, { provoked: number; slowestMs: number; note: string }>();

  constructor(title: string) {
    this.#title = title;
  }

  /** `tookMs` is how long it was until all was well again; leave it out where there is nothing to wait for. */
  add(fault: string, tookMs = Number.NaN, note = '', provoked = 1): void {
    const row = this.#rows.get(fault) ?? { provoked: 0, slowestMs: Number.NaN, note: '' };
    row.provoked += provoked;
    if (!(row.slowestMs >= tookMs)) row.slowestMs = Number.isNaN(tookMs) ? row.slowestMs : tookMs;
    if (note !== '') row.note = note;
    this.#rows.set(fault, row);
  }

  print(): void {
    const rows = [...this.#rows].map(([fault, { provoked, slowestMs, note }]) => [
      fault,
      provoked,
      Number.isNaN(slowestMs) ? '–' : `${(slowestMs / 1000).toFixed(1)} s`,
      note,
    ]);
    console.log(textTable([this.#title, 'provoked', 'slowest recovery', 'note'], rows));
  }
}
