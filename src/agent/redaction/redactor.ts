// Replaces secrets in log lines and other texts by a mask, and says which categories it found. Pure.

import { ANCHORS, buildAutomaton } from './anchors.ts';
import { withoutAnsi } from './ansi.ts';
import type { Automaton } from './automaton.ts';
import { blocksOf } from './blocks.ts';
import { needlesOf } from './known-needles.ts';
import { KnownValues } from './known-values.ts';
import { NameVerdicts } from './name-verdict.ts';
import type { OwnerPatterns } from './owner-patterns.ts';
import { matchBareWindow } from './private-key.ts';
import { Scan } from './scan.ts';
import { MASKED_LINE, type MergedSpan, substitute } from './spans.ts';

export type RedactionCategory =
  | 'env_assignment'
  | 'cloud_db_credential'
  | 'api_token'
  | 'pii_email'
  | 'payment_card'
  | 'private_key'
  | 'env_value'
  | 'owner_rule';

export interface Redacted {
  readonly text: string;
  readonly redacted: boolean;
  readonly categories: readonly RedactionCategory[];
}

export interface Redactor {
  /** Consecutive lines of ONE stream, oldest first; PEM blocks are followed across them. Same number of results as lines. */
  lines(lines: readonly string[]): readonly Redacted[];
  /** One text, which may hold newlines (an error message, a field of a report). */
  text(text: string): Redacted;
}

export interface RedactorOptions {
  /** The container's environment, as NAME → value: the values of secret-looking names are masked wherever they appear. */
  readonly env?: Readonly<Record<string, string>>;
  /** The agent's own credentials: always masked, whatever they look like, from 8 characters on. */
  readonly secrets?: readonly string[];
  /** Contents of the container's mounted secrets: masked by the same rule as the values of secret variables. */
  readonly mounted?: readonly string[];
  /** Values of the policy file: always masked, from 6 characters on. */
  readonly ownerValues?: readonly string[];
  readonly ownerPatterns?: OwnerPatterns;
  /** What else is looked for as it stands (known-needles.ts). */
  readonly needles?: readonly string[];
  /** Values that are public though secret-looking: image, service, host names. */
  readonly publicValues?: readonly string[];
  /** Owner additions from a policy file. */
  readonly extraNames?: readonly string[];
  /** Default true. */
  readonly maskEmails?: boolean;
}

const NO_CATEGORIES: readonly RedactionCategory[] = [];
const NO_SPANS: readonly MergedSpan[] = [];
/** The same table serves every redactor of the process; built on first use, it never changes. */
const shared: { automaton?: Automaton } = {};

function unchanged(text: string): Redacted {
  return { text, redacted: false, categories: NO_CATEGORIES };
}

class PatternRedactor implements Redactor {
  readonly #names: NameVerdicts;
  readonly #known: KnownValues;
  readonly #automaton: Automaton;
  readonly #ownerPatterns: OwnerPatterns | undefined;
  readonly #maskEmails: boolean;

  constructor(options: RedactorOptions) {
    this.#names = new NameVerdicts(options.extraNames);
    const own = needlesOf(
      {
        env: options.env ?? {},
        secrets: options.secrets ?? [],
        mounted: options.mounted ?? [],
        ownerValues: options.ownerValues ?? [],
        publicValues: options.publicValues ?? [],
      },
      this.#names,
    );
    this.#known = new KnownValues([...own, ...(options.needles ?? [])]);
    shared.automaton ??= buildAutomaton();
    this.#automaton = shared.automaton;
    this.#ownerPatterns = options.ownerPatterns;
    this.#maskEmails = options.maskEmails ?? true;
  }

  lines(lines: readonly string[]): readonly Redacted[] {
    return blocksOf(lines).flatMap((block) => {
      try {
        return this.#block(block);
      } catch {
        // Fail closed: never the raw text.
        return block.map(() => ({ text: MASKED_LINE, redacted: true, categories: NO_CATEGORIES }));
      }
    });
  }

  text(text: string): Redacted {
    try {
      return resultOf(text, 0, this.#spansOf(text));
    } catch {
      return { text: MASKED_LINE, redacted: true, categories: NO_CATEGORIES };
    }
  }

  #block(lines: readonly string[]): readonly Redacted[] {
    const joined = lines.join('\n');
    const spans = this.#spansOf(joined);
    if (spans.length === 0) return lines.map(unchanged);
    let offset = 0;
    let next = 0;
    return lines.map((line) => {
      const from = offset;
      const to = from + line.length;
      offset = to + 1;
      const first = next;
      while (next < spans.length && (spans[next]?.from ?? to) < to) next += 1;
      return first === next ? unchanged(line) : resultOf(line, from, spans.slice(first, next));
    });
  }

  #spansOf(original: string): readonly MergedSpan[] {
    const view = withoutAnsi(original);
    const scan = new Scan(view.text, this.#names, this.#maskEmails);
    // One byte per UTF-16 unit: positions stay the same, and no literal that is looked for lies above ASCII.
    const bytes = Buffer.from(view.text, 'latin1');
    this.#automaton.scan(bytes, bytes.length, (anchors, end) => {
      for (const index of anchors) ANCHORS[index]?.match(scan, end);
    });
    this.#ownerPatterns?.match(scan, bytes);
    this.#known.scan(view.text, bytes, bytes.length, scan.spans);
    matchBareWindow(scan);
    if (scan.spans.isEmpty) return NO_SPANS;
    const merged = scan.spans.merged();
    const { origin } = view;
    if (origin === undefined) return merged;
    return merged.map((span) => ({ ...span, from: origin[span.from] ?? 0, to: (origin[span.to - 1] ?? 0) + 1 }));
  }
}

/** `offset` is where the text begins in what the spans were found in; a slice of that would keep all of it in memory. */
function resultOf(text: string, offset: number, spans: readonly MergedSpan[]): Redacted {
  if (spans.length === 0) return unchanged(text);
  const categories = new Set(spans.flatMap((span) => span.categories));
  return { text: substitute(text, offset, spans), redacted: true, categories: [...categories] };
}

export function createRedactor(options: RedactorOptions = {}): Redactor {
  return new PatternRedactor(options);
}
