// What the released program is built without: parts of its libraries for ways of working it never takes, and what stands in for each.
//
// dockerode and docker-modem load all of these when they are loaded, for engines over ssh, for BuildKit and for build contexts; the agent
// speaks to one unix socket and builds nothing. undici's index loads fetch, caches and mocks; the agent uses its pool, and a pool of tunnels behind a proxy.

/** Modules, by the end of their path under node_modules, and what they would be for. Using one of them throws an error that says this. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  'docker-modem/lib/ssh.js': 'Docker Engines over ssh',
  'dockerode/lib/session.js': 'BuildKit sessions',
  'dockerode/lib/buildkit.js': 'BuildKit progress messages',
  'tar-fs/index.js': 'build contexts',
  '@balena/dockerignore/ignore.js': 'build contexts',
};

/** Modules that are replaced by a smaller one of the same behaviour; `require` is relative to the package. */
export const REPLACED: Readonly<Record<string, string>> = {
  // On Node, readable-stream is a copy of Node's own streams of years ago.
  'readable-stream/readable.js': "module.exports = require('node:stream');\n",
  'undici/index.js': [
    "const Dispatcher = require('./lib/dispatcher/dispatcher');",
    "Dispatcher.prototype.request = require('./lib/api/api-request');",
    "Dispatcher.prototype.connect = require('./lib/api/api-connect');",
    "module.exports.Pool = require('./lib/dispatcher/pool');",
    // Loaded by whoever has a proxy.
    "Object.defineProperty(module.exports, 'ProxyAgent', { get: () => require('./lib/dispatcher/proxy-agent') });",
    '',
  ].join('\n'),
};

/** Packages that must not be in the released program in any form (SBOM and bundle are checked for them). */
export const NEVER_INSIDE = [
  'ssh2',
  'cpu-features',
  'nan',
  '@grpc/grpc-js',
  '@grpc/proto-loader',
  'protobufjs',
  'tar-fs',
];

/** The source that stands in for the module at `path`, or undefined when it is taken as it is. */
export function standInFor(path: string): string | undefined {
  for (const [end, source] of Object.entries(REPLACED)) if (path.endsWith(`/node_modules/${end}`)) return source;
  for (const [end, purpose] of Object.entries(LEFT_OUT)) {
    if (path.endsWith(`/node_modules/${end}`)) return refusalOf(end, purpose);
  }
  return undefined;
}

function refusalOf(name: string, purpose: string): string {
  const message = `${name} is not part of this program: it was left out, with all that is for ${purpose}`;
  return [
    `function refuse() { throw new Error(${JSON.stringify(message)}); }`,
    'module.exports = new Proxy(refuse, { get: () => refuse });',
    '',
  ].join('\n');
}
