// Reads flags: the settings of the agent and a subcommand's own. A word that means nothing is an error that says what would.
import { parseArgs } from 'node:util';
import { type Config, flagName, resolveConfig, SETTINGS } from '../agent/config.ts';
import { proxyFor } from '../agent/upstream/proxy.ts';
import { readIfPresent } from '../platform/durable-file.ts';
import { describeError, Fault } from '../platform/fault.ts';
import { placesOf, type Places } from './places.ts';
import type { Terminal } from './terminal.ts';

export interface OwnFlag {
  /** `text` takes a value. */
  readonly kind: 'text' | 'switch';
  readonly meaning: string;
}

export interface CommandLine {
  readonly config: Config;
  readonly places: Places;
  /** The proxy that the environment names for an address. */
  readonly proxyFor: (origin: string) => string | undefined;
  readonly text: Readonly<Record<string, string | undefined>>;
  readonly switches: ReadonlySet<string>;
}

const PLACE_FLAGS = ['config', 'state-directory'] as const;

/** Throws Fault usage, or invalid_configuration with every fault. `own` are the flags of the subcommand, by name without dashes. */
export function readCommandLine(terminal: Terminal, own: Readonly<Record<string, OwnFlag>>): CommandLine {
  const { text, switches } = readFlags(terminal.words, own);
  const places = placesOf(terminal, { configFile: text['config'], stateDirectory: text['state-directory'] });
  const flags = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, text[flagName(name).slice(2)]]));
  // `--server` is the short form in the one line that people type.
  flags['server_url'] ??= text['server'];
  const config = resolveConfig({
    flags,
    environment: terminal.environment,
    file: readConfigFile(places.configFile, text['config'] !== undefined),
    filePath: places.configFile,
  });
  const vaultTokenFile = config.vault_token_file ?? places.vaultTokenFile;
  return {
    config: { ...config, vault_token_file: vaultTokenFile },
    places,
    proxyFor: (origin) => proxyFor(origin, terminal.environment),
    text,
    switches,
  };
}

function readFlags(
  words: readonly string[],
  own: Readonly<Record<string, OwnFlag>>,
): { readonly text: Readonly<Record<string, string | undefined>>; readonly switches: ReadonlySet<string> } {
  const texts = [...Object.keys(SETTINGS).map((name) => flagName(name).slice(2)), ...PLACE_FLAGS, 'server'];
  const options = Object.fromEntries([
    ...texts.map((name) => [name, { type: 'string' as const }]),
    ...Object.entries(own).map(([name, flag]) => [
      name,
      { type: flag.kind === 'text' ? ('string' as const) : ('boolean' as const) },
    ]),
  ]);
  const text: Record<string, string> = {};
  const switches = new Set<string>();
  for (const [name, value] of Object.entries(parse(words, options))) {
    if (typeof value === 'string') text[name] = value;
    else if (value === true) switches.add(name);
  }
  return { text, switches };
}

function parse(
  words: readonly string[],
  options: Readonly<Record<string, { type: 'string' | 'boolean' }>>,
): Readonly<Record<string, unknown>> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    throw new Fault('usage', `${complaint(error)}; "status-panel help" lists the flags`);
  }
}

// A word that is no flag can be a token somebody pasted in the wrong place: it is not repeated.
function complaint(error: unknown): string {
  const stray = error instanceof Error && 'code' in error && error.code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL';
  return stray ? 'there is a word that belongs to no flag' : (describeError(error).split('. ')[0] ?? '');
}

function readConfigFile(path: string, mustExist: boolean): unknown {
  const text = readFile(path);
  if (text === undefined) {
    if (mustExist) throw new Fault('invalid_configuration', `${path}: there is no such file`);
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Fault(
      'invalid_configuration',
      `${path}: is not JSON (${describeError(error)}); an example: {"server_url": "https://panel.example.com"}`,
    );
  }
}

function readFile(path: string): string | undefined {
  try {
    return readIfPresent(path);
  } catch (error) {
    throw new Fault('invalid_configuration', `${path}: cannot be read (${describeError(error)})`);
  }
}
