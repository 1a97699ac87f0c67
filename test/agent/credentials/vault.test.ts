// The agent token out of Vault: both KV versions, and a sentence that helps for each way it can go wrong.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nock from 'nock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readAgentToken, type VaultSettings } from '../../../src/agent/credentials/vault.ts';
import { HttpClient } from '../../../src/agent/upstream/http-client.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { NEVER } from '../../platform/fake-clock.ts';

const VAULT = 'http://vault.example:8200';
const TOKEN = 'agent-token-0123456789abcdef';
let home = '';
let tokenFile = '';

beforeEach(() => {
  nock.disableNetConnect();
  home = mkdtempSync(join(tmpdir(), 'vault-'));
  tokenFile = join(home, 'vault-token');
  writeFileSync(tokenFile, '  hvs.hunter2\n');
});
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
  rmSync(home, { recursive: true, force: true });
});

async function read(more: Partial<VaultSettings> = {}, hash = 'dep-abc_123'): Promise<string> {
  await using client = new HttpClient({ origin: VAULT, clock: systemClock, connections: 1, answerMaxBytes: 100_000 });
  return await readAgentToken(
    client,
    { apiPrefix: 'v1', pathPrefix: 'agent', namespace: undefined, tokenFile, ...more },
    hash,
    NEVER,
  );
}

/** The server wraps its value once more, so both versions end in data.data.token. */
const KV1 = { request_id: 'x', data: { data: { token: TOKEN, deployment_hash: 'dep-abc_123' } } };
const KV2 = { data: { data: { token: TOKEN, deployment_hash: 'dep-abc_123' }, metadata: { version: 3 } } };

describe('the agent token', () => {
  it.each([
    ['KV version 1', '/v1/agent/dep-abc_123/token', {}, KV1],
    ['KV version 1, a plain secret', '/v1/agent/dep-abc_123/token', {}, { data: { token: TOKEN } }],
    ['KV version 2', '/v1/secret/data/agent/dep-abc_123/token', { pathPrefix: 'secret/data/agent' }, KV2],
    ['no API prefix', '/agent/dep-abc_123/token', { apiPrefix: '' }, KV1],
    ['a prefix with slashes around it', '/v1/agent/dep-abc_123/token', { pathPrefix: '/agent/' }, KV1],
  ])('is read from %s', async (_, path, settings, answer) => {
    const vault = nock(VAULT, { reqheaders: { 'x-vault-token': 'hvs.hunter2', 'x-vault-request': 'true' } })
      .get(path)
      .reply(200, answer);
    expect(await read(settings)).toBe(TOKEN);
    expect(vault.isDone()).toBe(true);
  });

  it('is asked for in the namespace, when there is one, and without the header when not', async () => {
    nock(VAULT, { reqheaders: { 'x-vault-namespace': 'team-a' } })
      .get('/v1/agent/dep-abc_123/token')
      .reply(200, KV1);
    expect(await read({ namespace: 'team-a' })).toBe(TOKEN);
    nock(VAULT, { badheaders: ['x-vault-namespace'] })
      .get('/v1/agent/dep-abc_123/token')
      .reply(200, KV1);
    expect(await read()).toBe(TOKEN);
  });

  it('of a strange hash stays in its segment', async () => {
    nock(VAULT).get('/v1/agent/..%2F..%2Fsys%2Fseal/token').reply(200, KV1);
    expect(await read({}, '../../sys/seal')).toBe(TOKEN);
  });

  it('takes a Vault token that was replaced meanwhile', async () => {
    nock(VAULT, { reqheaders: { 'x-vault-token': 'hvs.new' } })
      .get('/v1/agent/dep-abc_123/token')
      .reply(200, KV1);
    writeFileSync(tokenFile, 'hvs.new');
    expect(await read()).toBe(TOKEN);
  });
});

describe('trouble with Vault', () => {
  it.each([
    [
      403,
      { errors: ['1 error occurred:\n\t* permission denied\n\n'] },
      'vault_refused',
      /may not read .*expired.*permission denied/su,
    ],
    [404, { errors: [] }, 'vault_refused', /nothing at \/v1\/agent\/dep-abc_123\/token.*vault_path_prefix/u],
    [400, { errors: ['missing client token'] }, 'vault_refused', /HTTP 400.*missing client token/u],
    [500, { errors: ['internal error'] }, 'vault_unavailable', /HTTP 500.*internal error/u],
    [503, { errors: ['Vault is sealed'] }, 'vault_unavailable', /sealed or starting.*Vault is sealed/u],
    [429, '', 'vault_unavailable', /HTTP 429/u],
    [502, '<html>', 'vault_unavailable', /HTTP 502/u],
    [301, '', 'vault_refused', /HTTP 301/u],
    [200, 'hunter2 is not JSON', 'vault_refused', /holds no agent token/u],
    [200, { data: { data: { password: 'hunter2' } } }, 'vault_refused', /data\.data\.token/u],
    [200, { data: { data: { token: 'short' } } }, 'vault_refused', /holds no agent token/u],
    [200, { data: null }, 'vault_refused', /holds no agent token/u],
  ])('HTTP %i %j is %s and says what to look at', async (status, body, code, sentence) => {
    nock(VAULT).get('/v1/agent/dep-abc_123/token').reply(status, body);
    const failure = await read().catch((error: unknown) => error);
    expect(failure).toMatchObject({ name: 'Fault', code, message: expect.stringMatching(sentence) });
    expect(String(failure)).not.toContain('hunter2');
  });

  it('that does not answer is vault_unavailable', async () => {
    nock(VAULT).get('/v1/agent/dep-abc_123/token').replyWithError('connect ECONNREFUSED');
    await expect(read()).rejects.toMatchObject({
      code: 'vault_unavailable',
      message: expect.stringContaining('ECONNREFUSED'),
    });
  });

  it.each([
    ['is not there', () => rmSync(tokenFile)],
    ['is empty', () => writeFileSync(tokenFile, '\n')],
  ])('whose token file %s names the file', async (_, spoil) => {
    spoil();
    await expect(read()).rejects.toMatchObject({ code: 'vault_refused', message: expect.stringContaining(tokenFile) });
  });

  it('whose token file is a directory says so', async () => {
    await expect(read({ tokenFile: home })).rejects.toMatchObject({
      code: 'vault_refused',
      message: expect.stringContaining('EISDIR'),
    });
  });
});
