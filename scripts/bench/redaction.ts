// Measures the log redactor: recall per kind, benign lines changed, what must survive, and speed beside a copy and one regex.

import { readFileSync } from 'node:fs';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ANCHORS, buildAutomaton } from '../../src/agent/redaction/anchors.ts';
import { createRedactor } from '../../src/agent/redaction/redactor.ts';
import { type CorpusRecord, generateCorpus, ordinaryLines } from './redaction/corpus.ts';
import { recordsOf } from './redaction/text-set.ts';
import { chanceFrom } from './redaction/shapes.ts';

interface Score {
  secrets: number;
  leaked: number;
}

/** A secret leaks when more than a quarter of it survives, at least 5 and at most 12 characters. */
export function leaks(secret: string, output: string): boolean {
  const window = Math.min(secret.length, Math.min(12, Math.max(5, Math.ceil(secret.length / 4))) + 1);
  for (let from = 0; from + window <= secret.length; from += 1) {
    if (output.includes(secret.slice(from, from + window))) return true;
  }
  return false;
}

export function redactRecord(record: CorpusRecord): string {
  const text = record.chunks === undefined ? record.text : record.chunks.join('');
  return createRedactor({ env: record.env ?? {} })
    .lines(text.split('\n'))
    .map((line) => line.text)
    .join('\n');
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function readCorpus(file: string): readonly CorpusRecord[] {
  // The file is the operator's own, in the form this script writes.
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line): CorpusRecord => JSON.parse(line));
}

export interface Report {
  readonly kinds: ReadonlyMap<string, Score>;
  benign: number;
  benignChanged: number;
  keep: number;
  kept: number;
  json: number;
  jsonValid: number;
  lineCountChanged: number;
}

const MOST_MISSES = 4000;

export function measure(records: readonly CorpusRecord[], onMiss: (miss: string) => void = () => {}): Report {
  const kinds = new Map<string, Score>();
  const report: Report = {
    kinds,
    benign: 0,
    benignChanged: 0,
    keep: 0,
    kept: 0,
    json: 0,
    jsonValid: 0,
    lineCountChanged: 0,
  };
  for (const record of records) {
    const output = redactRecord(record);
    const shown = `${record.id} ${record.kind}: ${record.text.slice(-300)}\n      → ${output.slice(-300)}`;
    if (output.split('\n').length !== record.text.split('\n').length) report.lineCountChanged += 1;
    if (isJson(record.text)) {
      report.json += 1;
      if (isJson(output)) report.jsonValid += 1;
      else onMiss(`JSON   ${shown}`);
    }
    if (record.secret === null) {
      report.benign += 1;
      if (output !== record.text) {
        report.benignChanged += 1;
        onMiss(`BENIGN ${shown}`);
      }
      continue;
    }
    const score = kinds.get(record.kind) ?? { secrets: 0, leaked: 0 };
    kinds.set(record.kind, score);
    score.secrets += 1;
    if ((record.secrets ?? [record.secret]).some((secret) => leaks(secret, output))) {
      score.leaked += 1;
      onMiss(`LEAK   ${shown}`);
    }
    for (const part of record.keep) {
      report.keep += 1;
      if (output.includes(part)) report.kept += 1;
      else onMiss(`KEEP   ${JSON.stringify(part)} ${shown}`);
    }
  }
  return report;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '    –' : `${((100 * part) / whole).toFixed(2)} %`;
}

