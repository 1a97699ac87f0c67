// Forward and back: which version is in use, what is remembered, and what is refused.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { check, recover, update } from '../../../src/agent/update/updater.ts';
import { NEVER } from '../../platform/fake-clock.ts';
import { SmallHost, WISH } from './small-release.ts';

function unitOf(host: SmallHost): string {
  return readFileSync(join(host.unitDirectory, 'status-panel.service'), 'utf8');
}

describe('an update', () => {
  it('to a good version switches, replaces the unit, remembers it as good and forgets old ones', async () => {
    using host = new SmallHost();
    host.publish('1.1.0');
    expect(await check(host.options, NEVER)).toEqual({ current: '1.0.0', newest: '1.1.0', failure: undefined });
    const outcome = await update(host.options, WISH, NEVER);
    expect(outcome).toEqual({ outcome: 'updated', from: '1.0.0', to: '1.1.0', reason: '' });
    expect(host.installation.linked('current')).toBe('1.1.0');
    expect(host.installation.linked('last-good')).toBe('1.1.0');
    expect(host.restarts).toEqual(['1.1.0']);
    expect(unitOf(host)).toBe('unit of 1.1.0\n');
    expect(['0.8.0', '0.9.0', '1.0.0', '1.1.0'].filter((one) => host.installation.has(one))).toEqual([
      '1.0.0',
      '1.1.0',
    ]);
    expect(host.ledger.resultOf('request-1')).toMatchObject({ outcome: 'updated', to: '1.1.0' });
    expect(host.ledger.attempt).toBeUndefined();
  });

  it('to a broken version goes back, with its unit, and is not made again unless forced', async () => {
    using host = new SmallHost();
    host.publish('1.1.0');
    host.verdict = { kind: 'broken', reason: 'it does not start' };
    expect((await update(host.options, WISH, NEVER)).outcome).toBe('rolled-back');
    expect(host.installation.linked('current')).toBe('1.0.0');
    expect(host.restarts).toEqual(['1.1.0', '1.0.0']);
    expect(unitOf(host)).toBe('unit of 1.0.0\n');
    await expect(update(host.options, WISH, NEVER)).rejects.toMatchObject({ code: 'update_refused' });
    host.verdict = { kind: 'good' };
    expect((await update(host.options, { ...WISH, retryFailed: true }, NEVER)).outcome).toBe('updated');
    expect(host.ledger.failureOf('1.1.0')).toBeUndefined();
  });

  it('that nobody can confirm is kept, and so is the version that was good', async () => {
    using host = new SmallHost();
    host.publish('1.1.0');
    host.verdict = { kind: 'unconfirmed', reason: 'the control plane answers nobody' };
    expect((await update(host.options, WISH, NEVER)).outcome).toBe('unconfirmed');
    expect(host.installation.linked('current')).toBe('1.1.0');
    expect(host.installation.linked('last-good')).toBe('1.0.0');
    expect(host.installation.has('1.0.0')).toBe(true);
    expect(host.ledger.failureOf('1.1.0')).toBeUndefined();
  });

  it('that is interrupted goes back without blaming the version', async () => {
    using host = new SmallHost();
    host.publish('1.1.0');
    host.verdict = { kind: 'wait' };
    expect((await update(host.options, WISH, NEVER)).outcome).toBe('rolled-back');
    expect(host.installation.linked('current')).toBe('1.0.0');
    expect(host.ledger.failureOf('1.1.0')).toBeUndefined();
  });

  it('leaves a unit alone that its owner has changed', async () => {
    using host = new SmallHost();
    host.publish('1.1.0');
    writeFileSync(join(host.unitDirectory, 'status-panel.service'), 'mine\n');
    await update(host.options, WISH, NEVER);
    expect(unitOf(host)).toBe('mine\n');
  });

  it('goes on with the units that are there when they cannot be replaced', async () => {
    using host = new SmallHost();
    host.publish('1.1.0');
    // In the way of the new file: root is refused by nothing less.
    mkdirSync(join(host.unitDirectory, 'status-panel.service.new'));
    expect((await update(host.options, WISH, NEVER)).outcome).toBe('updated');
    expect(unitOf(host)).toBe('unit of 1.0.0\n');
    expect(host.restarts).toEqual(['1.1.0']);
    expect(host.ledger.attempt).toBeUndefined();
  });

  it.each([
    ['of an archive that was changed', { tamper: true }, 'not_verified'],
    ['of an archive that holds another version', { says: '1.2.0' }, 'not_verified'],
  ])('is refused because %s, and nothing is left of it', async (_, more, code) => {
    using host = new SmallHost();
    host.publish('1.1.0', more);
    await expect(update(host.options, WISH, NEVER)).rejects.toMatchObject({ code });
    expect(host.installation.linked('current')).toBe('1.0.0');
    expect(host.installation.has('1.1.0')).toBe(false);
    expect(existsSync(join(host.installation.updateDirectory, 'download'))).toBe(false);
    expect(host.restarts).toEqual([]);
  });

  it('is refused for an older version unless that is asked for', async () => {
    using host = new SmallHost();
    host.publish('0.9.5');
    await expect(update(host.options, WISH, NEVER)).rejects.toThrow('--allow-downgrade');
    expect((await update(host.options, { ...WISH, allowDowngrade: true }, NEVER)).outcome).toBe('updated');
  });

  it('is refused when it does not run here, before anything is switched', async () => {
    using host = new SmallHost();
    host.publish('1.1.0');
    const tryOut = async (): Promise<void> => {
      throw new Error('no such interpreter');
    };
    await expect(update({ ...host.options, tryOut }, WISH, NEVER)).rejects.toThrow('no such interpreter');
    expect(host.installation.linked('current')).toBe('1.0.0');
    expect(await recover(host.options, NEVER)).toBeUndefined();
  });
});
