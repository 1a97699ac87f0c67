// Every file that is made from the code, and which of them do not say any more what the code says.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { commandsPage } from './commands-page.ts';
import { configurationPage } from './configuration-page.ts';
import { errorsPage } from './errors-page.ts';
import { schemaFiles } from './json-schemas.ts';
import { protocolPage } from './protocol-page.ts';
import { redactionPage } from './redaction-page.ts';
import { withSettings } from './settings-table.ts';

export interface GeneratedFile {
  /** Relative to the project's root. */
  readonly path: string;
  readonly text: string;
}

export const README = 'README.md';
const SCHEMA_FOLDER = 'schema';

export function generatedFiles(): readonly GeneratedFile[] {
  return [
    { path: 'docs/protocol.md', text: protocolPage() },
    { path: 'docs/commands.md', text: commandsPage() },
    { path: 'docs/errors.md', text: errorsPage() },
    { path: 'docs/configuration.md', text: configurationPage() },
    { path: 'docs/redaction.md', text: redactionPage() },
    ...schemaFiles(SCHEMA_FOLDER),
  ];
}

/** One sentence for each file that is missing, differs, or is left over. `read` gives a file's text, undefined when there is none. */
export function staleFiles(read: (path: string) => string | undefined, there = schemasThere()): readonly string[] {
  const files = generatedFiles();
  const known = new Set(files.map((file) => file.path));
  const faults = files.flatMap(({ path, text }) => {
    const found = read(path);
    if (found === text) return [];
    return [found === undefined ? `${path}: is missing` : `${path}: is stale`];
  });
  const leftOver = there.filter((path) => !known.has(path)).map((path) => `${path}: is made by nothing; remove it`);
  return [...faults, ...leftOver, ...readmeFaults(read(README))];
}

function readmeFaults(readme: string | undefined): readonly string[] {
  if (readme === undefined) return [`${README}: is missing`];
  const fresh = withSettings(readme);
  if (fresh === undefined) return [`${README}: has no block for the table of settings`];
  return fresh === readme ? [] : [`${README}: its table of settings is stale`];
}

function schemasThere(): readonly string[] {
  try {
    const root = join(import.meta.dirname, '..', '..', SCHEMA_FOLDER);
    const names = readdirSync(root, { recursive: true, encoding: 'utf8' });
    return names.filter((name) => name.endsWith('.json')).map((name) => `${SCHEMA_FOLDER}/${name}`);
  } catch {
    return [];
  }
}