function printReport(title: string, report: Report): void {
  console.log(`\n${title}`);
  let secrets = 0;
  let leaked = 0;
  for (const [kind, score] of [...report.kinds].sort(([a], [b]) => a.localeCompare(b))) {
    secrets += score.secrets;
    leaked += score.leaked;
    console.log(
      `  ${kind.padEnd(24)} ${String(score.secrets).padStart(6)}  ${percent(score.secrets - score.leaked, score.secrets).padStart(9)}`,
    );
  }
  console.log(
    `  ${'recall, all kinds'.padEnd(24)} ${String(secrets).padStart(6)}  ${percent(secrets - leaked, secrets).padStart(9)}`,
  );
  console.log(
    `  ${'benign changed'.padEnd(24)} ${String(report.benign).padStart(6)}  ${percent(report.benignChanged, report.benign).padStart(9)}`,
  );
  console.log(
    `  ${'keep parts surviving'.padEnd(24)} ${String(report.keep).padStart(6)}  ${percent(report.kept, report.keep).padStart(9)}`,
  );
  console.log(
    `  ${'JSON still valid'.padEnd(24)} ${String(report.json).padStart(6)}  ${percent(report.jsonValid, report.json).padStart(9)}`,
  );
  console.log(`  ${'line count changed'.padEnd(24)} ${String(report.lineCountChanged).padStart(6)}`);
}

const FLOOR = /(token|secret|password|key|credential)(\s*[=:]\s*)([^\s]+)/gi;
const PAGE_LINES = 1000;
const LONG_LINE_LENGTH = 16_384;
const ROUNDS = 7;

function bestMs(work: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round += 1) {
    const started = performance.now();
    work();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

/** 98 % lines without a secret, of which `trickyShare` in a hundred only look as if they had one, and 2 % with a secret. */
function stream(records: readonly CorpusRecord[], seed: number, count: number, trickyShare: number): string[] {
  const chance = chanceFrom(seed);
  const ordinary = ordinaryLines(seed, 10_000);
  const tricky = records.filter((record) => record.secret === null && !record.text.includes('\n'));
  const secret = records.filter(
    (record) => record.secret !== null && record.text.length < 400 && !record.text.includes('\n'),
  );
  return Array.from({ length: count }, () => {
    if (chance(50) === 0) return secret[chance(secret.length)]?.text ?? '';
    return (chance(100) < trickyShare ? tricky[chance(tricky.length)]?.text : ordinary[chance(ordinary.length)]) ?? '';
  });
}

function longLines(lines: readonly string[], count: number): string[] {
  let next = 0;
  return Array.from({ length: count }, () => {
    let line = '';
    while (line.length < LONG_LINE_LENGTH) {
      line += `${lines[next % lines.length] ?? ''} `;
      next += 1;
    }
    return line;
  });
}

/** Returns nanoseconds per byte. */
function printSpeed(title: string, lines: readonly string[]): number {
  const megabytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0) / 1e6;
  const redactor = createRedactor();
  const known = createRedactor({
    env: { DB_PASSWORD: 'kJ7sd8fKJ2sdf98', API_TOKEN: 'q8Rr2mZk7Lw0Xc5V', SMTP_PASS: 'Vx81nGqPz33b' },
  });
  const pages = Array.from({ length: Math.ceil(lines.length / PAGE_LINES) }, (_, page) =>
    lines.slice(page * PAGE_LINES, (page + 1) * PAGE_LINES),
  );
  const copyMs = bestMs(() => pages.forEach((page) => Buffer.from(page.join('\n'))));
  const floorMs = bestMs(() => lines.forEach((line) => line.replace(FLOOR, '$1$2***')));
  const ownMs = bestMs(() => pages.forEach((page) => redactor.lines(page)));
  const knownMs = bestMs(() => pages.forEach((page) => known.lines(page)));
  const rate = (ms: number): string => `${((megabytes / ms) * 1000).toFixed(0).padStart(6)} MB/s`;
  console.log(`\n${title}: ${lines.length} lines, ${megabytes.toFixed(1)} MB, best of ${ROUNDS}`);
  console.log(`  plain copy               ${rate(copyMs)}`);
  console.log(`  one regex (floor)        ${rate(floorMs)}`);
  console.log(
    `  redactor                 ${rate(ownMs)}   ${(ownMs / copyMs).toFixed(1)} × copy, ${(ownMs / floorMs).toFixed(2)} × floor`,
  );
  console.log(`  redactor, 3 known values ${rate(knownMs)}`);
  const pageMs = (ownMs / lines.length) * PAGE_LINES;
  console.log(`  1000 lines               ${pageMs.toFixed(2).padStart(6)} ms`);
  return ownMs / megabytes;
}

