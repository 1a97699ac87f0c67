// Settings of the control plane's program: flags over environment over defaults, all faults at once.
import { parseArgs } from 'node:util';
import { LOG_LEVELS, type LogLevel } from '../platform/log.ts';

interface Setting {
  readonly env: string;
  readonly example: string;
  readonly help: string;
  readonly isFlag?: true;
}

const SETTINGS = {
  listen: {
    env: 'CONTROL_PLANE_LISTEN',
    example: '127.0.0.1:8080',
    help: 'address and port to listen on (default 127.0.0.1:8080)',
  },
  'data-dir': {
    env: 'CONTROL_PLANE_DATA_DIR',
    example: '/var/lib/status-panel-control-plane',
    help: 'directory for the embedded database, the development Vault and generated tokens',
  },
  'database-url': {
    env: 'DATABASE_URL',
    example: 'postgres://user@host:5432/name',
    help: 'PostgreSQL instead of the embedded database; as environment variable, so that no password stands in argv',
  },
  'dev-vault': {
    env: 'CONTROL_PLANE_DEV_VAULT',
    example: 'true',
    help: 'run a Vault inside (the default without --vault-address)',
    isFlag: true,
  },
  'dev-vault-port': {
    env: 'CONTROL_PLANE_DEV_VAULT_PORT',
    example: '8200',
    help: 'its port on 127.0.0.1 (default: any free one)',
  },
  'vault-address': { env: 'VAULT_ADDRESS', example: 'https://vault.example.org:8200', help: 'a real Vault or OpenBao' },
  'vault-token-file': {
    env: 'VAULT_TOKEN_FILE',
    example: '/etc/status-panel/vault-token',
    help: 'file of mode 0600 with its token',
  },
  'vault-prefix': {
    env: 'VAULT_AGENT_PATH_PREFIX',
    example: 'secret/data/agent',
    help: 'where agent tokens lie (default agent)',
  },
  'vault-api-prefix': { env: 'VAULT_API_PREFIX', example: 'v1', help: 'first segment of every path (default v1)' },
  'vault-namespace': { env: 'VAULT_NAMESPACE', example: 'team-a', help: 'value of X-Vault-Namespace' },
  'public-url': {
    env: 'CONTROL_PLANE_PUBLIC_URL',
    example: 'https://panel.example.org',
    help: 'address as agents and people reach it',
  },
  'admin-token-file': {
    env: 'CONTROL_PLANE_ADMIN_TOKEN_FILE',
    example: '/etc/status-panel/admin-token',
    help: 'file of mode 0600 with the administrator token (default: made in the data directory)',
  },
  'release-dir': {
    env: 'CONTROL_PLANE_RELEASE_DIR',
    example: '/srv/status-panel/releases',
    help: 'directory with the release that the installer installs',
  },
  'stack-dir': {
    env: 'CONTROL_PLANE_STACK_DIR',
    example: '/srv/status-panel/stacks',
    help: 'directory with STACK_ID.tar.gz for each stack that is sold',
  },
  'lease-seconds': {
    env: 'CONTROL_PLANE_LEASE_SECONDS',
    example: '60',
    help: 'time to report before a command is delivered again (default 60)',
  },
  'queue-max-count': {
    env: 'CONTROL_PLANE_QUEUE_MAX_COUNT',
    example: '1000',
    help: 'unfinished commands a deployment may have (default 1000)',
  },
  'log-level': {
    env: 'CONTROL_PLANE_LOG_LEVEL',
    example: 'info',
    help: `one of ${LOG_LEVELS.join(', ')} (default info)`,
  },
} as const satisfies Readonly<Record<string, Setting>>;
type Name = keyof typeof SETTINGS;

export interface ControlPlaneSettings {
  readonly listen: { readonly host: string; readonly port: number };
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly devVaultPort: number | undefined;
  readonly vault: VaultSettings | undefined;
  readonly publicUrl: string | undefined;
  readonly adminTokenFile: string | undefined;
  readonly releaseDir: string | undefined;
  readonly stackDir: string | undefined;
  readonly leaseSeconds: number | undefined;
  readonly queueMaxCount: number | undefined;
  readonly logLevel: LogLevel;
}

interface VaultSettings {
  readonly address: string;
  readonly tokenFile: string;
  readonly prefix: string | undefined;
  readonly apiPrefix: string | undefined;
  readonly namespace: string | undefined;
}

export type SettingsOutcome =
  | { readonly kind: 'help' }
  | { readonly kind: 'faults'; readonly faults: readonly string[] }
  | { readonly kind: 'settings'; readonly settings: ControlPlaneSettings };

export function helpText(): string {
  const lines = entries().map(([name, { env, help, isFlag }]) => {
    const flag = isFlag === true ? `--${name}` : `--${name} VALUE`;
    return `  ${flag.padEnd(26)} ${help}\n${' '.repeat(29)}environment: ${env}`;
  });
  return `Usage: status-panel-control-plane [options]\n\n${lines.join('\n')}\n  ${'--help'.padEnd(26)} this text\n`;
}

