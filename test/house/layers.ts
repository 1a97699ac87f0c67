// Which file may import which: layers, pure files, and the packages that belong to one edge only.
import { type Import, importsOf } from './imports.ts';
import { openingComment, type SourceFile } from './source-files.ts';

/** Each layer with the layers below it that it may use. `version` is src/version.ts. */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  bin: ['cli', 'agent', 'control-plane', 'commands', 'protocol', 'platform', 'version'],
  cli: ['agent', 'commands', 'protocol', 'platform', 'version'],
  agent: ['commands', 'protocol', 'platform', 'version'],
  'control-plane': ['commands', 'protocol', 'platform', 'version'],
  commands: ['protocol', 'platform'],
  protocol: ['platform'],
  platform: [],
  version: [],
};

function layerOf(path: string): string | undefined {
  const [, first] = /^src\/([^/]+)/u.exec(path) ?? [];
  const layer = first?.replace(/\.ts$/u, '');
  return layer !== undefined && Object.hasOwn(LAYERS, layer) ? layer : undefined;
}

export function layerFaults(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined) return [`${file.path}: lies in no layer of the architecture`];
    return importsOf(file)
      .filter((one) => one.kind === 'file')
      .flatMap((one) => layerFault(layer, one));
  });
}

function layerFault(layer: string, one: Import): readonly string[] {
  const target = layerOf(one.target);
  if (target === layer || (target !== undefined && LAYERS[layer]?.includes(target) === true)) return [];
  return [`${one.from}: imports ${one.target}; ${layer} may use ${LAYERS[layer]?.join(', ') || 'nothing'}`];
}

const PURE_PACKAGES = new Set(['zod', 'node:buffer', 'node:crypto']);
/** Not marked, but a class and a function without input or output: what every pure file fails with. */
const FAULT = 'src/platform/fault.ts';

export function isPure(file: SourceFile): boolean {
  return (
    file.path.startsWith('src/protocol/') || /(?:^|[.;] )pure\b[^.]*[.:]|\bPure\.$/iu.test(openingComment(file.text))
  );
}

/**
 * A pure file may import types from anywhere, for they are gone at run time, and files that are not marked as long as nothing they import,
 * however far, has an effect.
 */
export function purityFaults(files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files
    .filter(isPure)
    .flatMap((file) => effectsOf(file, byPath).map((path) => `${file.path}: is pure but ${path}`));
}

function effectsOf(start: SourceFile, byPath: ReadonlyMap<string, SourceFile>): readonly string[] {
  const seen = new Set([start.path]);
  const open = [start];
  const effects: string[] = [];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const one of importsOf(file)) {
      if (one.typeOnly || one.target === FAULT || PURE_PACKAGES.has(one.target) || seen.has(one.target)) continue;
      seen.add(one.target);
      const next = byPath.get(one.target);
      const isEdge = next === undefined || (next.path.startsWith('src/platform/') && !isPure(next));
      if (isEdge) effects.push(`${file === start ? '' : `through ${file.path} `}imports ${one.target}`);
      else open.push(next);
    }
  }
  return effects;
}

/** A package that touches the outside, and the only files that may import it for more than its types. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  dockerode: ['src/agent/docker/engine.ts'],
  undici: ['src/agent/upstream/http-client.ts', 'src/control-plane/vault/vault-client.ts'],
  pino: ['src/platform/log.ts'],
  // Beside the journal only SQLite's file lock is used, for directories.
  'node:sqlite': ['src/agent/journal/', 'src/platform/directory-lock.ts'],
  // The updater asks systemd for a restart, and tries a version before it switches to it.
  'node:child_process': ['src/platform/systemctl.ts'],
  'node-cron': ['src/agent/schedule.ts'],
  fastify: ['src/control-plane/'],
  pg: ['src/control-plane/store/postgres.ts'],
  '@electric-sql/pglite': ['src/control-plane/store/pglite.ts'],
};

export function edgeFaults(files: readonly SourceFile[]): readonly string[] {
  const imports = files.flatMap(importsOf);
  const strays = imports
    .filter((one) => EDGES[one.target]?.some((place) => isAt(one.from, place)) === false)
    .map((one) => `${one.from}: imports ${one.target}, which belongs to ${EDGES[one.target]?.join(' and ')}`);
  // A rule about a file that no longer imports the package is a rule nobody keeps.
  const unused = Object.entries(EDGES).flatMap(([name, places]) =>
    places
      .filter((place) => !imports.some((one) => one.target === name && isAt(one.from, place)))
      .map((place) => `${place}: was to be the edge to ${name} but does not import it`),
  );
  return [...strays, ...unused];
}

function isAt(path: string, place: string): boolean {
  return place.endsWith('/') ? path.startsWith(place) : path === place;
}

/** Packages that are loaded with `entry`, through every file it imports, dynamically or not. */
export function packagesOf(entry: string, files: readonly SourceFile[]): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const seen = new Set<string>();
  const packages = new Set<string>();
  const open = [entry];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const file = byPath.get(path);
    if (file === undefined) throw new Error(`${path} is imported but was not read`);
    if (seen.has(path)) continue;
    seen.add(path);
    for (const one of importsOf(file)) {
      if (one.typeOnly) continue;
      if (one.kind === 'file') open.push(one.target);
      else if (one.kind === 'package') packages.add(one.target);
    }
  }
  return [...packages].toSorted();
}
