// Words that must not be in the project's files. Written in pieces here, or this file would not pass its own check.
import type { SourceFile } from './source-files.ts';

interface Ban {
  readonly pattern: RegExp;
  readonly why: string;
}

const joined = (...pieces: readonly string[]): RegExp => new RegExp(pieces.join(''), 'u');

const BANS: readonly Ban[] = [
  {
    pattern: joined('\\bvi\\s*\\.\\s*(?:m', 'ock|d', 'oMock)\\b'),
    why: 'modules are not mocked: use a real thing, or a fake that passes its contract',
  },
  {
    pattern: joined('\\b(?:it|test|describe|bench)(?:\\.\\w+)*\\.on', 'ly\\b'),
    why: 'runs one test and forgets the others',
  },
  {
    pattern: joined('\\b(?:it|test|describe|bench)(?:\\.\\w+)*\\.(?:sk', 'ip|to', 'do)\\b'),
    why: 'a test that does not run proves nothing',
  },
  { pattern: joined('\\b(?:TO', 'DO|FIX', 'ME|XX', 'X)\\b'), why: 'do it, or write an issue' },
  { pattern: joined('(?<![\\w./-])/wo', 'rk/'), why: 'a path of one machine' },
  {
    pattern: joined('\\breg', 'istry\\.(?!example\\.)[\\w-]+\\.\\w|\\breg', 'istry-\\d\\.'),
    why: 'a registry host: each host is configured with its own',
  },
];

export function tidyFaults(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, at) =>
        BANS.filter((ban) => ban.pattern.test(line)).map(
          (ban) => `${path}:${at + 1}: ${ban.why}: ${line.trim().slice(0, 80)}`,
        ),
      ),
  );
}
