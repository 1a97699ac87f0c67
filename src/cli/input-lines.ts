// Reads standard input line by line in bounded memory: a line that is too long is reported, not kept.

export interface InputLine {
  /** From 1. */
  readonly number: number;
  /** Without its line feed; undefined when it was longer than the limit. */
  readonly text: string | undefined;
}

const LINE_FEED = 10;

/** The lines of each chunk together, so that a short line does not cost a turn of the event loop. A last line without an end is one too. */
export async function* inputLines(
  chunks: AsyncIterable<Buffer>,
  lineMaxBytes: number,
): AsyncGenerator<readonly InputLine[]> {
  let parts: Buffer[] = [];
  let sizeBytes = 0;
  let number = 1;
  const take = (piece: Buffer): void => {
    sizeBytes += piece.length;
    // Of a line that is too long nothing is kept.
    if (sizeBytes > lineMaxBytes) parts = [];
    else parts.push(piece);
  };
  const finish = (): InputLine => {
    const text = sizeBytes > lineMaxBytes ? undefined : Buffer.concat(parts).toString('utf8');
    const line = { number, text };
    parts = [];
    sizeBytes = 0;
    number += 1;
    return line;
  };
  for await (const chunk of chunks) {
    const lines: InputLine[] = [];
    let from = 0;
    for (let at = chunk.indexOf(LINE_FEED); at !== -1; at = chunk.indexOf(LINE_FEED, from)) {
      take(chunk.subarray(from, at));
      lines.push(finish());
      from = at + 1;
    }
    if (from < chunk.length) take(chunk.subarray(from));
    if (lines.length > 0) yield lines;
  }
  if (sizeBytes > 0) yield [finish()];
}
