// Collects the parts of a text to be masked, merges them and substitutes once, so that no rule reads another rule's mask.

import { DIGIT, inClass } from './characters.ts';
import { bareNumberAt } from './json-number.ts';
import type { RedactionCategory } from './redactor.ts';

/** How every mark begins, those of versions that did not name the category too: what holds one is not looked at again. */
export const MARK_BEGIN = '***REDACTED';
/** Takes the place of a line that could not be judged: its text is not let out. */
export const MASKED_LINE = '***REDACTED LINE***';

export interface Span {
  readonly from: number;
  readonly to: number;
  readonly category: RedactionCategory;
  /** Written around the mask where a bare JSON number is replaced, so that the JSON stays valid. */
  readonly quote: string;
}

export interface MergedSpan {
  readonly from: number;
  readonly to: number;
  /** The first is the one that the mark names. */
  readonly categories: readonly [RedactionCategory, ...RedactionCategory[]];
  readonly quote: string;
}

/** `***REDACTED:api_token***`: the key stays readable, the mark says what stood there (docs/redaction.md). */
export function markOf(category: RedactionCategory): string {
  return `${MARK_BEGIN}:${category}***`;
}

/** Where several matchers found the same text, the mark names the one that says most about it. */
const RANK: Readonly<Record<RedactionCategory, number>> = {
  private_key: 0,
  api_token: 1,
  payment_card: 2,
  cloud_db_credential: 3,
  owner_rule: 4,
  env_assignment: 5,
  env_value: 6,
  pii_email: 7,
};

function withCategory(known: MergedSpan['categories'], added: RedactionCategory): MergedSpan['categories'] {
  if (known.includes(added)) return known;
  return RANK[added] < RANK[known[0]] ? [added, ...known] : [known[0], ...known.slice(1), added];
}

export class Spans {
  readonly #text: string;
  readonly #spans: Span[] = [];
  /** The newline that was found last, and from where it was looked for. */
  #newlineFrom = 0;
  #newline = -1;

  constructor(text: string) {
    this.#text = text;
  }

  /** A span over several lines becomes one span per line: the number of lines never changes. */
  add(from: number, to: number, category: RedactionCategory, quote = ''): void {
    const number =
      quote === '' && inClass(DIGIT, this.#text.charCodeAt(from)) ? bareNumberAt(this.#text, from, to) : undefined;
    if (number !== undefined) {
      this.#spans.push({ ...number, category });
      return;
    }
    let start = from;
    while (start < to) {
      const newline = this.#nextNewline(start);
      const stop = newline >= to ? to : newline;
      if (stop > start) this.#spans.push({ from: start, to: stop, category, quote });
      start = stop + 1;
    }
  }

  /** Spans come by the thousand in one long line, whose end is looked for once. */
  #nextNewline(from: number): number {
    if (from >= this.#newlineFrom && from <= this.#newline) return this.#newline;
    const found = this.#text.indexOf('\n', from);
    this.#newlineFrom = from;
    this.#newline = found === -1 ? this.#text.length : found;
    return this.#newline;
  }

  get isEmpty(): boolean {
    return this.#spans.length === 0;
  }

  /** Sorted, without overlap; touching spans become one. */
  merged(): readonly MergedSpan[] {
    const sorted = this.#spans.toSorted((a, b) => a.from - b.from || b.to - a.to);
    const merged: MergedSpan[] = [];
    for (const span of sorted) {
      const last = merged.at(-1);
      if (last === undefined || span.from > last.to) {
        merged.push({ from: span.from, to: span.to, categories: [span.category], quote: span.quote });
        continue;
      }
      const categories = withCategory(last.categories, span.category);
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to), categories, quote: last.quote };
    }
    return this.#text.includes(MARK_BEGIN) ? withoutMarks(merged, this.#text) : merged;
  }
}

const MARK = /\*\*\*REDACTED(?::[a-z_]{1,32})?\*\*\*/g;

/** What is a mark already stays one: masking twice changes nothing. */
function withoutMarks(spans: readonly MergedSpan[], text: string): MergedSpan[] {
  const marks = [...text.matchAll(MARK)].map((mark) => ({ from: mark.index, to: mark.index + mark[0].length }));
  let next = 0;
  return spans.flatMap((span) => {
    const pieces: MergedSpan[] = [];
    let from = span.from;
    while (next < marks.length && (marks[next]?.to ?? 0) <= span.from) next += 1;
    for (let i = next; i < marks.length; i += 1) {
      const mark = marks[i];
      if (mark === undefined || mark.from >= span.to) break;
      if (mark.from > from) pieces.push({ ...span, from, to: mark.from });
      from = Math.max(from, mark.to);
    }
    if (from < span.to) pieces.push({ ...span, from });
    return pieces;
  });
}

/** `offset`: the position of the text in what the spans count from. */
export function substitute(text: string, offset: number, spans: readonly MergedSpan[]): string {
  let result = '';
  let position = 0;
  for (const span of spans) {
    result += text.slice(position, span.from - offset) + span.quote + markOf(span.categories[0]) + span.quote;
    position = span.to - offset;
  }
  return result + text.slice(position);
}
