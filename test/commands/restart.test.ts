// restart: says truthfully whether the container runs afterwards, and what is true after a crash in the middle.
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/platform/fault.ts';
import { START_MS } from '../platform/fake-clock.ts';
import { container, FakeDocker, idOf } from './fake-docker.ts';
import { investigateCommand, runCommand } from './run-command.ts';

const RESTART = { app_code: 'web' };
const before = {
  containerId: idOf('web'),
  startedAt: container('web').startedAt,
  notedAtMs: START_MS,
  mayTakeMs: 15_000,
};

describe('restart', () => {
  it("stops with the container's own grace, starts, and waits until it keeps running", async () => {
    const docker = new FakeDocker(container('web', { stopGraceSeconds: 25 }));
    const { result, codes, evidence } = await runCommand('restart', RESTART, { docker });
    expect(codes).toEqual([]);
    expect(result).toMatchObject({ type: 'restart', status: 'ok', container_state: 'running', errors: [] });
    expect(docker.calls).toContain('restart web 25');
    expect(docker.calls.filter((call) => call === 'inspect web').length).toBeGreaterThan(3);
    expect(evidence).toEqual([{ ...before, mayTakeMs: 30_000 }]);
  });

  it('with force kills at once', async () => {
    const docker = new FakeDocker(container('web'));
    await runCommand('restart', { app_code: 'web', force: true }, { docker });
    expect(docker.calls).toContain('restart web 0');
  });

  it('notes what was true before it does anything', async () => {
    const docker = new FakeDocker(container('web'));
    const order: string[] = [];
    docker.onCall = (call) => order.push(call);
    const { evidence } = await runCommand('restart', RESTART, { docker });
    expect(order.indexOf('inspect web')).toBeLessThan(order.indexOf('restart web 10'));
    expect(evidence).toHaveLength(1);
  });

  it('fails when the container exits again, and says how it ended', async () => {
    const docker = new FakeDocker(container('web', { exitCode: 3 }));
    let restarted = false;
    docker.onCall = (call) => {
      if (call.startsWith('restart')) restarted = true;
      const web = docker.containers[0];
      if (restarted && call.startsWith('inspect') && web !== undefined) web.state = 'exited';
    };
    const { result, codes, report } = await runCommand('restart', RESTART, { docker });
    expect(codes).toEqual(['restart_failed']);
    expect(result).toMatchObject({ status: 'failed', container_state: 'exited' });
    expect(report.errors?.[0]?.message).toContain('exit code 3');
  });

  it('fails when a restart policy starts it over and over', async () => {
    const docker = new FakeDocker(container('web'));
    let looks = 0;
    docker.onCall = (call) => {
      looks += 1;
      const web = docker.containers[0];
      if (call.startsWith('inspect') && web !== undefined)
        web.startedAt = `2026-01-09T00:00:${String(looks).padStart(2, '0')}Z`;
    };
    const { result, codes } = await runCommand('restart', RESTART, { docker });
    expect(codes).toEqual(['restart_failed']);
    expect(result).toMatchObject({ status: 'failed', container_state: 'failed' });
  });

  it('that the engine refuses says so, and in which state the container is', async () => {
    const docker = new FakeDocker(container('web'));
    docker.failures.set('restart', new Fault('docker_error', 'driver failed programming external connectivity'));
    const { codes, result, report } = await runCommand('restart', RESTART, { docker });
    expect(codes).toEqual(['docker_error']);
    expect(result).toMatchObject({ status: 'failed', container_state: 'running' });
    expect(report.errors?.[0]?.message).toContain('its state is running');
  });

  it('whose answer got lost says that the container was started all the same', async () => {
    const docker = new FakeDocker(container('web'));
    docker.failures.set('restart', new Fault('timeout', 'no answer'));
    docker.onCall = (call) => {
      const web = docker.containers[0];
      if (call.startsWith('restart') && web !== undefined) web.startedAt = '2026-01-09T00:00:05Z';
    };
    const { report } = await runCommand('restart', RESTART, { docker });
    expect(report.errors?.[0]?.message).toContain('started again all the same');
  });

  it('with an engine that is gone altogether is the first failure', async () => {
    const docker = new FakeDocker(container('web'));
    docker.failures.set('restart', new Fault('docker_unavailable', 'the connection broke off'));
    docker.onCall = (call) => {
      if (call.startsWith('restart')) docker.failures.set('inspect', new Fault('docker_unavailable', 'no socket'));
    };
    expect((await runCommand('restart', RESTART, { docker })).codes).toEqual(['docker_unavailable']);
  });

  it.each([
    {},
    { app_code: '' },
    { app_code: '  ' },
    { app_code: 'web', force: 'yes' },
    { app_code: 'web', container: '-f' },
  ])('refuses %j', async (parameters) => {
    const docker = new FakeDocker(container('web'));
    const { codes, result } = await runCommand('restart', parameters, { docker });
    expect(codes).toEqual(['invalid_parameters']);
    expect(result).toMatchObject({ status: 'failed', container_state: 'unknown' });
    expect(docker.calls).toEqual([]);
  });

  it('touches nothing but the one container', async () => {
    const docker = new FakeDocker(container('web'), container('db'));
    await runCommand('restart', RESTART, { docker });
    expect(docker.calls.filter((call) => call.includes('db'))).toEqual([]);
  });
});

describe('restart, after a crash', () => {
  it('that did not happen may be run again, once', async () => {
    const docker = new FakeDocker(container('web'));
    expect(await investigateCommand('restart', RESTART, before, { docker })).toBe('run-again');
    expect(await investigateCommand('restart', RESTART, before, { docker }, false)).toMatchObject({
      codes: ['interrupted'],
    });
    expect(docker.calls.filter((call) => call.startsWith('restart'))).toEqual([]);
  });

  it('that happened is reported as done', async () => {
    const docker = new FakeDocker(container('web', { startedAt: '2026-01-09T00:00:01Z' }));
    expect(await investigateCommand('restart', RESTART, before, { docker })).toMatchObject({
      codes: [],
      result: { status: 'ok', container_state: 'running' },
    });
  });

  it('that left the container down is reported as interrupted, with its state', async () => {
    const docker = new FakeDocker(container('web', { state: 'exited', exitCode: 143 }));
    expect(await investigateCommand('restart', RESTART, before, { docker })).toMatchObject({
      codes: ['interrupted'],
      result: { container_state: 'exited' },
    });
  });

  it('whose container is gone, or whose engine does not answer, is interrupted', async () => {
    expect(await investigateCommand('restart', RESTART, before, { docker: new FakeDocker() })).toMatchObject({
      codes: ['interrupted'],
    });
  });
});
