// Collects the parts of a text to be masked, merges them and substitutes once, so that no rule reads another rule's mask.

import type { RedactionCategory } from './redactor.ts';

export const MASK = '***REDACTED***';
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
  readonly categories: readonly RedactionCategory[];
  readonly quote: string;
}

export class Spans {
  readonly #text: string;
  readonly #spans: Span[] = [];

  constructor(text: string) {
    this.#text = text;
  }

  /** A span over several lines becomes one span per line: the number of lines never changes. */
  add(from: number, to: number, category: RedactionCategory, quote = ''): void {
    let start = from;
    while (start < to) {
      const newline = this.#text.indexOf('\n', start);
      const stop = newline === -1 || newline >= to ? to : newline;
      if (stop > start) this.#spans.push({ from: start, to: stop, category, quote });
      start = stop + 1;
    }
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
      const categories = last.categories.includes(span.category)
        ? last.categories
        : [...last.categories, span.category];
      merged[merged.length - 1] = { from: last.from, to: Math.max(last.to, span.to), categories, quote: last.quote };
    }
    return merged;
  }
}

/** `offset`: the position of the text in what the spans count from. */
export function substitute(text: string, offset: number, spans: readonly MergedSpan[]): string {
  let result = '';
  let position = 0;
  for (const span of spans) {
    result += text.slice(position, span.from - offset) + span.quote + MASK + span.quote;
    position = span.to - offset;
  }
  return result + text.slice(position);
}
