// Registration as a person does it: every way to give the token, every refusal, and what is left on disk.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Ended, runCli } from '../../scripts/parts/agent-process.ts';
import { ControlPlaneClient } from '../../scripts/parts/control-plane-client.ts';
import { loadIdentity } from '../../src/agent/identity/identity.ts';
import { type ControlPlane, startControlPlane } from '../../src/control-plane/control-plane.ts';

let controlPlane: ControlPlane;
let client: ControlPlaneClient;
let home: string;
let token: string;

beforeAll(async () => {
  controlPlane = await startControlPlane();
  client = new ControlPlaneClient(controlPlane);
});
afterAll(async () => controlPlane.stop());
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'status-panel-register-'));
  token = await client.mintPurchaseToken('stack-1');
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function register(
  words: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  stdin = '',
): Promise<Ended> {
  const all = {
    STATUS_PANEL_STATE_DIRECTORY: join(home, 'state'),
    STATUS_PANEL_CONFIG: join(home, 'config.json'),
    ...settings,
  };
  writeFileSync(join(home, 'config.json'), '{}');
  return await runCli(['register', ...words], all, stdin);
}

const server = (): readonly string[] => ['--server', controlPlane.url, '--stack-id', 'stack-1'];

/** Everything in the state directory, as text. */
function state(): string {
  const directory = join(home, 'state');
  return readdirSync(directory)
    .map((name) => readFileSync(join(directory, name), 'utf8'))
    .join('\n');
}

describe('ways to give the purchase token', () => {
  test('standard input: registered, and only the agent can read who it is', async () => {
    const ended = await register(['--token-stdin', ...server()], {}, `${token}\n`);
    expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ended.stdout).toMatch(/^registered: agent [0-9a-f-]{36}, deployment \S+$/mu);
    expect(statSync(join(home, 'state')).mode & 0o777).toBe(0o700);
    expect(statSync(join(home, 'state', 'identity.json')).mode & 0o777).toBe(0o600);
    expect(state()).not.toContain(token);
    expect(ended.stdout).not.toContain(token);
  });

  test('a file, and the environment', async () => {
    writeFileSync(join(home, 'token'), `${token}\n`);
    expect((await register(['--token-file', join(home, 'token'), ...server()])).exitCode).toBe(0);
    rmSync(join(home, 'state'), { recursive: true });
    const settings = {
      STATUS_PANEL_PURCHASE_TOKEN: token,
      STATUS_PANEL_STACK_ID: 'stack-1',
      STATUS_PANEL_SERVER_URL: controlPlane.url,
    };
    expect((await register([], settings)).exitCode).toBe(0);
  });

  test('the command line works, with a warning that does not repeat the token', async () => {
    const ended = await register(['--token', token, ...server()]);
    expect(ended.exitCode).toBe(0);
    expect(ended.stderr).toMatch(/can see a token on the command line/u);
    expect(ended.stderr).not.toContain(token);
  });
});

test('registering twice changes nothing and says so', async () => {
  await register(['--token-stdin', ...server()], {}, token);
  const before = state();
  const again = await register(['--token-stdin', ...server()], {}, token);
  expect(again).toMatchObject({ exitCode: 0, stderr: '' });
  expect(again.stdout).toMatch(/^already registered: agent /u);
  expect(state()).toBe(before);
});

test('the same token on the same server after its state was lost gives the same agent', async () => {
  await register(['--token-stdin', ...server()], {}, token);
  const first = loadIdentity(join(home, 'state'));
  rmSync(join(home, 'state'), { recursive: true });
  await register(['--token-stdin', ...server()], {}, token);
  expect(loadIdentity(join(home, 'state'))).toMatchObject({
    agent_id: first?.agent_id,
    deployment_hash: first?.deployment_hash,
  });
});

