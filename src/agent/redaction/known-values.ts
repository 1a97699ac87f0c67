// Finds the values of known secrets, in whatever form they are looked for, in one pass over a text.

import { SHORTEST_NEEDLE } from './known-needles.ts';
import type { Spans } from './spans.ts';

/** Hashing starts from so many characters. */
const WINDOW = SHORTEST_NEEDLE;
const HASH_BITS = 16;

/** Five bits per byte in thirty bits: a byte leaves the hash by itself when it is six bytes old. */
const HASH_SHIFT = 5;
const HASH_MASK = 0x3fff_ffff;

function bucketOf(hash: number): number {
  return Math.imul(hash, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function bucketAt(text: string): number {
  let hash = 0;
  for (let i = 0; i < WINDOW; i += 1) hash = ((hash << HASH_SHIFT) ^ (text.charCodeAt(i) & 0xff)) & HASH_MASK;
  return bucketOf(hash);
}

export class KnownValues {
  readonly #filter = new Uint8Array(1 << HASH_BITS);
  readonly #byHash = new Map<number, string[]>();

  constructor(needles: Iterable<string>) {
    for (const needle of needles) this.#add(needle);
    for (const bucket of this.#byHash.values()) bucket.sort((a, b) => b.length - a.length);
  }

  get isEmpty(): boolean {
    return this.#byHash.size === 0;
  }

  #add(needle: string): void {
    const hash = bucketAt(needle);
    const bucket = this.#byHash.get(hash) ?? [];
    if (!bucket.includes(needle)) bucket.push(needle);
    this.#byHash.set(hash, bucket);
    this.#filter[hash] = 1;
  }

  /** A rolling hash over the low bytes; where the filter answers, the needles of that hash are compared in full. */
  scan(text: string, bytes: Uint8Array, length: number, spans: Spans): void {
    if (this.isEmpty || length < WINDOW) return;
    const filter = this.#filter;
    let hash = 0;
    let from = 0;
    let to = 0;
    for (let i = 0; i < length; i += 1) {
      hash = ((hash << HASH_SHIFT) ^ (bytes[i] ?? 0)) & HASH_MASK;
      const bucket = bucketOf(hash);
      if (filter[bucket] !== 1 || i < WINDOW - 1) continue;
      const at = i - WINDOW + 1;
      const end = at + this.#lengthAt(text, at, bucket);
      if (end === at) continue;
      // Occurrences that overlap, as those of a periodic value do at every place, are one span.
      if (at > to) {
        if (to > from) spans.add(from, to, 'env_value');
        from = at;
      }
      to = Math.max(to, end);
    }
    if (to > from) spans.add(from, to, 'env_value');
  }

  #lengthAt(text: string, at: number, bucket: number): number {
    return this.#byHash.get(bucket)?.find((needle) => text.startsWith(needle, at))?.length ?? 0;
  }
}
