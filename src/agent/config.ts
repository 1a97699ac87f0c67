// Every setting of the agent: its name, where it may come from, what it accepts. Flags win over environment over file over defaults.
import { z } from 'zod';
import { Fault } from '../platform/fault.ts';
import { LOG_LEVELS } from '../platform/log.ts';
import { LIMITS } from '../protocol/limits.ts';
import { isCronExpression } from './schedule.ts';

const path = z.string().min(1).max(4_096).startsWith('/', 'must be an absolute path');
const httpUrl = z
  .url({ protocol: /^https?$/u, error: 'must be a URL that begins with https:// or http://' })
  .max(LIMITS.urlMaxChars)
  .transform((url) => url.replace(/\/+$/u, ''));
// A flag and an environment variable hold text, a file holds a number.
const wholeNumber = (min: number, max: number): z.ZodType<number> =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,9}$/u)
        .transform(Number),
    ])
    .pipe(z.int().min(min).max(max));

export interface Setting {
  readonly schema: z.ZodType;
  readonly example: string;
  readonly meaning: string;
  /** What holds without the setting, for the table in the documentation. */
  readonly byDefault: string;
}

/** The name is the key of the file; the flag is `--name-with-dashes`, the variable `STATUS_PANEL_NAME`. */
export const SETTINGS = {
  server_url: {
    schema: httpUrl.optional(),
    example: 'https://panel.example.com',
    meaning:
      'Control plane. Needed once, to register; afterwards it only overrides the address that was registered with.',
    byDefault: 'the address of the registration',
  },
  ca_file: {
    schema: path.optional(),
    example: '/etc/status-panel/ca.pem',
    meaning: "PEM file with the certificate authorities to trust for the control plane, instead of Node's.",
    byDefault: "Node's built-in authorities",
  },
  egress_socket: {
    schema: path.optional(),
    example: '/run/status-panel-egress/control-plane.sock',
    meaning:
      'Unix socket that leads to the control plane, used in place of the network; TLS stays end to end (docs/hardening.md).',
    byDefault: 'the network',
  },
  poll_timeout_seconds: {
    schema: wholeNumber(LIMITS.pollTimeoutMinSeconds, LIMITS.pollTimeoutMaxSeconds).default(30),
    example: '30',
    meaning: 'How long the control plane may hold a poll open.',
    byDefault: '30',
  },
  poll_interval_seconds: {
    schema: wholeNumber(LIMITS.pollIntervalMinSeconds, LIMITS.pollIntervalMaxSeconds).default(1),
    example: '1',
    meaning: 'How often the control plane looks into its queue while it holds a poll, where it has to look.',
    byDefault: '1',
  },
  docker_socket: {
    schema: path.default('/var/run/docker.sock'),
    example: '/var/run/docker.sock',
    meaning: 'Unix socket of the Docker Engine.',
    byDefault: '`/var/run/docker.sock`',
  },
  compose_project: {
    schema: z.string().min(1).max(255).optional(),
    example: 'shop',
    meaning: 'Compose project of this deployment: only its containers are looked at by label.',
    byDefault: 'the project named like the deployment hash, else every container',
  },
  change_max_age_seconds: {
    schema: wholeNumber(60, 30 * 86_400).default(86_400),
    example: '86400',
    meaning: 'A change that was asked for longer ago is answered `expired` instead of made.',
    byDefault: '86400 (a day)',
  },
  state_max_mebibytes: {
    schema: wholeNumber(16, 1_024).default(64),
    example: '64',
    meaning:
      'What the agent may take of the disk, for its journal with the reports that wait. When it is full, changes are refused until there is room.',
    byDefault: '64',
  },
  stop_deadline_seconds: {
    schema: wholeNumber(1, 3_600).default(20),
    example: '20',
    meaning: 'After SIGTERM a running command has this long to finish.',
    byDefault: '20',
  },
  vault_address: {
    schema: httpUrl.optional(),
    example: 'https://vault.example.com:8200',
    meaning: 'Vault or OpenBao that holds the agent token. Without it the token from the registration is used.',
    byDefault: 'no Vault',
  },
  vault_token_file: {
    schema: path.optional(),
    example: '/etc/status-panel/vault-token',
    meaning: 'File with the Vault token, read anew each time.',
    byDefault: 'the systemd credential `vault-token`',
  },
  vault_path_prefix: {
    schema: z.string().min(1).max(255).default('agent'),
    example: 'secret/data/agent',
    meaning: 'Path before `DEPLOYMENT_HASH/token`: `agent` on a KV version 1 mount, `secret/data/agent` on version 2.',
    byDefault: '`agent`',
  },
  vault_api_prefix: {
    schema: z.string().max(255).default('v1'),
    example: 'v1',
    meaning: "First segment of Vault's paths; empty leaves it out.",
    byDefault: '`v1`',
  },
  vault_namespace: {
    schema: z.string().min(1).max(255).optional(),
    example: 'team-a',
    meaning: 'Vault namespace.',
    byDefault: 'none',
  },
  vault_ca_file: {
    schema: path.optional(),
    example: '/etc/status-panel/vault-ca.pem',
    meaning: "PEM file with the certificate authorities to trust for Vault, instead of Node's.",
    byDefault: "Node's built-in authorities",
  },
  vault_egress_socket: {
    schema: path.optional(),
    example: '/run/status-panel-egress/vault.sock',
    meaning: 'Unix socket that leads to Vault, used in place of the network.',
    byDefault: 'the network',
  },
  vault_refresh_schedule: {
    schema: z
      .string()
      .max(100)
      .refine(isCronExpression, { error: 'must be a cron expression with five fields' })
      .default('*/5 * * * *'),
    example: '*/5 * * * *',
    meaning: 'When the agent token is read again; each time up to a minute late, by chance.',
    byDefault: '`*/5 * * * *`',
  },
  log_level: {
    schema: z.enum(LOG_LEVELS).default('info'),
    example: 'info',
    meaning: 'The least severe lines to write: debug, info, warn or error.',
    byDefault: 'info',
  },
} as const satisfies Readonly<Record<string, Setting>>;

