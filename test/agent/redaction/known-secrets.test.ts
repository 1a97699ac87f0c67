// The mask of one container: its environment, its mounted secrets, the agent's own credentials; made anew when they change.

import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KnownSecrets, type SecretSources } from '../../../src/agent/redaction/known-secrets.ts';
import { OwnSecrets } from '../../../src/agent/redaction/own-secrets.ts';
import { NEVER } from '../../platform/fake-clock.ts';

const NOTHING: SecretSources = { startedAt: 't0', environment: {}, mounts: [], publicValues: [] };
const MARK = '***REDACTED:env_value***';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'known-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

function secretsOf(sources: () => SecretSources, own = new OwnSecrets()): (line: string) => Promise<string> {
  const secrets = new KnownSecrets({ sourcesOf: async () => sources(), ownSecrets: own });
  return async (line) => (await secrets.maskFor('c1', NEVER)).lines([line])[0]?.text ?? '';
}

describe('the mask of a container', () => {
  it('knows its variables, and again when the container was started anew', async () => {
    let sources = { ...NOTHING, environment: { APP_SECRET: 'zq81kd92mm' } };
    const masked = secretsOf(() => sources);
    expect(await masked('a zq81kd92mm b')).toBe(`a ${MARK} b`);
    sources = { ...NOTHING, startedAt: 't1', environment: { APP_SECRET: 'other77values' } };
    expect(await masked('a zq81kd92mm other77values')).toBe(`a zq81kd92mm ${MARK}`);
  });

  it('does not take the name of its image or service for a secret', async () => {
    const masked = secretsOf(() => ({
      ...NOTHING,
      environment: { APP_SECRET: 'ledgerdb' },
      publicValues: ['ledgerdb'],
    }));
    expect(await masked('ledgerdb is up')).toBe('ledgerdb is up');
  });

  it('knows mounted secrets: a file, a directory, what a _FILE variable names, a file of variables', async () => {
    mkdirSync(join(home, 'all'));
    writeFileSync(join(home, 'db'), 'dbfile-7Kd2Zx9L\n');
    writeFileSync(join(home, 'all', 'api'), 'apifile-4Rw8Tb5V');
    writeFileSync(join(home, 'smtp'), 'smtpfile-3Hn6Pj1G');
    writeFileSync(join(home, 'env'), 'LANG=C.UTF-8\nAPI_TOKEN="envfile-9Lm4Rw8T"\n');
    symlinkSync(join(home, 'db'), join(home, 'link'));
    const masked = secretsOf(() => ({
      ...NOTHING,
      environment: { SMTP_PASSWORD_FILE: '/etc/app/smtp' },
      mounts: [
        { source: join(home, 'link'), destination: '/run/secrets/db' },
        { source: join(home, 'all'), destination: '/run/secrets' },
        { source: join(home, 'smtp'), destination: '/etc/app/smtp' },
        { source: join(home, 'env'), destination: '/run/secrets/env' },
        { source: join(home, 'gone'), destination: '/run/secrets/gone' },
      ],
    }));
    expect(await masked('dbfile-7Kd2Zx9L apifile-4Rw8Tb5V smtpfile-3Hn6Pj1G envfile-9Lm4Rw8T C.UTF-8')).toBe(
      `${MARK} ${MARK} ${MARK} ${MARK} C.UTF-8`,
    );
  });

  it('reads no other mounts, and takes a certificate for public', async () => {
    const body = 'q7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf0sYaq7Kd2Zx9Lm4Rw8Tb5Vc3Hn6Pj1Gf';
    writeFileSync(join(home, 'data'), 'some-other-9Lm4Rw8T');
    writeFileSync(join(home, 'ca'), `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`);
    const masked = secretsOf(() => ({
      ...NOTHING,
      mounts: [
        { source: join(home, 'data'), destination: '/data' },
        { source: join(home, 'ca'), destination: '/run/secrets/ca' },
      ],
    }));
    expect(await masked(`some-other-9Lm4Rw8T chain ${body}`)).toBe(`some-other-9Lm4Rw8T chain ${body}`);
  });

  it('knows what the agent holds, also a token that was rotated away', async () => {
    const own = new OwnSecrets();
    own.remember('first-agent-token');
    const masked = secretsOf(() => NOTHING, own);
    expect(await masked('got first-agent-token')).toBe(`got ${MARK}`);
    own.remember('second-agent-token');
    expect(await masked('got first-agent-token, second-agent-token')).toBe(`got ${MARK}, ${MARK}`);
  });
});

describe('texts of reports', () => {
  it('go out without the secrets of a container that a command has looked at, and ask nobody for them before', () => {
    const asked = async (): Promise<SecretSources> => Promise.reject(new Error('an inspect too many'));
    const secrets = new KnownSecrets({ sourcesOf: asked, ownSecrets: new OwnSecrets() });
    let made = 0;
    const sourcesWith = (value: string) => (): SecretSources => {
      made += 1;
      return { ...NOTHING, environment: { APP_SECRET: value, LANG: 'C.UTF-8' } };
    };
    secrets.learn('c1', 't0', sourcesWith('zq81kd92mm'));
    secrets.learn('c2', 't0', sourcesWith('wm47px03rr'));
    expect(made).toBe(0);
    expect(secrets.maskText('zq81kd92mm, wm47px03rr and C.UTF-8')).toBe(`${MARK}, ${MARK} and C.UTF-8`);
    secrets.learn('c1', 't0', sourcesWith('zq81kd92mm'));
    expect(secrets.maskText('zq81kd92mm')).toBe(MARK);
    expect(made).toBe(2);
    secrets.learn('c1', 't1', sourcesWith('started7anew'));
    expect(secrets.maskText('started7anew')).toBe(MARK);
    expect(made).toBe(3);
  });

  it('go out without the secrets of the 256 containers looked at last', () => {
    const secrets = new KnownSecrets({
      sourcesOf: async () => Promise.reject(new Error('not asked')),
      ownSecrets: new OwnSecrets(),
    });
    const valueOf = (index: number): string => `q7kd2zx9lm-${index}-w`;
    for (let index = 0; index <= 256; index += 1)
      secrets.learn(`c${index}`, 't0', () => ({ ...NOTHING, environment: { APP_SECRET: valueOf(index) } }));
    expect(secrets.maskText(`${valueOf(0)} ${valueOf(1)} ${valueOf(256)}`)).toBe(`${valueOf(0)} ${MARK} ${MARK}`);
  });

  it('go out without the secrets of the containers that commands were about', async () => {
    const secrets = new KnownSecrets({
      sourcesOf: async () => ({ ...NOTHING, environment: { APP_SECRET: 'zq81kd92mm' } }),
      ownSecrets: new OwnSecrets(),
    });
    expect(secrets.maskText('exec zq81kd92mm failed')).toBe('exec zq81kd92mm failed');
    await secrets.maskFor('c1', NEVER);
    expect(secrets.maskText('exec zq81kd92mm failed')).toBe(`exec ${MARK} failed`);
  });
});
