// Reads the codes out of a generated page, to compare them with the table in the code in both directions.

/** The code in the first column of every row of the table under `heading`. */
export function codesUnder(page: string, heading: string): readonly string[] {
  const section = page.split(/^## /mu).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return section
    .split('\n')
    .map((line) => /^\| `([^`]+)` \|/u.exec(line)?.[1])
    .filter((code) => code !== undefined);
}

/** What the code has and the page has not, and the other way round. */
export function codeFaults(inCode: readonly string[], onPage: readonly string[]): readonly string[] {
  return [
    ...inCode.filter((code) => !onPage.includes(code)).map((code) => `${code}: is in the code but not on the page`),
    ...onPage.filter((code) => !inCode.includes(code)).map((code) => `${code}: is on the page but not in the code`),
    ...onPage.filter((code, at) => onPage.indexOf(code) !== at).map((code) => `${code}: is on the page twice`),
  ];
}
