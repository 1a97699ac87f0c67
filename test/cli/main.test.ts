// The words a person types, and what they get: text, exit code, and never a secret back.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { flagName, SETTINGS } from '../../src/agent/config.ts';
import { storeIdentity } from '../../src/agent/identity/identity.ts';
import { EXIT } from '../../src/cli/exit-code.ts';
import { SUBCOMMANDS } from '../../src/cli/main.ts';
import { REGISTER_FLAGS } from '../../src/cli/register.ts';
import { VERSION } from '../../src/version.ts';
import { stdinOf, type } from './fake-terminal.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cli-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));
const at = (): { environment: Record<string, string> } => ({
  environment: { STATUS_PANEL_STATE_DIRECTORY: home, STATUS_PANEL_CONFIG: join(home, 'none.json') },
});

describe('help', () => {
  it.each([[[]], [['help']], [['--help']], [['-h']], [['run', '--help']], [['register', '--token', 'x', '--help']]])(
    'is the answer to %j',
    async (words) => {
      const { exit, out, err } = await type(words);
      expect({ exit, err }).toEqual({ exit: 'ok', err: '' });
      expect(out).toContain('usage: status-panel SUBCOMMAND');
    },
  );

  it('lists every subcommand, every flag and every setting', async () => {
    const { out } = await type(['help']);
    for (const name of Object.keys(SUBCOMMANDS)) expect(out).toMatch(new RegExp(`^  ${name} `, 'mu'));
    for (const name of Object.keys(REGISTER_FLAGS)) expect(out).toContain(`--${name} `);
    for (const name of Object.keys(SETTINGS)) expect(out).toContain(`${flagName(name)} `);
    for (const name of ['--config', '--state-directory', '--server']) expect(out).toContain(name);
  });
});

describe('version', () => {
  it.each(['version', '--version'])('%s', async (word) => {
    expect(await type([word])).toMatchObject({ exit: 'ok', out: `status-panel ${VERSION}\n` });
  });
});

describe('words that mean nothing', () => {
  it.each(['rnu', '', '__proto__', 'constructor', 'toString', '--bogus'])('%j is no subcommand', async (word) => {
    expect(await type([word])).toMatchObject({ exit: 'usage', out: '', err: expect.stringContaining('no subcommand') });
  });

  it.each([
    [['run', '--bogus']],
    [['run', 'now']],
    [['run', '--log-level']],
    [['version-x']],
    [['register', '--token-stdin=yes']],
    [['redact', '--token', 'x']],
  ])('%j is wrong usage', async (words) => {
    expect(await type(words, at())).toMatchObject({ exit: 'usage', out: '' });
  });
});

describe('register', () => {
  const SERVER = ['--server', 'http://127.0.0.1:1'];
  it.each<[string, readonly string[], string]>([
    ['without a server', ['--stack-id', 's'], '--server'],
    ['without a stack', SERVER, '--stack-id'],
    ['without a token', [...SERVER, '--stack-id', 's'], '--token-stdin'],
    ['with an empty hash', [...SERVER, '--deployment-hash', ''], '1 to 128 characters'],
    ['with a hash that is too long', [...SERVER, '--deployment-hash', 'x'.repeat(129)], '1 to 128 characters'],
    ['with a token file that is not there', [...SERVER, '--stack-id', 's', '--token-file', '/nowhere/token'], 'ENOENT'],
  ])('%s says what is missing', async (_, words, sentence) => {
    expect(await type(['register', ...words], at())).toMatchObject({
      exit: 'usage',
      err: expect.stringContaining(sentence),
    });
  });

  it('with a token that was pasted wrongly does not repeat it', async () => {
    const words = ['register', ...SERVER, '--stack-id', 's', '--token-stdin'];
    const session = await type(words, { ...at(), stdin: stdinOf('hunter2 hunter2 hunter2\n') });
    expect(session.exit).toBe('usage');
    expect(session.err).not.toContain('hunter2');
  });

  it('with a token on the command line warns of it', async () => {
    const session = await type(['register', ...SERVER, '--stack-id', 's', '--token', 'hunter2!'], at());
    expect(session.err).toContain('every user of this host can see');
    expect(session.err).not.toContain('hunter2');
  });

  it('on a registered host changes nothing, and says how to change the server', async () => {
    storeIdentity(home, {
      version: 1,
      server_url: 'http://127.0.0.1:1',
      agent_id: '4f9c1c34-3b5b-4a69-8d5e-2d2f0a8c8f10',
      agent_token: 'hunter2-hunter2-hunter2',
      deployment_hash: 'dep-abc_123',
      registered_with: 'deployment_hash',
      registered_at: '2026-01-09T00:00:00Z',
    });
    const again = await type(['register', ...SERVER, '--stack-id', 's'], at());
    expect(again).toMatchObject({
      exit: 'ok',
      out: expect.stringMatching(/already registered.*dep-abc_123.*nothing changed/u),
    });
    const other = await type(['register', '--server', 'http://127.0.0.1:2', '--stack-id', 's'], at());
    expect(other).toMatchObject({ exit: 'usage', err: expect.stringContaining('--replace') });
    expect(again.out + again.err + other.err).not.toContain('hunter2');
  });
});

describe('run', () => {
  it('on a host that is not registered says what to do first', async () => {
    expect(await type(['run'], at())).toMatchObject({
      exit: 'configuration',
      err: expect.stringContaining('status-panel register'),
    });
  });

  it('tells all faults of the settings, a line each', async () => {
    const { exit, err } = await type(['run', '--log-level', 'loud', '--poll-timeout-seconds', '1'], at());
    expect(exit).toBe('configuration');
    expect(err.trimEnd().split('\n')).toHaveLength(2);
    for (const line of err.trimEnd().split('\n')) expect(line).toMatch(/^status-panel run: .*an example:/u);
  });
});

describe('redact', () => {
  it('keeps the lines and whether the last one ends', async () => {
    for (const text of ['', 'one', 'one\n', 'one\n\ntwo\n', '\n']) {
      expect((await type(['redact'], { ...at(), stdin: stdinOf(text) })).out).toBe(text);
    }
  });
});

describe('exit codes', () => {
  it('are different, and those of sysexits', () => {
    const codes = Object.values(EXIT).map((exit) => exit.code);
    expect(new Set(codes).size).toBe(codes.length);
    for (const code of codes.filter((one) => one !== 0)) expect(code).toBeGreaterThanOrEqual(64);
    expect(Math.max(...codes)).toBeLessThanOrEqual(78);
  });
});
