// health: one app or all of them, current numbers or the reason why there are none, and a valid report in every failure.
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/platform/fault.ts';
import { composeLabels, container, FakeDocker, USAGE } from './fake-docker.ts';
import { HASH, runCommand } from './run-command.ts';

const shop = (name: string, service: string, more = {}) =>
  container(name, { labels: composeLabels(HASH, service), ...more });

describe('health of one app', () => {
  it('tells state and current use', async () => {
    const docker = new FakeDocker(shop('shop-web-1', 'web', { healthcheck: 'healthy' }));
    const { result, report, codes } = await runCommand('health', { app_code: 'web' }, { docker });
    expect(codes).toEqual([]);
    expect(report.command_status).toBe('completed');
    expect(result).toMatchObject({
      app_code: 'web',
      status: 'ok',
      container_state: 'running',
      metrics: {
        container_name: 'shop-web-1',
        docker_state: 'running',
        healthcheck: 'healthy',
        cpu_pct: USAGE.cpuPct,
        mem_mb: USAGE.memMb,
        mem_usage_mb: USAGE.memMb,
        restart_count: 0,
      },
    });
    expect(result['last_heartbeat_at']).toMatch(/^2026-01-09T/u);
  });

  it('asks for no numbers when none are wanted, or when nothing runs', async () => {
    const docker = new FakeDocker(
      container('web'),
      container('db', { state: 'exited', exitCode: 137, oomKilled: true }),
    );
    await runCommand('health', { app_code: 'web', include_metrics: false }, { docker });
    const { result } = await runCommand('health', { app_code: 'db' }, { docker });
    expect(docker.calls.filter((call) => call.startsWith('usage'))).toEqual([]);
    expect(result).toMatchObject({
      status: 'unhealthy',
      container_state: 'exited',
      metrics: { exit_code: 137, oom_killed: true },
    });
  });

  it('gives the reason in place of numbers that the engine does not give', async () => {
    const docker = new FakeDocker(container('web', { usage: new Fault('timeout', 'no answer to stats') }));
    const { result, codes } = await runCommand('health', { app_code: 'web' }, { docker });
    expect(codes).toEqual([]);
    expect(result).toMatchObject({ status: 'ok', metrics: { metrics_unavailable: 'no answer to stats' } });
  });

  it.each([
    ['container_not_found', { app_code: 'gone' }],
    ['invalid_parameters', { app_code: 7 }],
    ['invalid_parameters', { app_code: 'web', container: '../../etc' }],
    ['invalid_parameters', { app_code: 'x'.repeat(256) }],
    ['invalid_parameters', 'web'],
  ])('that fails is reported %s with a result the server takes: %j', async (code, parameters) => {
    const { codes, report, result } = await runCommand('health', parameters, {
      docker: new FakeDocker(container('web')),
    });
    expect(codes).toEqual([code]);
    expect(report.command_status).toBe('failed');
    expect(result).toMatchObject({ type: 'health', status: 'unknown', container_state: 'unknown' });
  });

  it('names the parameter that is wrong', async () => {
    const { report } = await runCommand(
      'health',
      { app_code: 'web', include_metrics: 'yes' },
      { docker: new FakeDocker() },
    );
    expect(report.errors?.[0]?.message).toContain('include_metrics');
    expect(report.errors?.[0]?.details).toEqual([expect.objectContaining({ path: 'include_metrics' })]);
  });

  it('says which candidates there are when the app is ambiguous', async () => {
    const docker = new FakeDocker(shop('a', 'web'), shop('b', 'web'));
    const { codes, report } = await runCommand('health', { app_code: 'web' }, { docker });
    expect(codes).toEqual(['container_ambiguous']);
    expect(report.errors?.[0]?.details).toEqual({ candidates: ['a', 'b'] });
  });

  it('is reported when the engine is gone', async () => {
    const docker = new FakeDocker(container('web'));
    docker.failures.set('list', new Fault('docker_unavailable', 'no socket'));
    expect((await runCommand('health', { app_code: 'web' }, { docker })).codes).toEqual(['docker_unavailable']);
  });

  it('contains a bug and says so', async () => {
    const docker = new FakeDocker(container('web'));
    docker.failures.set('inspect', new TypeError('x is undefined'));
    expect((await runCommand('health', { app_code: 'web' }, { docker })).codes).toEqual(['internal_error']);
  });
});

describe('health of all', () => {
  it.each([
    [{}],
    [{ app_code: 'all' }],
    [{ app_code: '' }],
    [{ app_code: null }],
    [{ name: 'stacker.health', params: { app_code: '' } }],
  ])('is meant by %j', async (parameters) => {
    const docker = new FakeDocker(shop('shop-web-1', 'web'), shop('shop-db-1', 'db'), container('foreign'));
    const { result } = await runCommand('health', parameters, { docker });
    expect(result).toMatchObject({
      type: 'health',
      app_code: 'all',
      status: 'ok',
      metrics: {
        containers: [
          { app_code: 'db', container_name: 'shop-db-1' },
          { app_code: 'web', cpu_pct: USAGE.cpuPct },
        ],
      },
    });
  });

  it('is as bad as the worst, and one that cannot be read hides no other', async () => {
    const docker = new FakeDocker(shop('a', 'a'), shop('b', 'b'), shop('c', 'c', { state: 'restarting' }));
    docker.failures.set('inspect b', new Fault('timeout', 'stuck'));
    const { result, codes } = await runCommand('health', {}, { docker });
    expect(codes).toEqual([]);
    expect(result).toMatchObject({
      status: 'unhealthy',
      metrics: {
        containers: [{ status: 'ok' }, { status: 'unknown', state_unavailable: 'stuck' }, { status: 'unhealthy' }],
      },
    });
  });

  it('leaves out one that has just been removed, and survives having none', async () => {
    const docker = new FakeDocker(shop('a', 'a'), shop('b', 'b'));
    docker.failures.set('inspect b', new Fault('container_not_found', 'gone'));
    expect((await runCommand('health', {}, { docker })).result).toMatchObject({
      metrics: { containers: [{ app_code: 'a' }] },
    });
    expect((await runCommand('health', {}, { docker: new FakeDocker() })).result).toMatchObject({
      status: 'unknown',
      metrics: { containers: [] },
    });
  });

  it('looks at every one of very many', async () => {
    const docker = new FakeDocker(...Array.from({ length: 200 }, (_, at) => shop(`c${at}`, `app-${at}`)));
    const { result } = await runCommand('health', {}, { docker });
    expect(result['metrics']).toHaveProperty('containers.length', 200);
  });

  it('with an explicit container is of that one', async () => {
    const docker = new FakeDocker(shop('a', 'a'), shop('b', 'b'));
    const { result } = await runCommand('health', { app_code: 'all', container: 'b' }, { docker });
    expect(result).toMatchObject({ metrics: { container_name: 'b' } });
  });
});
