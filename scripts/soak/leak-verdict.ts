// Whether what was measured grows with the number of commands, and the table that shows it. Pure.
import { textTable } from '../../test/faults/text-table.ts';
import { changeOf, countOf, type Descriptors } from './descriptors.ts';
import { fit, type Line } from './line-fit.ts';

export interface Sample {
  readonly commands: number;
  /** As the agent was found at rest, with what V8 has not collected yet. */
  readonly rssKib: number;
  /** After a collection, as all that follows. */
  readonly collectedRssKib: number;
  readonly objectsKib: number;
  /** Compiled functions: there are only so many, but V8 drops and compiles them anew as they are used. */
  readonly codeKib: number;
  readonly buffersKib: number;
  readonly descriptors: Descriptors;
}

interface Row {
  readonly what: string;
  readonly digits: number;
  /** Of the slope, per 1,000 commands. */
  readonly max: number;
  readonly of: (sample: Sample) => number;
}

/** Student's factor for 95 in 100 and the eight degrees of freedom that ten blocks of samples leave to a line. */
const ERRORS_COUNT = 2.306;
/** Half a MiB over a hundred thousand commands: less than one sample differs from the next. */
const SLOPE_MAX_KIB = 5;
const ROWS: readonly Row[] = [
  { what: 'RSS, KiB', digits: 0, max: SLOPE_MAX_KIB, of: (sample) => sample.rssKib },
  { what: 'RSS after a collection, KiB', digits: 0, max: SLOPE_MAX_KIB, of: (sample) => sample.collectedRssKib },
  { what: 'objects after a collection, KiB', digits: 0, max: SLOPE_MAX_KIB, of: (sample) => sample.objectsKib },
  { what: 'compiled code after it, KiB', digits: 0, max: SLOPE_MAX_KIB, of: (sample) => sample.codeKib },
  { what: 'buffers after it, KiB', digits: 0, max: SLOPE_MAX_KIB, of: (sample) => sample.buffersKib },
  { what: 'descriptors held', digits: 1, max: 0.01, of: ({ descriptors }) => countOf(descriptors) },
];

export function leakTable(samples: readonly Sample[]): string {
  const later = laterHalf(samples);
  const head = [
    `over ${samples.at(-1)?.commands ?? 0} commands, second half`,
    'begins at',
    'ends at',
    'slope per 1,000',
    'at most',
    'scatter',
  ];
  const rows = ROWS.map((row) => {
    const line = lineOf(row, later);
    return [
      row.what,
      line.first.toFixed(row.digits),
      line.last.toFixed(row.digits),
      `${line.slope.toFixed(3)} ± ${(ERRORS_COUNT * line.error).toFixed(3)}`,
      String(row.max),
      line.scatter.toFixed(row.digits),
    ];
  });
  return textTable(head, rows);
}

/** One sentence for each figure that grows by more than it may and more than chance explains. */
export function leaksIn(samples: readonly Sample[]): readonly string[] {
  const later = laterHalf(samples);
  const changed = changeOf(later[0]?.descriptors ?? {}, later.at(-1)?.descriptors ?? {});
  return ROWS.flatMap((row) => {
    const { slope, error } = lineOf(row, later);
    if (slope - ERRORS_COUNT * error <= row.max) return [];
    const which = row.what.startsWith('descriptors') ? ` (${changed})` : '';
    return [`${row.what}: grows by ${slope.toFixed(3)} in 1,000 commands${which}`];
  });
}

// The first half is the heap growing to its size, and functions being compiled that are seldom called.
function laterHalf(samples: readonly Sample[]): readonly Sample[] {
  return samples.slice(Math.floor(samples.length / 2));
}

function lineOf(row: Row, samples: readonly Sample[]): Line {
  return fit(samples.map((sample) => ({ x: sample.commands / 1_000, y: row.of(sample) })));
}
