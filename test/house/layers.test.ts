// Dependencies point one way, pure files stay pure, and each outside thing has one edge.
import { describe, expect, it } from 'vitest';
import { importsOf } from './imports.ts';
import { edgeFaults, isPure, layerFaults, packagesOf, purityFaults } from './layers.ts';
import { filesUnder, tooFew } from './source-files.ts';

const sources = filesUnder(['src'], ['.ts']);

describe('the source', () => {
  it('was read', () => {
    expect(tooFew(sources, 120)).toEqual([]);
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(400);
    expect(tooFew(sources.filter(isPure), 25)).toEqual([]);
  });

  it('imports only from the same layer or from below', () => {
    expect(layerFaults(sources)).toEqual([]);
  });

  it('keeps its pure files free of effects', () => {
    expect(purityFaults(sources)).toEqual([]);
  });

  it('reaches each outside thing through its one edge', () => {
    expect(edgeFaults(sources)).toEqual([]);
  });

  it('loads into the agent the packages the product was specified with, and no other', () => {
    expect(packagesOf('src/bin/status-panel.ts', sources)).toEqual([
      'dockerode',
      'env-paths',
      'node-cron',
      'pino',
      'undici',
      'zod',
    ]);
  });
});

describe('the checkers', () => {
  const file = (path: string, text: string): { path: string; text: string } => ({ path, text });

  it('see static, type-only, re-exporting and dynamic imports', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      "import { type C, type D } from '../c/d.ts';",
      'import {',
      '  type E,',
      '  f,',
      "} from 'pkg/sub';",
      "export { g } from '@scope/name/deep';",
      "import 'node:fs';",
      "const { h } = await import('./h.ts');",
    ].join('\n');
    expect(importsOf(file('src/x/y.ts', text)).map((one) => [one.target, one.kind, one.typeOnly])).toEqual([
      ['src/x/a.ts', 'file', false],
      ['src/x/b.ts', 'file', true],
      ['src/c/d.ts', 'file', true],
      ['pkg', 'package', false],
      ['@scope/name', 'package', false],
      ['node:fs', 'node', false],
      ['src/x/h.ts', 'file', false],
    ]);
  });

  it.each([
    ['the agent importing the control plane', 'src/agent/a.ts', "import { b } from '../control-plane/b.ts';"],
    ['the control plane importing the agent', 'src/control-plane/a.ts', "import type { B } from '../agent/b.ts';"],
    [
      'the command line importing the control plane',
      'src/cli/a.ts',
      "const b = await import('../control-plane/b.ts');",
    ],
    ['a command importing the agent', 'src/commands/a.ts', "import { b } from '../agent/docker/b.ts';"],
    ['the wire contract importing a command', 'src/protocol/a.ts', "import { b } from '../commands/b.ts';"],
    ['the platform importing the wire contract', 'src/platform/a.ts', "import { b } from '../protocol/b.ts';"],
    ['a file importing a test', 'src/agent/a.ts', "import { b } from '../../test/b.ts';"],
    ['a folder nobody knows', 'src/shared/a.ts', ''],
  ])('catch %s', (_, path, text) => {
    expect(layerFaults([file(path, text)])).toHaveLength(1);
  });

  it.each([
    ['// Adds. Pure.', "import { readFileSync } from 'node:fs';"],
    ['// Adds; pure: the caller passes the time in.', "import { systemClock } from '../platform/clock.ts';"],
    ['// Adds. Pure.\n//\n// More about it.', "import { sleep } from './edge.ts';"],
    ['// Adds. Pure.', "import { middle } from './middle.ts';"],
  ])('catch an effect in a file that opens with %j', (opening, text) => {
    const files = [
      file('src/commands/a.ts', `${opening}\n${text}`),
      file('src/commands/edge.ts', "// An edge.\nimport { open } from 'node:fs/promises';"),
      file('src/commands/middle.ts', "// In between.\nimport { open } from './edge.ts';"),
      file('src/platform/clock.ts', '// Time.'),
    ];
    expect(purityFaults(files)).toHaveLength(1);
  });

  it('catch an effect in the wire contract, which is pure without saying so', () => {
    expect(purityFaults([file('src/protocol/a.ts', "import { request } from 'undici';")])).toHaveLength(1);
  });

  it('let a pure file use types, other pure files, zod and node:crypto', () => {
    const text = [
      '// Adds. Pure.',
      "import { createHash } from 'node:crypto';",
      "import { z } from 'zod';",
      "import type { Pool } from 'undici';",
      "import { Fault } from '../platform/fault.ts';",
      "import { b } from './b.ts';",
    ].join('\n');
    expect(purityFaults([file('src/commands/a.ts', text), file('src/commands/b.ts', '// B. Pure.')])).toEqual([]);
  });

  it('catch a second edge', () => {
    const stray = file('src/agent/worker/poll.ts', "import { request } from 'undici';");
    expect(edgeFaults([...sources, stray])).toHaveLength(1);
  });

  it('catch a package that comes into the agent by a detour', () => {
    const files = [
      file('src/bin/status-panel.ts', "const { main } = await import('../cli/main.ts');"),
      file('src/cli/main.ts', "import { x } from '../agent/x.ts';"),
      file('src/agent/x.ts', "import leftPad from 'left-pad';"),
    ];
    expect(packagesOf('src/bin/status-panel.ts', files)).toEqual(['left-pad']);
  });

  it('do not pass for having looked at nothing', () => {
    expect(tooFew([], 120)).toHaveLength(1);
  });
});