const SHORT_LENGTH = 16_384;
const LONG_LENGTH = 1_048_576;
const WORST_COUNT = 12;
const TARGET_RATIO = 3;

function nsPerByte(unit: string, length: number, rounds: number): number {
  const redactor = createRedactor();
  const text = unit.repeat(Math.ceil(length / unit.length));
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    redactor.text(text);
    best = Math.min(best, performance.now() - started);
  }
  return (best * 1e6) / text.length;
}

/** Each rule's literal over and over, and a name or an operator between: what makes every matcher look. */
function printWorst(typicalNs: number): void {
  const timed = [...new Set(ANCHORS.map((anchor) => anchor.literal))]
    .flatMap((literal) => ['', '=', ': a1B2c3D4', '="', '=[', '.', '\\'].map((tail) => literal + tail))
    .map((unit) => ({ unit, ratio: nsPerByte(unit, SHORT_LENGTH, 3) / typicalNs }))
    .toSorted((a, b) => a.ratio - b.ratio);
  const at = (share: number): string => (timed[Math.floor(share * (timed.length - 1))]?.ratio ?? 0).toFixed(1);
  const within = timed.filter(({ ratio }) => ratio <= TARGET_RATIO).length;
  console.log(`\nworst inputs of ${timed.length}, 16 KiB of one literal over and over, in ordinary bytes:`);
  console.log(`  median ${at(0.5)}   90 % ${at(0.9)}   99 % ${at(0.99)}   most ${at(1)}`);
  console.log(`  within ${TARGET_RATIO}: ${percent(within, timed.length).trim()}; the worst, and how they do at 1 MiB`);
  for (const { unit, ratio } of timed.slice(-WORST_COUNT).toReversed()) {
    const long = (nsPerByte(unit, LONG_LENGTH, 2) / typicalNs).toFixed(1).padStart(6);
    console.log(`  ${ratio.toFixed(1).padStart(6)} ${long}   ${JSON.stringify(unit)}`);
  }
}

function printStart(): void {
  const before = process.memoryUsage();
  const started = performance.now();
  const automaton = buildAutomaton();
  const ms = performance.now() - started;
  const after = process.memoryUsage();
  const mebibytes = (after.arrayBuffers - before.arrayBuffers) / 1_048_576;
  console.log(
    `\nfirst redactor of a process: table of ${automaton.stateCount} states built in ${ms.toFixed(1)} ms, ${mebibytes.toFixed(2)} MiB`,
  );
}

export function run(args: string[]): void {
  const { values } = parseArgs({
    args,
    options: {
      corpus: { type: 'string' },
      seed: { type: 'string', default: '1' },
      set: { type: 'string' },
      misses: { type: 'boolean', default: false },
    },
  });
  const seed = Number(values.seed);
  const records =
    values.set !== undefined
      ? recordsOf(values.set, seed, 6, 2_400)
      : values.corpus === undefined
        ? generateCorpus(seed)
        : readCorpus(values.corpus);
  const misses: string[] = [];
  const note = (miss: string): void => void (misses.length < MOST_MISSES && misses.push(miss));
  const title = values.set === undefined ? `own corpus, seed ${seed}` : `set ${values.set}, seed ${seed}`;
  printReport(values.corpus ?? title, measure(records, note));
  if (values.misses) for (const miss of misses) console.log(miss);
  if (values.set !== undefined) return;
  const lines = stream(records, seed, 60_000, 0);
  const typicalNs = printSpeed('ordinary lines, 2 % with a secret', lines);
  printSpeed(
    'the same, and a quarter of the lines full of words like token and key',
    stream(records, seed, 60_000, 25),
  );
  printSpeed('16 KiB lines', longLines(lines, 300));
  printWorst(typicalNs);
  printStart();
}

if (import.meta.filename === process.argv[1]) run(process.argv.slice(2));
