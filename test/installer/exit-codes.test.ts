// The page's table of exit codes, the script's help and the script itself name the same codes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const template = readFileSync(join(ROOT, 'install.sh.tpl'), 'utf8');
const page = readFileSync(join(ROOT, 'docs', 'installing.md'), 'utf8');

function codes(text: string, pattern: RegExp): readonly number[] {
  const found = [...text.matchAll(pattern)].map((match) => Number(match[1]));
  return [...new Set(found)].toSorted((a, b) => a - b);
}

/** Codes the script ends with: by `fail`, and 0. */
const ends = codes(`${template}\nfail 0`, /\bfail (\d+)\b/gu);

describe('the exit codes', () => {
  it('of the script are on the page, each once', () => {
    const table = /## Exit codes\n([\s\S]*?)\n## /u.exec(page)?.[1] ?? '';
    const rows = [...table.matchAll(/^\| ((?:`\d+`(?:, )?)+) \|/gmu)].flatMap((row) =>
      [...(row[1] ?? '').matchAll(/\d+/gu)].map(Number),
    );
    expect(rows.toSorted((a, b) => a - b)).toEqual(ends);
  });

  it('of the script are in its help', () => {
    const help = /Exit codes:([\s\S]*?)\nHELP/u.exec(template)?.[1] ?? '';
    expect(codes(help, /(?<!\w)(\d+)(?!\w)/gu)).toEqual(ends);
  });

  it('have a refusal or a run that ends with each of them in the tests', () => {
    const tests = ['refusals.test.ts', 'lifecycle.test.ts', 'ways.test.ts'].map((name) =>
      readFileSync(join(import.meta.dirname, name), 'utf8'),
    );
    const untested = ends.filter((code) => !new RegExp(`\\b${code}\\b`, 'u').test(tests.join('\n')));
    // Two more signals of the same kind.
    expect(untested.filter((code) => code !== 129 && code !== 130)).toEqual([]);
  });
});

describe('every failure', () => {
  it('says what to do', () => {
    const joined = template.replaceAll('\\\n', ' ');
    const calls = [...joined.matchAll(/(?<!# )\bfail (\d+) "((?:[^"\\]|\\.)*)"\s*("?)/gu)];
    expect(calls.length).toBeGreaterThan(40);
    expect(calls.filter((call) => call[3] !== '"').map((call) => call[2])).toEqual([]);
  });

  it('every flag of the help is on the page', () => {
    const help = /usage: sh install\.sh([\s\S]*?)\nHELP/u.exec(template)?.[1] ?? '';
    for (const [flag] of help.matchAll(/^ {2}--[a-z-]+/gmu)) expect(page).toContain(`\`${flag.trim()}`);
  });
});
