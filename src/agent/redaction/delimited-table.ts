// Masks the cells below a secret name in the heading of a table: CSV in any usual delimiter, and what psql and mysql print.

import { classOf, inClass } from './characters.ts';
import { acceptsDelimited, categoryOf, type Named } from './named.ts';
import type { Operator } from './operator.ts';
import type { Scan } from './scan.ts';
import { isStatusWord, looksGenerated, looksSecret } from './value-judgement.ts';

const LONGEST_HEADING = 1024;
const LONGEST_ROW = 8192;
const MOST_ROWS = 4096;
const MOST_COLUMNS = 64;
/** A heading is made of names alone; a sentence with commas has blanks in it. */
const HEADING: Readonly<Record<string, RegExp>> = {
  ',': /^"?[A-Za-z_][\w.-]*"?(?:,"?[A-Za-z_][\w.-]*"?)+$/,
  ';': /^"?[A-Za-z_][\w.-]*"?(?:;"?[A-Za-z_][\w.-]*"?)+$/,
  '\t': /^[A-Za-z_][\w.-]*(?:\t[A-Za-z_][\w.-]*)+$/,
  '|': /^[ |]*[A-Za-z_][\w.-]* *(?:\| *[A-Za-z_][\w.-]* *)+\|? *$/,
};
const DELIMITERS = Object.keys(HEADING);
const BEFORE_CELL = classOf(',;|" \t\n');

interface Cell {
  readonly from: number;
  readonly to: number;
}

/** Cells without the blanks and quotes around them, in the text's own positions. */
function cellsOf(text: string, from: number, to: number, delimiter: string): readonly Cell[] {
  const cells: Cell[] = [];
  let start = from;
  for (let i = from; i <= to && cells.length <= MOST_COLUMNS; i += 1) {
    if (i < to && text.charAt(i) === '"' && i === start) {
      // In quotes a delimiter is no delimiter.
      const close = text.indexOf('"', i + 1);
      if (close !== -1 && close < to) i = close;
      continue;
    }
    if (i < to && text.charAt(i) !== delimiter) continue;
    cells.push(trimmed(text, start, i));
    start = i + 1;
  }
  return cells;
}

function trimmed(text: string, start: number, end: number): Cell {
  let from = start;
  let to = end;
  while (from < to && text.charCodeAt(from) === 32) from += 1;
  while (to > from && text.charCodeAt(to - 1) === 32) to -= 1;
  const quoted = to - from > 1 && text.charAt(from) === '"' && text.charAt(to - 1) === '"';
  return quoted ? { from: from + 1, to: to - 1 } : { from, to };
}

/** The columns below secret names, by their place; undefined when the line is no heading. */
function secretColumns(scan: Scan, cells: readonly Cell[]): ReadonlyMap<number, Named> {
  const columns = new Map<number, Named>();
  for (const [index, { from, to }] of cells.entries()) {
    const name = scan.text.slice(from, to);
    const verdict = scan.verdict(name);
    if (verdict === 'password' || verdict === 'secret' || verdict === 'location')
      columns.set(index, { from, to, name, verdict });
  }
  return columns;
}

/** A cell that is a name itself belongs to a table of names and values, which is read from left to right. */
function isSecretCell(scan: Scan, named: Named, value: string): boolean {
  if (value.length < 4 || !acceptsDelimited(named, value) || scan.verdict(value) !== 'none') return false;
  if (named.verdict === 'password') return !isStatusWord(value) && !value.includes(' ');
  return looksSecret(value) && looksGenerated(value, 8);
}

const RULE = /^[ |+:=-]*-{2,}[ |+:=-]*$/;

/** What stands behind a name says of nearly all that they are in no heading. */
function mayEndCell(text: string, nameTo: number, operator: Operator): boolean {
  if (operator.kind === 'comma' || operator.kind === 'pipe') return true;
  const code = text.charCodeAt(operator.keyQuote === '"' ? nameTo + 1 : nameTo);
  // The last column ends with its line, in a ruled table after a blank.
  if (operator.kind === 'none') return code === 10 || code === 13;
  return operator.kind === 'space' && (code === 9 || (code === 32 && inClass(LINE_END, text.charCodeAt(nameTo + 1))));
}

const LINE_END = classOf('\n\r');

/** Called for a name that may be one of a heading. What was read as rows is not read as a heading again. */
export function matchDelimitedTable(scan: Scan, named: Named, operator: Operator): void {
  if (!mayEndCell(scan.text, named.to, operator)) return;
  const { text } = scan;
  if (named.from < scan.tableDone || (named.from > 0 && !inClass(BEFORE_CELL, text.charCodeAt(named.from - 1)))) return;
  const start = scan.lineStart(named.from);
  const end = scan.lineEnd(named.from);
  scan.tableDone = end + 1;
  if (end - start > LONGEST_HEADING || end >= text.length) return;
  const heading = text.slice(start, end);
  const delimiter = DELIMITERS.find((candidate) => HEADING[candidate]?.test(heading));
  if (delimiter === undefined) return;
  const cells = cellsOf(text, start, end, delimiter);
  const columns = secretColumns(scan, cells);
  if (columns.size > 0 && cells.length <= MOST_COLUMNS) maskRows(scan, end, delimiter, cells.length, columns);
}

function maskRows(
  scan: Scan,
  headingEnd: number,
  delimiter: string,
  width: number,
  columns: ReadonlyMap<number, Named>,
): void {
  const { text } = scan;
  let ruled = delimiter !== '|';
  let at = text.indexOf('\n', headingEnd) + 1;
  for (let count = 0; at > 0 && at < text.length && count < MOST_ROWS; count += 1) {
    const newline = text.indexOf('\n', at);
    const stop = newline === -1 ? text.length : newline;
    const end = text.charCodeAt(stop - 1) === 13 ? stop - 1 : stop;
    if (stop - at > LONGEST_ROW) return;
    const isRule = delimiter === '|' && RULE.test(text.slice(at, Math.min(end, at + LONGEST_HEADING)));
    if (isRule) ruled = true;
    else {
      const cells = cellsOf(text, at, end, delimiter);
      if (!ruled || cells.length !== width) return;
      for (const [index, named] of columns) {
        const cell = cells[index];
        if (cell !== undefined && isSecretCell(scan, named, text.slice(cell.from, cell.to)))
          scan.add(cell.from, cell.to, categoryOf(named));
      }
    }
    scan.tableDone = stop + 1;
    if (newline === -1) return;
    at = newline + 1;
  }
}
