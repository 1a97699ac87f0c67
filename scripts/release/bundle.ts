// Puts the program and its libraries into one file, the same bytes for the same sources wherever they lie.
import { isAbsolute, join, relative } from 'node:path';
import { type Plugin, rolldown } from 'rolldown';
import { standInFor } from './stand-ins.ts';

export interface BundleFacts {
  readonly version: string;
  /** SPKI PEM: which root key the program trusts when it updates itself. */
  readonly rootKeyPem: string;
}

export interface Bundle {
  readonly code: string;
  /** Names of the npm packages that have code in it, sorted. */
  readonly packages: readonly string[];
}

const ENTRY = 'src/bin/status-panel.ts';

export async function bundleProgram(root: string, facts: BundleFacts): Promise<Bundle> {
  const bundle = await rolldown({
    input: join(root, ENTRY),
    cwd: root,
    platform: 'node',
    plugins: [buildFacts(root, facts), standIns()],
    resolve: { symlinks: false },
    checks: { pluginTimings: false },
    // A library's warning about itself is no news; something that cannot be resolved is a broken program.
    onLog: (level, log) => {
      if (level === 'warn' && log.code === 'UNRESOLVED_IMPORT') throw new Error(log.message);
    },
  });
  const { output } = await bundle.generate({ format: 'esm', codeSplitting: false, comments: false, minify: false });
  await bundle.close();
  const [main, ...others] = output;
  if (others.length > 0)
    throw new Error(`the bundle has more than one file: ${others.map((one) => one.fileName).join(', ')}`);
  const inside = Object.entries(main.modules).filter(
    ([path, { code }]) => (code ?? '') !== '' && standInFor(path) === undefined,
  );
  return {
    code: inAscii(main.code),
    packages: packagesOf(
      root,
      inside.map(([path]) => path),
    ),
  };
}

/** One character outside Latin-1 makes V8 keep the whole source in two bytes a character. They stand in strings and patterns only. */
function inAscii(code: string): string {
  return code.replaceAll(/[\u0080-\u{10FFFF}]/gu, (found) =>
    [...Array(found.length).keys()].map((at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`).join(''),
  );
}

/** What a build decides: its version and the key it trusts. */
function buildFacts(root: string, { version, rootKeyPem }: BundleFacts): Plugin {
  const modules: Readonly<Record<string, string>> = {
    'src/version.ts': `export const VERSION = ${JSON.stringify(version)};\n`,
    'src/agent/update/root-key.ts': `export const ROOT_KEY_PEM = ${JSON.stringify(rootKeyPem)};\n`,
  };
  const given = new Set<string>();
  return {
    name: 'build-facts',
    load: (id) => {
      const path = relative(root, id);
      if (!Object.hasOwn(modules, path)) return null;
      given.add(path);
      return modules[path] ?? null;
    },
    buildEnd: () => {
      const missing = Object.keys(modules).filter((path) => !given.has(path));
      if (missing.length > 0) throw new Error(`the program does not import ${missing.join(', ')}`);
    },
  };
}

function standIns(): Plugin {
  return { name: 'stand-ins', load: (id) => standInFor(id) ?? null };
}

function packagesOf(root: string, paths: readonly string[]): readonly string[] {
  const names = paths.flatMap((path) => {
    if (!isAbsolute(path)) return [];
    return /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/u.exec(relative(root, path))?.[1] ?? [];
  });
  return [...new Set(names)].sort();
}
