// Figures of a benchmark and how they are printed: medians with their range, beside floor, peer, ratio and target.

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function figureOf(samples: readonly number[]): Figure {
  if (samples.length === 0) throw new Error('no samples were taken');
  const sorted = samples.toSorted((left, right) => left - right);
  return { median: quantile(sorted, 0.5), min: quantile(sorted, 0), max: quantile(sorted, 1) };
}

/** `sorted` ascending; nearest rank, but the mean of the two in the middle for a median. */
export function quantile(sorted: readonly number[], fraction: number): number {
  const at = fraction * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return fraction === 0.5 ? (low + high) / 2 : high;
}

export interface Row {
  readonly what: string;
  readonly floor: Figure;
  readonly peer?: Figure | undefined;
  readonly own: Figure;
  /** Own figure against the floor, as it is judged; `limit` is the target for it. Without one it is only shown. */
  readonly judged?: { readonly value: number; readonly limit: number; readonly sense: 'at-most' | 'at-least' };
  /** Own figure by floor, where each round has both: shown instead of the ratio of the medians. */
  readonly ratio?: Figure;
  readonly unit: 'times' | 'absolute' | 'difference';
  readonly digits: number;
}

export interface Heading {
  readonly title: string;
  /** Sentences under the title: what was done, and what each column is. */
  readonly notes: readonly string[];
  readonly peer: boolean;
}

/** The table as text. Every figure is a median with the smallest and the largest of the rounds in brackets. */
export function tableOf(heading: Heading, rows: readonly Row[]): string {
  const header = ['', 'floor', ...(heading.peer ? ['peer'] : []), 'agent', 'agent : floor', 'target', ''];
  const cells = rows.map((row) => [
    row.what,
    shown(row.floor, row.digits),
    ...(heading.peer ? [row.peer === undefined ? '' : shown(row.peer, row.digits)] : []),
    shown(row.own, row.digits),
    comparison(row),
    target(row),
    verdict(row),
  ]);
  const widths = header.map((title, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('   ')
      .trimEnd();
  const rule = widths.map((width) => '─'.repeat(width)).join('───');
  return [
    '',
    heading.title,
    ...heading.notes.map((note) => `  ${note}`),
    '',
    line(header),
    rule,
    ...cells.map(line),
    '',
  ].join('\n');
}

function shown({ median, min, max }: Figure, digits: number): string {
  return min === max
    ? number(median, digits)
    : `${number(median, digits)} [${number(min, digits)}–${number(max, digits)}]`;
}

function number(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function comparison({ floor, own, ratio, unit, digits }: Row): string {
  if (ratio !== undefined) return `${shown(ratio, 2)} ×`;
  if (unit === 'difference') {
    const difference = own.median - floor.median;
    return `${difference < 0 ? '' : '+'}${number(difference, digits)}`;
  }
  return floor.median === 0 ? '' : `${(own.median / floor.median).toFixed(2)} ×`;
}

function target({ judged, unit }: Row): string {
  if (judged === undefined) return '';
  const sign = judged.sense === 'at-most' ? '≤' : '≥';
  if (unit === 'times') return `${sign} ${judged.limit} ×`;
  return unit === 'difference' ? `${sign} +${judged.limit}` : `${sign} ${judged.limit}`;
}

function verdict({ judged }: Row): string {
  if (judged === undefined) return '';
  const met = judged.sense === 'at-most' ? judged.value <= judged.limit : judged.value >= judged.limit;
  return met ? 'met' : 'NOT MET';
}
