// Installation as the control plane serves it: the script, the files of a release, the stack's archive, deploy-complete (REQUIREMENTS B3, B4).
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { ControlPlane } from '../../src/control-plane/control-plane.ts';
import type { Log } from '../../src/platform/log.ts';
import { newPerson, onBothDatabases, send, startOn, TestAgent } from './harness.ts';

const folder = mkdtempSync(join(tmpdir(), 'control-plane-installation-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const releaseDir = join(folder, 'release');
const stackDir = join(folder, 'stacks');
const ARCHIVE = Buffer.from('archive bytes \u0000\u0001');

function publish(): void {
  mkdirSync(releaseDir);
  mkdirSync(stackDir);
  const names = ['1.9.0', '1.10.0', '1.10.0-rc.1'].flatMap((version) =>
    ['x64', 'arm64'].map((architecture) => `status-panel-${version}-linux-${architecture}`),
  );
  const rootKey = generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' });
  const files = {
    SHA256SUMS: names.map((name) => `${'a'.repeat(64)}  ${name}.tar.gz\n`).join(''),
    'SHA256SUMS.sig': 'c2lnbmF0dXJl\n',
    'release-key.pem': 'release key',
    'release-key.pem.sig': 'c2lnbmF0dXJl\n',
    'root-key.pem': rootKey,
    'node-sha256.txt': names.map((name, at) => `${String(at).repeat(64)}  ${name}/bin/node\n`).join(''),
    'release.key': 'private',
    'notes.txt': 'not published',
    'status-panel-1.10.0-linux-x64.tar.gz': ARCHIVE,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(releaseDir, name), content);
  symlinkSync('/etc/passwd', join(releaseDir, 'status-panel-1.0.0-linux-x64.tar.gz'));
  mkdirSync(join(releaseDir, 'status-panel-2.0.0-linux-x64.tar.gz'));
  writeFileSync(join(stackDir, 'stack-1.tar.gz'), ARCHIVE);
  writeFileSync(join(folder, 'outside.tar.gz'), 'outside');
}
publish();

const lines: string[] = [];
const log: Log = {
  debug: () => undefined,
  info: (message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`),
  warn: (message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`),
  error: (message, fields) => lines.push(`${message} ${JSON.stringify(fields)}`),
};
const OPTIONS = { releaseDir, stackDir, log, publicUrl: 'https://panel.example.com' };

/** As it is, without a parser: what is sent is what is asked for. */
async function rawGet(
  controlPlane: ControlPlane,
  path: string,
): Promise<{ status: number; body: string; type: string }> {
  const { hostname, port } = new URL(controlPlane.url);
  return await new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, headers: { host: 'evil.example' } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks).toString('latin1');
        resolve({ status: answer.statusCode ?? 0, body, type: answer.headers['content-type'] ?? '' });
      });
    });
    asked.on('error', reject).end();
  });
}

