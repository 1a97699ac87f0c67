// npm run docs: writes the pages and schemas that are made from the code; with --check it only says which are stale.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { generatedFiles, README, staleFiles } from './docs/generated-files.ts';
import { withSettings } from './docs/settings-table.ts';

const root = join(import.meta.dirname, '..');

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  console.log(`wrote ${path}`);
}

const stale = staleFiles(read);
if (process.argv.includes('--check')) {
  for (const fault of stale) console.error(fault);
  if (stale.length > 0) {
    console.error('refresh with: npm run docs');
    process.exitCode = 1;
  }
} else {
  for (const file of generatedFiles()) {
    if (read(file.path) !== file.text) write(file.path, file.text);
  }
  const readme = read(README);
  const fresh = readme === undefined ? undefined : withSettings(readme);
  if (fresh !== undefined && fresh !== readme) write(README, fresh);
  if (fresh === undefined) console.error(`${README} has no block for the settings: see scripts/docs/settings-table.ts`);
}
