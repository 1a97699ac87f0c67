// Finds every occurrence of many keywords in one pass over bytes (Aho-Corasick, flattened into one table).

/** Called with the indices of the keywords that end just before `end`. */
export type OnHit = (keywords: readonly number[], end: number) => void;

const ROOT = 0;

interface Trie {
  readonly children: Map<number, number>[];
  readonly outputs: number[][];
}

/**
 * Letters are matched in either case and all digits are one symbol: a hit says "look here", the matcher that is called
 * compares exactly. Fewer symbols keep the table within the processor's second-level cache.
 */
function foldByte(code: number): number {
  if (code >= 65 && code <= 90) return code + 32;
  if (code >= 48 && code <= 57) return 48;
  return code;
}

function alphabetOf(keywords: readonly string[]): { symbols: Uint8Array; size: number } {
  const symbols = new Uint8Array(256);
  let size = 1; // symbol 0 is every byte that no keyword holds
  for (const keyword of keywords) {
    for (let i = 0; i < keyword.length; i += 1) {
      const code = foldByte(keyword.charCodeAt(i));
      if (symbols[code] === 0) {
        symbols[code] = size;
        size += 1;
      }
    }
  }
  for (let code = 0; code < 256; code += 1) symbols[code] = symbols[foldByte(code)] ?? 0;
  return { symbols, size };
}

function trieOf(keywords: readonly string[], symbols: Uint8Array): Trie {
  const children: Map<number, number>[] = [new Map()];
  const outputs: number[][] = [[]];
  for (const [index, keyword] of keywords.entries()) {
    let state = ROOT;
    for (let i = 0; i < keyword.length; i += 1) {
      const symbol = symbols[keyword.charCodeAt(i)] ?? 0;
      let next = children[state]?.get(symbol);
      if (next === undefined) {
        next = children.length;
        children.push(new Map());
        outputs.push([]);
        children[state]?.set(symbol, next);
      }
      state = next;
    }
    outputs[state]?.push(index);
  }
  return { children, outputs };
}

/** Breadth-first: a state's missing edges are those of its longest proper suffix, whose row is finished by then. */
function completeRows(trie: Trie, size: number): Int32Array {
  const rows = new Int32Array(trie.children.length * size);
  const suffix = new Int32Array(trie.children.length);
  const queue: number[] = [ROOT];
  for (let head = 0; head < queue.length; head += 1) {
    const state = queue[head] ?? ROOT;
    const fallback = suffix[state] ?? ROOT;
    if (state !== ROOT) trie.outputs[state]?.push(...(trie.outputs[fallback] ?? []));
    for (let symbol = 0; symbol < size; symbol += 1) {
      const child = trie.children[state]?.get(symbol);
      const inherited = state === ROOT ? ROOT : (rows[fallback * size + symbol] ?? ROOT);
      rows[state * size + symbol] = child ?? inherited;
      if (child === undefined) continue;
      suffix[child] = inherited;
      queue.push(child);
    }
  }
  return rows;
}

/** A state is stored in two bytes: half the table stays in the cache that a whole word per state would push out. */
const MOST_STATES = 65_536;

export class Automaton {
  readonly #symbols: Uint8Array;
  readonly #table: Uint16Array;
  readonly #outputs: readonly (readonly number[])[];
  readonly #firstHit: number;
  /** A row is a power of two long, so that a state's place is a shift away. */
  readonly #rowBits: number;

  constructor(keywords: readonly string[]) {
    const { symbols, size } = alphabetOf(keywords);
    const trie = trieOf(keywords, symbols);
    if (trie.children.length > MOST_STATES) throw new RangeError(`more than ${MOST_STATES} states of keywords`);
    const rows = completeRows(trie, size);
    // States with a hit are numbered last, so that the inner loop asks one comparison per byte.
    const order = [...trie.outputs.keys()].sort(
      (a, b) => Number((trie.outputs[a]?.length ?? 0) > 0) - Number((trie.outputs[b]?.length ?? 0) > 0) || a - b,
    );
    const renumbered = new Uint16Array(order.length);
    for (const [to, from] of order.entries()) renumbered[from] = to;
    const rowBits = Math.ceil(Math.log2(size));
    const table = new Uint16Array(order.length << rowBits);
    for (const [to, from] of order.entries()) {
      for (let symbol = 0; symbol < size; symbol += 1) {
        table[(to << rowBits) + symbol] = renumbered[rows[from * size + symbol] ?? ROOT] ?? ROOT;
      }
    }
    this.#symbols = symbols;
    this.#table = table;
    this.#rowBits = rowBits;
    this.#outputs = order.map((state) => trie.outputs[state] ?? []);
    this.#firstHit = this.#outputs.findIndex((output) => output.length > 0);
  }

  get stateCount(): number {
    return this.#outputs.length;
  }

  scan(bytes: Uint8Array, length: number, onHit: OnHit): void {
    const symbols = this.#symbols;
    const table = this.#table;
    const firstHit = this.#firstHit;
    const outputs = this.#outputs;
    const rowBits = this.#rowBits;
    if (firstHit < 0) return;
    let state = ROOT;
    for (let i = 0; i < length; i += 1) {
      state = table[(state << rowBits) + (symbols[bytes[i] ?? 0] ?? 0)] ?? ROOT;
      if (state >= firstHit) onHit(outputs[state] ?? [], i + 1);
    }
  }
}
