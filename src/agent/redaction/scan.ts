// The state shared by all matchers while one text is scanned: the text, the spans found, and how far each sort has looked.

import { ALPHANUMERIC, type CharacterClass, classOf, inClass, runEnd } from './characters.ts';
import type { NameVerdict, NameVerdicts } from './name-verdict.ts';
import type { RedactionCategory } from './redactor.ts';
import { Spans } from './spans.ts';

export interface Range {
  readonly from: number;
  readonly to: number;
}

/** Whether an unquoted value stops at this character. */
export type StopsAt = (text: string, at: number, code: number, encoded: boolean) => boolean;

const BRACKETS = classOf('{}<');

/**
 * Each high-water mark says up to where text was already looked at for that purpose. A matcher that is called again
 * inside does nothing: no byte is looked at twice for the same purpose, which is what keeps the whole linear.
 */
export class Scan {
  readonly text: string;
  readonly spans: Spans;
  readonly #names: NameVerdicts;
  nameDone = 0;
  /** Up to here tokens were masked. */
  tokenDone = 0;
  jwtDone = 0;
  encodedKeyDone = 0;
  urlDone = 0;
  emailDone = 0;
  cardDone = 0;
  keyDone = 0;
  proseDone = 0;
  commandDone = 0;
  cookieDone = 0;
  callDone = 0;
  insertDone = 0;
  codeDone = 0;
  tableDone = 0;
  discordDone = 0;
  ownerDone = 0;
  /** The header value that was walked last. */
  header: Range = { from: 0, to: -1 };
  /** Where the line that a matcher last asked about ends; lines are asked about many times. */
  #lineFrom = 0;
  #lineTo = -1;
  #bracket = -1;
  #bracketsTo = 0;
  #quoteFrom = 0;
  #quote = -1;
  readonly maskEmails: boolean;
  readonly #found = new Map<string, { readonly from: number; readonly at: number }>();
  #bare: Range = { from: 0, to: -1 };
  #encodedBare: Range = { from: 0, to: -1 };
  readonly #runs = new Map<CharacterClass, { readonly from: number; readonly to: number }>();

  constructor(text: string, names: NameVerdicts, maskEmails: boolean) {
    this.text = text;
    this.spans = new Spans(text);
    this.#names = names;
    this.maskEmails = maskEmails;
  }

  verdict(name: string): NameVerdict {
    return this.#names.of(name);
  }

  add(from: number, to: number, category: RedactionCategory, quote = ''): void {
    this.spans.add(from, to, category, quote);
  }

  /** The end of a run is remembered per class: many anchors may lie in one run, which is walked once. */
  runEnd(from: number, members: CharacterClass): number {
    const known = this.#runs.get(members);
    if (known !== undefined && from >= known.from && from <= known.to) return known.to;
    const to = runEnd(this.text, from, members);
    this.#runs.set(members, { from, to });
    return to;
  }

  /** `text.indexOf`, remembered per literal for the same reason. */
  indexOf(literal: string, from: number): number {
    const known = this.#found.get(literal);
    if (known !== undefined && from >= known.from && (known.at === -1 || from <= known.at)) return known.at;
    const at = this.text.indexOf(literal, from);
    this.#found.set(literal, { from, at });
    return at;
  }

  /** The last `{`, `}` or `<` before `at`, at most `reach` before it, or -1. What lies behind the last question is not walked again. */
  lastBracket(at: number, reach: number): number {
    const floor = Math.max(0, at - reach);
    const stop = at >= this.#bracketsTo ? Math.max(floor, this.#bracketsTo) : floor;
    let i = at - 1;
    while (i >= stop && !inClass(BRACKETS, this.text.charCodeAt(i))) i -= 1;
    if (i < stop && at >= this.#bracketsTo) i = this.#bracket;
    this.#bracket = i;
    this.#bracketsTo = at;
    return i >= floor ? i : -1;
  }

  /** Where the next double quote without a backslash before it stands, or the end of the text. */
  bareQuote(from: number): number {
    if (from >= this.#quoteFrom && from <= this.#quote) return this.#quote;
    let at = this.text.indexOf('"', from);
    while (at > from && this.text.charCodeAt(at - 1) === 92) at = this.text.indexOf('"', at + 1);
    this.#quoteFrom = from;
    this.#quote = at === -1 ? this.text.length : at;
    return this.#quote;
  }

  /** Where an unquoted value ends does not depend on where it began, so it too is remembered. */
  bareEnd(from: number, encoded: boolean, stopsAt: StopsAt): number {
    const known = encoded ? this.#encodedBare : this.#bare;
    if (from >= known.from && from <= known.to) return known.to;
    let to = from;
    for (; to < this.text.length; to += 1) {
      const code = this.text.charCodeAt(to);
      if (code <= 32) break;
      if (code < 128 && !inClass(ALPHANUMERIC, code) && stopsAt(this.text, to, code, encoded)) break;
    }
    if (encoded) this.#encodedBare = { from, to };
    else this.#bare = { from, to };
    return to;
  }

  #locate(at: number): void {
    if (at >= this.#lineFrom && at <= this.#lineTo) return;
    this.#lineFrom = at === 0 ? 0 : this.text.lastIndexOf('\n', at - 1) + 1;
    const newline = this.text.indexOf('\n', at);
    this.#lineTo = newline === -1 ? this.text.length : newline;
  }

  lineStart(at: number): number {
    this.#locate(at);
    return this.#lineFrom;
  }

  /** The carriage return of CRLF does not belong to the line. */
  lineEnd(at: number): number {
    this.#locate(at);
    const end = this.#lineTo;
    return end > at && this.text.charCodeAt(end - 1) === 13 ? end - 1 : end;
  }
}