export type SettingName = keyof typeof SETTINGS;
export type Config = { readonly [Name in SettingName]: z.infer<(typeof SETTINGS)[Name]['schema']> };

export interface ConfigSources {
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The parsed JSON of the file, undefined when there is none. */
  readonly file: unknown;
  /** For messages. */
  readonly filePath: string;
}

export function environmentName(setting: string): string {
  return `STATUS_PANEL_${setting.toUpperCase()}`;
}

export function flagName(setting: string): string {
  return `--${setting.replaceAll('_', '-')}`;
}

const fileSchema = z.record(z.string().max(100), z.unknown());

/** Puts the sources together and checks them. Throws Fault invalid_configuration with every fault there is, a line each: setting, what was wrong, an example. */
export function resolveConfig(sources: ConfigSources): Config {
  const faults: string[] = [];
  const file = fileSchema.safeParse(sources.file ?? {});
  if (!file.success)
    faults.push(`${sources.filePath}: must hold one JSON object, as {"server_url": "https://panel.example.com"}`);
  const fromFile = file.success ? file.data : {};
  faults.push(...unknownKeys(fromFile, sources.filePath));
  const values: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(SETTINGS)) {
    const { value, from } = pick(name, fromFile, sources);
    const parsed = setting.schema.safeParse(value);
    if (parsed.success) values[name] = parsed.data;
    else faults.push(`${name} (from ${from}): ${messageOf(parsed.error)}; an example: ${setting.example}`);
  }
  faults.push(...together(values));
  if (faults.length > 0) throw new Fault('invalid_configuration', faults.join('\n'));
  return complete(values);
}

// Each value has been parsed by its own schema just above; this only tells the compiler so.
function complete(values: Record<string, unknown>): Config {
  const whole = z.custom<Config>((candidate) => typeof candidate === 'object' && candidate !== null);
  return Object.freeze(whole.parse(values));
}

function pick(
  name: string,
  file: Readonly<Record<string, unknown>>,
  sources: ConfigSources,
): { readonly value: unknown; readonly from: string } {
  const flag = sources.flags[name];
  if (flag !== undefined) return { value: flag, from: flagName(name) };
  const variable = environmentName(name);
  const environment = sources.environment[variable];
  if (environment !== undefined && environment !== '') return { value: environment, from: variable };
  return { value: file[name], from: file[name] === undefined ? 'nowhere' : sources.filePath };
}

function unknownKeys(file: Readonly<Record<string, unknown>>, filePath: string): readonly string[] {
  return Object.keys(file)
    .filter((key) => !Object.hasOwn(SETTINGS, key))
    .map(
      (key) =>
        `${key} (from ${filePath}): there is no such setting; the settings are ${Object.keys(SETTINGS).join(', ')}`,
    );
}

function messageOf(error: z.ZodError): string {
  return error.issues.map((issue) => issue.message).join('; ');
}

function together(values: Readonly<Record<string, unknown>>): readonly string[] {
  const timeout = values['poll_timeout_seconds'];
  const interval = values['poll_interval_seconds'];
  // A server that sleeps the interval between two looks answers such a poll at once, for ever (PROTOCOL.md §1.6).
  if (typeof timeout === 'number' && typeof interval === 'number' && timeout < 2 * interval) {
    return [`poll_interval_seconds: must be at most half of poll_timeout_seconds (${timeout}); an example: 1`];
  }
  return [];
}
