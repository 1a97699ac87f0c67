// Views a text without terminal colour codes, so that a name and its value are seen even when each is coloured.

export interface View {
  readonly text: string;
  /** Index in the original for every index of the view; absent when the view is the original. */
  readonly origin: Int32Array | undefined;
}

// Control sequences and operating system commands, as the raw character or as loggers spell it inside JSON.
// Every repetition is bounded or followed by a disjoint class, so a failed attempt costs a bounded number of steps.
const ESC = '\u001b';
const BEL = '\u0007';
const CSI = '\u009b';
const ESCAPE = new RegExp(
  [
    String.raw`(?:${ESC}|\\{1,16}(?:u001[bB]|x1[bB]|033|e))\[[0-?]{0,32}[ -/]{0,4}[@-~]`,
    String.raw`${ESC}\][^${BEL}${ESC}\n]{0,256}(?:${BEL}|${ESC}\\)`,
    String.raw`${ESC}[()][0-9A-Za-z]`,
    String.raw`${CSI}[0-?]{0,32}[@-~]`,
  ].join('|'),
  'g',
);

/** As loggers spell the character inside JSON; only with a backslash before it. */
const SPELLED = ['1b[', '1B[', '033[', '\\e['];

function hasEscapes(text: string): boolean {
  if (text.includes(ESC) || text.includes(CSI)) return true;
  return text.includes('\\') && SPELLED.some((mark) => text.includes(mark));
}

export function withoutAnsi(text: string): View {
  if (!hasEscapes(text)) return { text, origin: undefined };
  const origin = new Int32Array(text.length + 1);
  const parts: string[] = [];
  let length = 0;
  let position = 0;
  const keep = (to: number): void => {
    for (let i = position; i < to; i += 1) {
      origin[length] = i;
      length += 1;
    }
    parts.push(text.slice(position, to));
  };
  for (const match of text.matchAll(ESCAPE)) {
    keep(match.index);
    position = match.index + match[0].length;
  }
  keep(text.length);
  origin[length] = text.length;
  return { text: parts.join(''), origin };
}
