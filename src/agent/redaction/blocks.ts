// Cuts consecutive lines of a stream into blocks, where no key and no pair of lines can be open, so that memory stays bounded. Pure.

/**
 * A batch is joined up to about this size, then cut where no block can be open: memory stays bounded, the bytes stay in
 * the processor's cache, and a line with characters beyond Latin-1 makes only its own block cost two bytes per character.
 */
const BLOCK_LENGTH = 32_768;

/** Lines that stand between the label of a key and its body, or say that one follows. */
const OPENS_BLOCK = /PRIVATE KEY|Private-Lines|Proc-Type|DEK-Info|(?:Version|Comment|Hash|Charset): /;

/** A boundary at which neither a key nor a pair of lines can be open. */
export function isQuiet(before: string, after: string): boolean {
  if (before === '' || after === '' || /^(?:[\s-]|value)/.test(after) || OPENS_BLOCK.test(before.slice(0, 256)))
    return false;
  return !/[A-Za-z0-9+/=]{32}["',\\n]{0,8}\s*$/.test(before.slice(-128)) && !/(?:=>|[:|>])\s*$/.test(before.slice(-8));
}

export function blocksOf(lines: readonly string[]): readonly (readonly string[])[] {
  const blocks: (readonly string[])[] = [];
  let from = 0;
  let length = 0;
  for (let i = 0; i < lines.length; i += 1) {
    length += lines[i]?.length ?? 0;
    if (length < BLOCK_LENGTH || !isQuiet(lines[i] ?? '', lines[i + 1] ?? '')) continue;
    blocks.push(lines.slice(from, i + 1));
    from = i + 1;
    length = 0;
  }
  if (from < lines.length) blocks.push(from === 0 ? lines : lines.slice(from));
  return blocks;
}

/** How many of `lines` can be redacted without those that follow: up to the last quiet boundary. */
export function settledCount(lines: readonly string[]): number {
  for (let i = lines.length - 1; i > 0; i -= 1) if (isQuiet(lines[i - 1] ?? '', lines[i] ?? '')) return i;
  return 0;
}