/** `defaultDataDir` is where data goes when nobody says. */
export function readSettings(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  defaultDataDir: string,
): SettingsOutcome {
  const faults: string[] = [];
  const given = flagsOf(args, faults);
  if (given.has('help')) return { kind: 'help' };
  const read: Read = (name) => {
    const text = given.get(name) ?? env[SETTINGS[name].env];
    return text === undefined || text.trim() === '' ? undefined : text.trim();
  };
  const reader: Reader = {
    text: read,
    fault: (name, what) => {
      const { env: variable, example } = SETTINGS[name];
      faults.push(`--${name} (${variable}): ${what}; for example ${example}`);
    },
  };
  const settings: ControlPlaneSettings = {
    listen: listenOf(reader),
    dataDir: read('data-dir') ?? defaultDataDir,
    databaseUrl: urlOf(reader, 'database-url', ['postgres:', 'postgresql:']),
    devVaultPort: wholeOf(reader, 'dev-vault-port', 0, 65_535),
    vault: vaultOf(reader),
    publicUrl: urlOf(reader, 'public-url', ['http:', 'https:']),
    adminTokenFile: read('admin-token-file'),
    releaseDir: read('release-dir'),
    stackDir: read('stack-dir'),
    leaseSeconds: wholeOf(reader, 'lease-seconds', 1, 86_400),
    queueMaxCount: wholeOf(reader, 'queue-max-count', 1, 1_000_000),
    logLevel: levelOf(reader),
  };
  return faults.length > 0 ? { kind: 'faults', faults } : { kind: 'settings', settings };
}

type Read = (name: Name) => string | undefined;
interface Reader {
  readonly text: Read;
  fault(name: Name, what: string): void;
}

function entries(): readonly (readonly [string, Setting])[] {
  return Object.entries<Setting>(SETTINGS);
}

function flagsOf(args: readonly string[], faults: string[]): ReadonlyMap<string, string> {
  const options = Object.fromEntries(
    entries().map(([name, { isFlag }]) => [
      name,
      { type: isFlag === true ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: [...args],
    options: { ...options, help: { type: 'boolean' } },
    strict: false,
    tokens: true,
  });
  const given = new Map<string, string>();
  for (const token of tokens) {
    if (token.kind === 'positional')
      faults.push(`${JSON.stringify(token.value)} is not expected: every setting is a flag, see --help`);
    if (token.kind !== 'option') continue;
    const known = token.name === 'help' ? { type: 'boolean' } : options[token.name];
    if (known === undefined) faults.push(`${token.rawName} is unknown: see --help`);
    else if (known.type === 'boolean') given.set(token.name, 'true');
    else if (token.value === undefined) faults.push(`${token.rawName} needs a value: see --help`);
    else given.set(token.name, token.value);
  }
  return given;
}

function listenOf(reader: Reader): { host: string; port: number } {
  const text = reader.text('listen') ?? SETTINGS.listen.example;
  const match = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<host>[\w.-]+)):(?<port>\d{1,5})$/iu.exec(text);
  const host = match?.groups?.['v6'] ?? match?.groups?.['host'];
  const port = Number(match?.groups?.['port']);
  if (host === undefined || port > 65_535) {
    reader.fault('listen', `${JSON.stringify(text)} is not HOST:PORT`);
    return { host: '127.0.0.1', port: 0 };
  }
  return { host, port };
}

function urlOf(reader: Reader, name: Name, protocols: readonly string[]): string | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const url = URL.parse(text);
  // The value is not repeated: an address may hold a password.
  if (url === null || !protocols.includes(url.protocol))
    reader.fault(name, `is not an address that starts with ${protocols.join('// or ')}//`);
  return text.replace(/\/+$/u, '');
}

function wholeOf(reader: Reader, name: Name, min: number, max: number): number | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const value = /^\d{1,9}$/u.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    reader.fault(name, `${JSON.stringify(text)} is not a whole number from ${min} to ${max}`);
  return value;
}

function levelOf(reader: Reader): LogLevel {
  const text = reader.text('log-level') ?? 'info';
  const level = LOG_LEVELS.find((one) => one === text);
  if (level === undefined) reader.fault('log-level', `${JSON.stringify(text)} is not one of ${LOG_LEVELS.join(', ')}`);
  return level ?? 'info';
}

function vaultOf(reader: Reader): VaultSettings | undefined {
  const address = urlOf(reader, 'vault-address', ['http:', 'https:']);
  if (address === undefined) {
    for (const name of ['vault-token-file', 'vault-prefix', 'vault-api-prefix', 'vault-namespace'] as const) {
      if (reader.text(name) !== undefined) reader.fault(name, 'means nothing without --vault-address');
    }
    return undefined;
  }
  if (reader.text('dev-vault') === 'true') reader.fault('dev-vault', 'contradicts --vault-address: give one of them');
  const tokenFile = reader.text('vault-token-file');
  if (tokenFile === undefined)
    reader.fault('vault-token-file', 'is missing: the control plane writes agent tokens into that Vault');
  return {
    address,
    tokenFile: tokenFile ?? '',
    prefix: reader.text('vault-prefix'),
    apiPrefix: reader.text('vault-api-prefix'),
    namespace: reader.text('vault-namespace'),
  };
}
