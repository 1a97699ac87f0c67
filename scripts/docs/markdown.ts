// The few pieces of Markdown the generated pages are made of.

export const GENERATED = '<!-- Made from the code by "npm run docs". Do not edit. -->';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

export function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``;
}

export function json(value: unknown): string {
  return ['```json', JSON.stringify(value, undefined, 2), '```'].join('\n');
}

/** A page from its parts, with a blank line between them and a line feed at the end. */
export function page(title: string, ...parts: readonly string[]): string {
  return `${[GENERATED, `# ${title}`, ...parts].join('\n\n')}\n`;
}

/** 2097152 as "2 097 152": a number somebody has to read. */
export function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/gu, ' ');
}