onBothDatabases('the installer', OPTIONS, (world) => {
  const get = (path: string): ReturnType<typeof rawGet> => rawGet(world().controlPlane, path);
  const install = (token: string): ReturnType<typeof rawGet> => get(`/api/v1/marketplace/install/${token}`);

  test('is a shell script for this purchase, from this server, for the newest version', async () => {
    const { purchase_token } = await world().mint();
    const script = await install(purchase_token);
    expect(script.status).toBe(200);
    expect(script.type).toBe('text/x-shellscript; charset=utf-8');
    expect(script.body).toContain(
      `\nserver_url='https://panel.example.com'\npurchase_token='${purchase_token}'\nstack_id='stack-1'\n`,
    );
    expect(script.body).toContain(`\nnewest_version='1.10.0'\n`);
    expect(script.body).toContain(`\nnode_sha256_x64='${'2'.repeat(64)}'\nnode_sha256_arm64='${'3'.repeat(64)}'\n`);
    expect(script.body).not.toMatch(/@@|evil\.example/u);
    execFileSync('sh', ['-n'], { input: script.body });
  });

  test('quotes whatever a stack is called', async () => {
    const stack_id = `it's "$(touch /tmp/pwned)" \`id\` \\ ; rm -rf / #`;
    const { purchase_token } = await world().mint({ stack_id });
    const script = (await install(purchase_token)).body;
    const line = /^stack_id=.*$/mu.exec(script)?.[0] ?? '';
    expect(execFileSync('sh', ['-c', `${line}\nprintf %s "$stack_id"`]).toString()).toBe(stack_id);
  });

  test.each([
    ['unknown', `pt_${'x'.repeat(43)}`],
    ['too short', 'pt_short'],
    ['one with a quote', `pt_${"'".repeat(43)}`],
    ['a command', '%24(reboot)'],
    ['one with a line feed', `pt_${'x'.repeat(42)}%0a`],
    ['a climbing path', '..%2f..%2fetc%2fpasswd'],
    ['another kind of token', `ut_${'x'.repeat(43)}`],
  ])('is not there for a token that is %s', async (_, token) => {
    const nothing = await get('/api/v1/marketplace/instal/x');
    for (const way of ['install', 'download']) {
      const answer = await get(`/api/v1/marketplace/${way}/${token}`);
      expect(answer).toEqual(nothing);
      expect(answer.status).toBe(404);
    }
  });

  test('is not there for a revoked or an expired token, and says the same of both', async () => {
    const revoked = await world().mint();
    await world().admin(`purchase-tokens/${revoked.id}/revoke`);
    const expired = await world().mint({ expires_at: '2026-01-01T00:00:00Z' });
    const unknown = await install(`pt_${'x'.repeat(43)}`);
    for (const { purchase_token } of [revoked, expired]) {
      expect(await install(purchase_token)).toEqual(unknown);
      expect(await get(`/api/v1/marketplace/download/${purchase_token}`)).toEqual(unknown);
    }
  });

  test('leaves lines in the log that name the purchase, the stack and the address, and no token', async () => {
    const { purchase_token, id } = await world().mint();
    lines.length = 0;
    await install(purchase_token);
    await get(`/api/v1/marketplace/download/${purchase_token}`);
    await install(`pt_${'y'.repeat(43)}`);
    expect(lines).toEqual([
      `installer handed out {"purchase_token_id":"${id}","stack_id":"stack-1","version":"1.10.0","address":"127.0.0.1"}`,
      `stack archive handed out {"purchase_token_id":"${id}","stack_id":"stack-1","size_bytes":${ARCHIVE.length},"address":"127.0.0.1"}`,
      'purchase token refused {"route":"/api/v1/marketplace/install/:purchase_token","address":"127.0.0.1"}',
    ]);
  });
});

onBothDatabases('the files', OPTIONS, (world) => {
  const get = (path: string): ReturnType<typeof rawGet> => rawGet(world().controlPlane, path);

  test('of a release come byte for byte', async () => {
    const archive = await get('/releases/status-panel-1.10.0-linux-x64.tar.gz');
    expect(archive).toEqual({ status: 200, type: 'application/gzip', body: ARCHIVE.toString('latin1') });
    expect(await get('/releases/release-key.pem')).toMatchObject({ status: 200, body: 'release key' });
  });

  test.each([
    'release.key',
    'notes.txt',
    'node-sha256.txt',
    '..%2foutside.tar.gz',
    '%2e%2e/outside.tar.gz',
    '../outside.tar.gz',
    'status-panel-1.0.0-linux-x64.tar.gz',
    'status-panel-2.0.0-linux-x64.tar.gz',
    'status-panel-9.9.9-linux-x64.tar.gz',
    'SHA256SUMS%00',
    '',
  ])('that are not published or are no plain files are not there: %s', async (name) => {
    expect((await get(`/releases/${name}`)).status).toBe(404);
  });

  test("of a stack are the token's own, byte for byte", async () => {
    const { purchase_token } = await world().mint();
    const archive = await get(`/api/v1/marketplace/download/${purchase_token}`);
    expect(archive).toEqual({ status: 200, type: 'application/gzip', body: ARCHIVE.toString('latin1') });
  });

  test.each(['stack-2', '../outside', '..', 'a/b', '.hidden'])(
    'of a stack that has none are missing: %s',
    async (stack_id) => {
      const { purchase_token } = await world().mint({ stack_id });
      const answer = await send(`${world().controlPlane.url}/api/v1/marketplace/download/${purchase_token}`);
      expect(answer).toMatchObject({ status: 404, body: { code: 'stack_archive_missing' } });
    },
  );
});