test('by deployment hash', async () => {
  const { user_id } = Object(await client.call('POST', '/api/v1/admin/users', {}));
  const { deployment_hash: hash } = Object(await client.call('POST', '/api/v1/admin/deployments', { user_id }));
  const ended = await register(['--deployment-hash', String(hash), '--server', controlPlane.url]);
  expect(ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect(loadIdentity(join(home, 'state'))?.deployment_hash).toBe(hash);
});

describe('refusals say what to do, store nothing, and have an exit code of their own', () => {
  const nothingStored = (): void => expect(() => readdirSync(join(home, 'state'))).toThrow('ENOENT');

  test('a wrong token: 77', async () => {
    const wrong = `${token.slice(0, -4)}AAAA`;
    const ended = await register(['--token-stdin', ...server()], {}, wrong);
    expect(ended.exitCode).toBe(77);
    expect(ended.stderr).toMatch(/^status-panel register: the control plane answered HTTP 403: /u);
    expect(ended.stderr).not.toContain(wrong);
    nothingStored();
  });

  test('a token for another stack: 77', async () => {
    const ended = await register(['--token-stdin', '--stack-id', 'stack-2', '--server', controlPlane.url], {}, token);
    expect(ended.exitCode).toBe(77);
    nothingStored();
  });

  test('no control plane there: 69, after a few tries', async () => {
    const ended = await register(
      ['--token-stdin', '--stack-id', 'stack-1', '--server', 'http://127.0.0.1:9'],
      {},
      token,
    );
    expect(ended.exitCode).toBe(69);
    expect(ended.stderr).toMatch(/ECONNREFUSED/u);
    expect(ended.stderr).toMatch(/trying again/u);
    nothingStored();
  });

  test.each([
    [['--stack-id', 'stack-1', '--token-stdin'], 64, /--server is missing; an example: --server https:/u],
    [
      ['--server', 'http://127.0.0.1:9', '--stack-id', 's'],
      64,
      /the purchase token is missing: give it with --token-file/u,
    ],
    [['--server', 'http://127.0.0.1:9', '--token-stdin'], 64, /--stack-id is missing/u],
    [
      ['--server', 'ftp://panel', '--token-stdin'],
      78,
      /server_url \(from --server-url\): must be a URL that begins with https/u,
    ],
    [['--sevrer', 'x'], 64, /--sevrer/u],
  ])('%j: %d', async (words, exitCode, message) => {
    const ended = await register(words, {}, '');
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.stderr).toMatch(message);
    nothingStored();
  });

  test('a token with a line break in the middle was pasted wrongly', async () => {
    const ended = await register(['--token-stdin', ...server()], {}, `${token.slice(0, 10)}\n${token.slice(10)}`);
    expect(ended.exitCode).toBe(64);
    expect(ended.stderr).toMatch(/copy it again/u);
  });

  test('every wrong setting is named at once', async () => {
    const settings = {
      STATUS_PANEL_POLL_TIMEOUT_SECONDS: '1000',
      STATUS_PANEL_DOCKER_SOCKET: 'relative',
      STATUS_PANEL_LOG_LEVEL: 'loud',
    };
    const ended = await register(['--token-stdin', ...server()], settings, token);
    expect(ended.exitCode).toBe(78);
    expect(ended.stderr.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringMatching(/poll_timeout_seconds \(from STATUS_PANEL_POLL_TIMEOUT_SECONDS\): .*; an example: 30$/u),
      expect.stringMatching(
        /docker_socket \(from STATUS_PANEL_DOCKER_SOCKET\): must be an absolute path; an example: /u,
      ),
      expect.stringMatching(/log_level \(from STATUS_PANEL_LOG_LEVEL\): .*; an example: info$/u),
    ]);
  });
});

test('run without a registration: 78, and what to do', async () => {
  const ended = await runCli(['run'], {
    STATUS_PANEL_STATE_DIRECTORY: join(home, 'state'),
    STATUS_PANEL_CONFIG: join(home, 'config.json'),
  });
  expect(ended.exitCode).toBe(78);
});
