// update_agent: asks the updater, leaves itself to the next process when it is restarted, and reports what the updater wrote down.
import { describe, expect, it } from 'vitest';
import type { SelfUpdate, UpdateOutcome } from '../../src/commands/context.ts';
import { FakeClock } from '../platform/fake-clock.ts';
import { FakeDocker } from './fake-docker.ts';
import { beginCommand, investigateCommand, runCommand } from './run-command.ts';

class FakeUpdater implements SelfUpdate {
  readonly version = '1.0.0';
  obstacle: SelfUpdate['obstacle'];
  outcome: UpdateOutcome | undefined;
  readonly requests: string[] = [];
  withdrawn = 0;

  newRequestId(): string {
    return 'request-1';
  }

  request(requestId: string, version: string | undefined): void {
    this.requests.push(`${requestId} ${version ?? 'newest'}`);
  }

  withdraw(): void {
    this.withdrawn += 1;
  }

  outcomeOf(requestId: string): UpdateOutcome | undefined {
    return requestId === 'request-1' ? this.outcome : undefined;
  }
}

function world() {
  const selfUpdate = new FakeUpdater();
  return { selfUpdate, setup: { docker: new FakeDocker(), clock: new FakeClock(), selfUpdate } };
}

const EVIDENCE = { containerId: 'request-1', startedAt: undefined, notedAtMs: 0, mayTakeMs: 60_000 };

describe('update_agent', () => {
  it('reports what the updater has done', async () => {
    const { selfUpdate, setup } = world();
    selfUpdate.outcome = { outcome: 'updated', from: '1.0.0', to: '1.1.0', reason: '' };
    const { result, codes, evidence } = await runCommand('update_agent', { version: '1.1.0' }, setup);
    expect(selfUpdate.requests).toEqual(['request-1 1.1.0']);
    expect(evidence.map((one) => one.containerId)).toEqual(['request-1']);
    expect(result).toMatchObject({ status: 'ok', outcome: 'updated', version_before: '1.0.0', version_after: '1.1.0' });
    expect(codes).toEqual([]);
  });

  it('says that the version before runs when the new one was taken back', async () => {
    const { selfUpdate, setup } = world();
    selfUpdate.outcome = { outcome: 'rolled-back', from: '1.0.0', to: '1.1.0', reason: 'it does not start' };
    const { result, codes, report } = await runCommand('update_agent', {}, setup);
    expect(selfUpdate.requests).toEqual(['request-1 newest']);
    expect(result).toMatchObject({ status: 'failed', outcome: 'rolled-back', version_after: '1.0.0' });
    expect(codes).toEqual(['update_failed']);
    expect(report.errors?.[0]?.message).toBe('it does not start');
  });

  it('asks for nothing where the owner does not allow it', async () => {
    const { selfUpdate, setup } = world();
    selfUpdate.obstacle = { code: 'not_allowed', message: 'the owner does not allow it' };
    expect((await runCommand('update_agent', {}, setup)).codes).toEqual(['not_allowed']);
    expect(selfUpdate.requests).toEqual([]);
  });

  it.each(['../../etc', '1.2', 'latest', '1.2.3; reboot'])('refuses %j for a version', async (version) => {
    const { selfUpdate, setup } = world();
    expect((await runCommand('update_agent', { version }, setup)).codes).toEqual(['invalid_parameters']);
    expect(selfUpdate.requests).toEqual([]);
  });

  it('leaves itself to the next process when the agent is stopped', async () => {
    const { selfUpdate, setup } = world();
    const stopping = AbortSignal.abort();
    expect(await beginCommand('update_agent', {}, { ...setup, stopping })).toBe('continues-after-restart');
    expect(selfUpdate.withdrawn).toBe(0);
  });

  it('takes the request back when its time is up', async () => {
    const { selfUpdate, setup } = world();
    expect((await runCommand('update_agent', {}, { ...setup, timeoutSeconds: 5 })).codes).toEqual(['timeout']);
    expect(selfUpdate.withdrawn).toBe(1);
  });
});

describe('update_agent after a restart', () => {
  it('finds out how it ended, and asks for nothing again', async () => {
    const { selfUpdate, setup } = world();
    selfUpdate.outcome = { outcome: 'updated', from: '0.9.0', to: '1.0.0', reason: '' };
    const ran = await investigateCommand('update_agent', {}, EVIDENCE, setup);
    expect(ran).toMatchObject({ result: { outcome: 'updated', version_before: '0.9.0' }, codes: [] });
    expect(selfUpdate.requests).toEqual([]);
  });

  it('waits through a second restart, as a version that is taken back sees it', async () => {
    const { setup } = world();
    const ran = await investigateCommand('update_agent', {}, EVIDENCE, { ...setup, stopping: AbortSignal.abort() });
    expect(ran).toBe('continues-after-restart');
  });

  it('says that it does not know, when nobody ever tells', async () => {
    const { selfUpdate, setup } = world();
    const ran = await investigateCommand('update_agent', {}, EVIDENCE, setup);
    expect(ran).toMatchObject({ result: { outcome: 'unknown', status: 'failed' }, codes: ['interrupted'] });
    expect(selfUpdate.requests).toEqual([]);
    expect(selfUpdate.withdrawn).toBe(1);
  });
});
