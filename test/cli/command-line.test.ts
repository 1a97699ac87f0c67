// Flags, configuration file and places, read together.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCommandLine } from '../../src/cli/command-line.ts';
import { placesOf } from '../../src/cli/places.ts';
import { terminal } from './fake-terminal.ts';

let home = '';
let file = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'command-line-'));
  file = join(home, 'config.json');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const OWN = { 'token-stdin': { kind: 'switch', meaning: 'x' }, 'stack-id': { kind: 'text', meaning: 'y' } } as const;
const read = (words: readonly string[], environment: Record<string, string> = {}) =>
  readCommandLine(terminal(['--config', file, ...words], { environment }), OWN);

describe('the command line', () => {
  it('takes settings, own flags and switches', () => {
    writeFileSync(file, '{"log_level":"warn","docker_socket":"/run/a.sock"}');
    const line = read(['--log-level', 'debug', '--stack-id=wordpress', '--token-stdin']);
    expect(line.config).toMatchObject({ log_level: 'debug', docker_socket: '/run/a.sock' });
    expect(line.text['stack-id']).toBe('wordpress');
    expect([...line.switches]).toEqual(['token-stdin']);
  });

  it('takes --server for --server-url, which wins when both are there', () => {
    writeFileSync(file, '{}');
    expect(read(['--server', 'https://a.example']).config.server_url).toBe('https://a.example');
    expect(read(['--server', 'https://a.example', '--server-url', 'https://b.example']).config.server_url).toBe(
      'https://b.example',
    );
  });

  it.each([
    ['is not there', () => undefined, /there is no such file/u],
    ['is no JSON', () => writeFileSync(file, '{"a":'), /is not JSON/u],
    ['is empty', () => writeFileSync(file, ''), /is not JSON/u],
  ])('with a configuration file that %s says so, with its path', (_, make, sentence) => {
    make();
    expect(() => read([])).toThrow(
      expect.objectContaining({ code: 'invalid_configuration', message: expect.stringMatching(sentence) }),
    );
    expect(() => read([])).toThrow(file);
  });

  it('does not mind that the file of the usual place is missing', () => {
    const environment = { STATUS_PANEL_CONFIG: join(home, 'none.json') };
    expect(readCommandLine(terminal([], { environment }), {}).config.log_level).toBe('info');
  });

  it('takes the Vault token from the systemd credential when no file is named', () => {
    writeFileSync(file, '{"vault_address":"https://vault.example"}');
    expect(read([], { CREDENTIALS_DIRECTORY: '/run/credentials/x' }).config.vault_token_file).toBe(
      '/run/credentials/x/vault-token',
    );
    expect(read([]).config.vault_token_file).toBeUndefined();
  });

  it('does not repeat a word that could be a token', () => {
    writeFileSync(file, '{}');
    expect(() => read(['hunter2'])).toThrow(expect.objectContaining({ code: 'usage' }));
    expect(() => read(['hunter2'])).not.toThrow(/hunter2/u);
  });
});

describe('places', () => {
  const NONE = { configFile: undefined, stateDirectory: undefined };
  it.each([
    ['root', { isRoot: true }, '/etc/status-panel/config.json', '/var/lib/status-panel'],
    [
      'systemd',
      { environment: { STATE_DIRECTORY: '/var/lib/a:/var/lib/b' } },
      '/etc/status-panel/config.json',
      '/var/lib/a',
    ],
    [
      'the environment',
      {
        isRoot: true,
        environment: { STATUS_PANEL_STATE_DIRECTORY: '/s', STATUS_PANEL_CONFIG: '/c', STATE_DIRECTORY: '/t' },
      },
      '/c',
      '/s',
    ],
  ])('of %s', (_, more, configFile, stateDirectory) => {
    expect(placesOf(terminal([], more), NONE)).toMatchObject({ configFile, stateDirectory });
  });

  it('that were chosen win, and a user has places of his own', () => {
    const chosen = { configFile: '/mine.json', stateDirectory: '/mine' };
    expect(placesOf(terminal([], { isRoot: true, environment: { STATE_DIRECTORY: '/t' } }), chosen)).toMatchObject(
      chosen,
    );
    expect(placesOf(terminal([]), NONE).stateDirectory).toMatch(/status-panel/u);
  });
});
