// Settings: where each comes from, what is refused, and that a person learns of every fault at once.
import { describe, expect, it } from 'vitest';
import {
  type Config,
  environmentName,
  flagName,
  resolveConfig,
  SETTINGS,
  type Setting,
} from '../../src/agent/config.ts';
import { Fault } from '../../src/platform/fault.ts';

const FILE = '/etc/status-panel/config.json';

function resolve(file?: unknown, environment: Record<string, string> = {}, flags: Record<string, string> = {}): Config {
  return resolveConfig({ file, environment, flags, filePath: FILE });
}

function faults(...args: Parameters<typeof resolve>): readonly string[] {
  const thrown = thrownBy(() => resolve(...args));
  if (thrown === undefined) return [];
  if (!(thrown instanceof Fault) || thrown.code !== 'invalid_configuration') throw thrown;
  return thrown.message.split('\n');
}

function thrownBy(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

describe('settings', () => {
  it('have defaults that hold together', () => {
    expect(resolve()).toMatchObject({
      server_url: undefined,
      poll_timeout_seconds: 30,
      poll_interval_seconds: 1,
      docker_socket: '/var/run/docker.sock',
      log_level: 'info',
      vault_path_prefix: 'agent',
    });
    expect(Object.keys(resolve()).toSorted()).toEqual(Object.keys(SETTINGS).toSorted());
  });

  it('cannot be changed afterwards', () => {
    expect(Object.isFrozen(resolve())).toBe(true);
  });

  it('come from flags over environment over file over default', () => {
    const environment = { STATUS_PANEL_LOG_LEVEL: 'warn' };
    expect(resolve({ log_level: 'debug' }).log_level).toBe('debug');
    expect(resolve({ log_level: 'debug' }, environment).log_level).toBe('warn');
    expect(resolve({ log_level: 'debug' }, environment, { log_level: 'error' }).log_level).toBe('error');
    expect(resolve({ log_level: 'debug' }, { STATUS_PANEL_LOG_LEVEL: '' }).log_level).toBe('debug');
  });

  it.each<[string, Setting]>(Object.entries(SETTINGS))(
    '%s takes its own example from the file, the environment and a flag',
    (name, setting) => {
      const more =
        name === 'poll_timeout_seconds' || name === 'poll_interval_seconds' ? {} : { poll_timeout_seconds: 30 };
      expect(faults({ ...more, [name]: setting.example })).toEqual([]);
      expect(faults(more, { [environmentName(name)]: setting.example })).toEqual([]);
      expect(faults(more, {}, { [name]: setting.example })).toEqual([]);
      expect(flagName(name)).toMatch(/^--[a-z]+(?:-[a-z]+)*$/u);
    },
  );

  it('take numbers in the file, and as text from elsewhere', () => {
    expect(resolve({ poll_timeout_seconds: 60 })).toMatchObject({ poll_timeout_seconds: 60 });
    const environment = { STATUS_PANEL_POLL_TIMEOUT_SECONDS: '60' };
    expect(resolve({}, environment)).toMatchObject({ poll_timeout_seconds: 60 });
  });

  it('lose the slash at the end of an address', () => {
    expect(resolve({ server_url: 'https://panel.example.com/base//' }).server_url).toBe(
      'https://panel.example.com/base',
    );
  });
});

describe('faults', () => {
  it('are told all at once, each with its setting, where it came from and an example', () => {
    const found = faults(
      { server_url: 'panel.example.com', unknown_key: 1, poll_timeout_seconds: 'soon' },
      { STATUS_PANEL_DOCKER_SOCKET: 'docker.sock' },
      { log_level: 'loud' },
    );
    expect(found).toHaveLength(5);
    expect(found.join('\n')).toMatch(
      /server_url \(from \/etc\/status-panel\/config\.json\).*https:\/\/panel\.example\.com/u,
    );
    expect(found.join('\n')).toMatch(/docker_socket \(from STATUS_PANEL_DOCKER_SOCKET\): must be an absolute path/u);
    expect(found.join('\n')).toMatch(/log_level \(from --log-level\)/u);
    expect(found.join('\n')).toMatch(/poll_timeout_seconds .*an example: 30/u);
  });

  it('name an unknown key and every key there is', () => {
    const [fault] = faults({ sever_url: 'https://panel.example.com' });
    expect(fault).toContain('sever_url');
    for (const name of Object.keys(SETTINGS)) expect(fault).toContain(name);
  });

  it.each([[[]], ['x'], [17], [true]])('say that the file must hold an object: %j', (file) => {
    expect(faults(file)[0]).toContain('must hold one JSON object');
  });

  it.each([
    ['poll_timeout_seconds', 4],
    ['poll_timeout_seconds', 121],
    ['poll_timeout_seconds', 30.5],
    ['poll_timeout_seconds', ''],
    ['poll_interval_seconds', 0],
    ['poll_interval_seconds', 11],
    ['change_max_age_seconds', 59],
    ['stop_deadline_seconds', 0],
    ['server_url', 'ftp://panel.example.com'],
    ['server_url', 'https://'],
    ['vault_address', 'vault'],
    ['vault_refresh_schedule', 'every minute'],
    ['vault_refresh_schedule', '99 * * * *'],
    ['compose_project', ''],
    ['ca_file', 'ca.pem'],
    ['docker_socket', null],
    ['poll_timeout_seconds', null],
    ['poll_timeout_seconds', true],
    ['poll_timeout_seconds', [30]],
  ])('%s does not take %j', (name, value) => {
    expect(faults({ [name]: value }).join('\n')).toMatch(new RegExp(`^${name} `, 'mu'));
  });

  it('tell of a poll that would be answered at once, for ever', () => {
    expect(faults({ poll_timeout_seconds: 10, poll_interval_seconds: 6 })).toEqual([
      expect.stringContaining('at most half of poll_timeout_seconds'),
    ]);
    expect(faults({ poll_timeout_seconds: 20, poll_interval_seconds: 10 })).toEqual([]);
  });

  it('do not quote a value that could be a secret', () => {
    expect(faults({ vault_token_file: 'hvs.hunter2' }).join()).not.toContain('hunter2');
    expect(faults({ server_url: 'https:user:hunter2@panel' }).join()).not.toContain('hunter2');
  });
});
