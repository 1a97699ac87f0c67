// The identity survives restarts, is nobody else's to read, and a damaged one is named, not overwritten.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Identity, identityPath, loadIdentity, storeIdentity } from '../../../src/agent/identity/identity.ts';

let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'identity-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const identity: Identity = {
  version: 1,
  server_url: 'https://panel.example.com',
  agent_id: '4f9c1c34-3b5b-4a69-8d5e-2d2f0a8c8f10',
  agent_token: 'hunter2-hunter2-hunter2',
  deployment_hash: 'dep-abc_123',
  dashboard_url: 'https://panel.example.com/d/1',
  registered_with: 'purchase_token',
  registered_at: '2026-01-09T00:00:00.000Z',
};

describe('identity', () => {
  it('is none before registration', () => {
    expect(loadIdentity(home)).toBeUndefined();
    expect(loadIdentity(join(home, 'nowhere'))).toBeUndefined();
  });

  it('is there again after it was stored, for the owner alone', () => {
    storeIdentity(home, identity);
    expect(loadIdentity(home)).toEqual(identity);
    expect(statSync(identityPath(home)).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['half of one', JSON.stringify(identity).slice(0, 100)],
    ['nothing', ''],
    ['another version', JSON.stringify({ ...identity, version: 2 })],
    ['no token', JSON.stringify({ ...identity, agent_token: undefined })],
    ['an agent_id that is none', JSON.stringify({ ...identity, agent_id: '../../etc' })],
  ])('that is %s is refused with its path and what to do, and left as it is', (_, text) => {
    writeFileSync(identityPath(home), text);
    expect(() => loadIdentity(home)).toThrow(
      expect.objectContaining({
        code: 'identity_unreadable',
        message: expect.stringMatching(/identity\.json cannot be used.*register again/su),
      }),
    );
    expect(readFileSync(identityPath(home), 'utf8')).toBe(text);
  });

  it('that is damaged is not quoted', () => {
    writeFileSync(identityPath(home), `{"agent_token":"hunter2-hunter2" oops`);
    expect(() => loadIdentity(home)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2-hunter2') }),
    );
  });
});