onBothDatabases('deploy-complete', OPTIONS, (world) => {
  const say = (body: unknown): ReturnType<ReturnType<typeof world>['post']> =>
    world().post('/api/v1/marketplace/deploy-complete', body);

  test('from the agent counts once', async () => {
    const agent = await world().newAgent();
    const body = { deployment_hash: agent.deploymentHash, stack_id: 'stack-1', server_ip: '203.0.113.7' };
    const first = await agent.post('/api/v1/marketplace/deploy-complete', body);
    expect(first.status).toBe(200);
    expect(first.body).toEqual({
      message: 'Deploy complete processed',
      item: {
        success: true,
        template_id: 'stack-1',
        deployment_hash: agent.deploymentHash,
        deploy_count_incremented: true,
      },
    });
    const second = await agent.post('/api/v1/marketplace/deploy-complete', body);
    expect(second).toMatchObject({ status: 200, body: { item: { deploy_count_incremented: false } } });
  });

  test('from whoever holds the purchase token, also at the same moment', async () => {
    const { purchase_token } = await world().mint();
    const { deploymentHash } = TestAgent.from(world().controlPlane.url, await world().registerWith(purchase_token));
    const body = { deployment_hash: deploymentHash, stack_id: 'stack-1', purchase_token };
    const answers = await Promise.all(Array.from({ length: 5 }, () => say(body)));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200]);
    expect(
      answers.filter((answer) => JSON.stringify(answer.body).includes('"deploy_count_incremented":true')),
    ).toHaveLength(1);
  });

  test('is refused to everybody else', async () => {
    const agent = await world().newAgent();
    const other = await world().newAgent();
    const { purchase_token } = await world().mint();
    const body = { deployment_hash: agent.deploymentHash, stack_id: 'stack-1' };
    expect(await say(body)).toMatchObject({ status: 403, body: { code: 'purchase_token_unknown' } });
    expect(await say({ ...body, purchase_token })).toMatchObject({ status: 403, body: { code: 'wrong_deployment' } });
    expect(await other.post('/api/v1/marketplace/deploy-complete', body)).toMatchObject({
      status: 403,
      body: { code: 'wrong_deployment' },
    });
    const wrongStack = await agent.post('/api/v1/marketplace/deploy-complete', { ...body, stack_id: 'stack-2' });
    expect(wrongStack).toMatchObject({ status: 403, body: { code: 'purchase_token_stack' } });
    const wrongAddress = await agent.post('/api/v1/marketplace/deploy-complete', { ...body, server_ip: 'localhost' });
    expect(wrongAddress).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

async function mint(controlPlane: ControlPlane): Promise<string> {
  const { userId } = await newPerson(controlPlane);
  const minted = await send(`${controlPlane.url}/api/v1/admin/purchase-tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${controlPlane.adminToken}` },
    body: JSON.stringify({ stack_id: 'stack-1', user_id: userId }),
  });
  return String(minted.body['purchase_token']);
}

describe('a control plane', () => {
  test('without a release says so to who has a token, and to nobody else', async () => {
    await using controlPlane = await startOn('pglite');
    const token = await mint(controlPlane);
    expect(await send(`${controlPlane.url}/api/v1/marketplace/install/${token}`)).toMatchObject({
      status: 503,
      body: { code: 'no_release', message: expect.stringContaining('--release-dir') },
    });
    expect((await send(`${controlPlane.url}/api/v1/marketplace/install/pt_wrong`)).status).toBe(404);
    expect((await send(`${controlPlane.url}/releases/SHA256SUMS`)).status).toBe(404);
    expect(await send(`${controlPlane.url}/api/v1/marketplace/download/${token}`)).toMatchObject({
      status: 404,
      body: { code: 'stack_archive_missing' },
    });
  });

  test('stops listening to an address that guesses, and still serves it what it bought', async () => {
    await using controlPlane = await startOn('pglite', OPTIONS);
    const token = await mint(controlPlane);
    const statuses: number[] = [];
    for (let guess = 0; guess < 62; guess += 1) {
      statuses.push(
        (await rawGet(controlPlane, `/api/v1/marketplace/install/pt_${String(guess).padStart(43, '0')}`)).status,
      );
    }
    expect(statuses.slice(0, 60)).toEqual(Array.from({ length: 60 }, () => 404));
    expect(statuses.slice(60)).toEqual([429, 429]);
    expect((await rawGet(controlPlane, `/api/v1/marketplace/install/${token}`)).status).toBe(200);
    const registration = await send(`${controlPlane.url}/api/v1/marketplace/agents/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ purchase_token: 'pt_wrong', stack_id: 's', server_fingerprint: {} }),
    });
    expect(registration).toMatchObject({ status: 429, body: { code: 'too_many_attempts' } });
  });
});
