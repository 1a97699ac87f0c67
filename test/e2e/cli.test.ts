// The command line as a person meets it, and the lines as journald gets them.
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../scripts/parts/agent-process.ts';
import { storeIdentity } from '../../src/agent/identity/identity.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'status-panel-cli-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

test('version, help, and a word that is no subcommand', async () => {
  expect(await runCli(['version'], {})).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/^status-panel \d+\.\d+\.\d+\n$/u),
  });
  const help = await runCli(['help'], {});
  for (const word of ['register', 'run', 'redact', '--token-stdin', '--vault-address', '--docker-socket']) {
    expect(help.stdout).toContain(word);
  }
  expect(await runCli([], {})).toMatchObject({ exitCode: 0, stdout: help.stdout });
  expect(await runCli(['rnu'], {})).toMatchObject({
    exitCode: 64,
    stderr: expect.stringContaining('there is no subcommand "rnu"'),
  });
});

test('redact: what would leave the host, line for line', async () => {
  const { exitCode, stdout } = await runCli(['redact'], {}, 'ok\nDB_PASSWORD=hunter2hunter2\n\nlast without an end');
  expect(exitCode).toBe(0);
  expect(stdout).toBe('ok\nDB_PASSWORD=***REDACTED:env_assignment***\n\nlast without an end');
});

test('redact --jsonl: one record in, one out; a broken one is named and stops nothing', async () => {
  const records = [
    { id: 1, text: 'password=hunter2hunter2\nfine' },
    { id: 'b', text: 'ab', chunks: ['token=abcdef', 'ghijklmnop123'] },
    { id: 'c', text: 'value is zq81kd92mm', env: { APP_SECRET: 'zq81kd92mm' } },
  ];
  const input = [JSON.stringify(records[0]), '{broken', JSON.stringify(records[1]), JSON.stringify(records[2])].join(
    '\n',
  );
  const { exitCode, stdout, stderr } = await runCli(['redact', '--jsonl'], {}, input);
  expect(exitCode).toBe(65);
  expect(
    stdout
      .trim()
      .split('\n')
      .map((line): unknown => JSON.parse(line)),
  ).toEqual([
    { id: 1, text: 'password=***REDACTED:env_assignment***\nfine' },
    { id: 'b', text: 'token=***REDACTED:env_assignment***' },
    { id: 'c', text: 'value is ***REDACTED:env_value***' },
  ]);
  expect(stderr).toMatch(/^line 2: /u);
});

describe('the configuration file', () => {
  const run = (content: string) => {
    writeFileSync(join(home, 'config.json'), content);
    return runCli(['run', '--config', join(home, 'config.json')], { STATUS_PANEL_STATE_DIRECTORY: home });
  };

  test('an unknown key is refused, and the keys there are stand in the message', async () => {
    const ended = await run('{"sever_url": "https://x", "poll_timeout_seconds": "soon"}');
    expect(ended.exitCode).toBe(78);
    expect(ended.stderr).toMatch(
      /sever_url \(from .*config\.json\): there is no such setting; the settings are server_url, /u,
    );
    expect(ended.stderr).toMatch(/poll_timeout_seconds \(from .*config\.json\): .*an example: 30/u);
  });

  test('no JSON, no file', async () => {
    expect(await run('{')).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('is not JSON') });
    const missing = await runCli(['run', '--config', join(home, 'none.json')], {});
    expect(missing).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('there is no such file') });
  });

  test('a Vault without a token file', async () => {
    const ended = await run('{"vault_address": "https://vault.example.com"}');
    expect(ended).toMatchObject({ exitCode: 78, stderr: expect.stringContaining('vault_token_file') });
  });
});

test('a damaged identity is named with its path, not overwritten', async () => {
  writeFileSync(join(home, 'identity.json'), '{"version":1');
  const ended = await runCli(['run'], { STATUS_PANEL_STATE_DIRECTORY: home });
  expect(ended.exitCode).toBe(78);
  expect(ended.stderr).toContain(join(home, 'identity.json'));
  expect(readFileSync(join(home, 'identity.json'), 'utf8')).toBe('{"version":1');
});

test('connected to the journal, each line is a sentence with its priority in front', async () => {
  storeIdentity(home, {
    version: 1,
    server_url: 'http://127.0.0.1:9',
    agent_id: randomUUID(),
    agent_token: 'x'.repeat(64),
    deployment_hash: 'dep-1',
    registered_with: 'deployment_hash',
    registered_at: new Date().toISOString(),
  });
  const path = join(home, 'journal');
  const file = openSync(path, 'w');
  const { dev, ino } = fstatSync(file);
  const env = { ...process.env, STATUS_PANEL_STATE_DIRECTORY: home, JOURNAL_STREAM: `${dev}:${ino}` };
  const child = spawn(process.execPath, ['src/bin/status-panel.ts', 'run'], { env, stdio: ['ignore', file, file] });
  closeSync(file);
  await expect.poll(() => readFileSync(path, 'utf8'), { timeout: 15_000 }).toMatch(/cannot be used/u);
  child.kill('SIGTERM');
  await new Promise((resolve) => child.on('close', resolve));
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  expect(lines[0]).toMatch(/^<6>status-panel starts version=\S+ agent_id=[0-9a-f-]+ deployment=dep-1 /u);
  expect(lines.find((line) => line.includes('control plane cannot be used'))).toMatch(
    /^<4>control plane cannot be used; trying again reason="http:.*ECONNREFUSED/u,
  );
  for (const line of lines) expect(line).toMatch(/^<[3467]>\S/u);
});
