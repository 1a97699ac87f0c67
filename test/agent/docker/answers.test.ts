// The engine's answers as the commands' values, also from engines that leave things out.
import { describe, expect, it } from 'vitest';
import {
  containerInspect,
  containerList,
  containerStats,
  detailsOf,
  sampleOf,
  summaryOf,
} from '../../../src/agent/docker/answers.ts';

const ID = 'a'.repeat(64);

describe('a container in the list', () => {
  it.each([
    ['an ordinary one', { Names: ['/web'], State: 'running' }, { name: 'web', state: 'running' }],
    ['one with links', { Names: ['/db/alias', '/web'], State: 'exited' }, { name: 'web', state: 'exited' }],
    ['one without a name', { Names: null, State: 'created' }, { name: 'a'.repeat(12), state: 'created' }],
    ['a state in capitals', { Names: ['/web'], State: 'Running' }, { state: 'running' }],
    ['a state nobody knows', { Names: ['/web'], State: 'stopping' }, { state: 'unknown' }],
    ['no labels', { Names: ['/web'], State: 'dead', Labels: null }, { labels: {}, state: 'dead' }],
  ])('%s', (_, more, expected) => {
    const [one] = containerList.parse([{ Id: ID, Image: 'x', ...more }]).map(summaryOf);
    expect(one).toMatchObject(expected);
  });
});

const inspect = (state = {}, config = {}, more = {}) =>
  detailsOf(
    containerInspect.parse({ Id: ID, Name: '/web', State: { Status: 'running', ...state }, Config: config, ...more }),
  );

describe('the details of a container', () => {
  it('have what the engine says', () => {
    const details = inspect(
      {
        ExitCode: 3,
        OOMKilled: true,
        StartedAt: '2026-01-09T00:00:00.1Z',
        FinishedAt: '0001-01-01T00:00:00Z',
        Health: { Status: 'healthy' },
      },
      { Tty: true, StopTimeout: 30 },
      { RestartCount: 4, HostConfig: { LogConfig: { Type: 'local' } } },
    );
    expect(details).toEqual({
      id: ID,
      name: 'web',
      state: 'running',
      startedAt: '2026-01-09T00:00:00.1Z',
      finishedAt: undefined,
      exitCode: 3,
      oomKilled: true,
      healthcheck: 'healthy',
      restartCount: 4,
      tty: true,
      logDriver: 'local',
      stopGraceSeconds: 30,
    });
  });

  it('have sensible values for what the engine leaves out', () => {
    expect(inspect()).toMatchObject({
      exitCode: 0,
      startedAt: undefined,
      healthcheck: 'none',
      tty: false,
      stopGraceSeconds: 10,
      restartCount: 0,
    });
    expect(inspect({ Health: { Status: 'none' } }).healthcheck).toBe('none');
  });

  it.each([
    [null, 10],
    [0, 0],
    [-1, 0],
    [90, 90],
  ])('have for a StopTimeout of %j a grace of %i s', (timeout, grace) => {
    expect(inspect({}, { StopTimeout: timeout }).stopGraceSeconds).toBe(grace);
  });
});

describe('a sample', () => {
  const stats = (more: object) =>
    sampleOf(
      containerStats.parse({ read: '2026-01-09T00:00:00Z', cpu_stats: { cpu_usage: { total_usage: 5 } }, ...more }),
    );

  it('reads both kinds of cgroups and adds up the networks', () => {
    const networks = { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } };
    const memory_stats = { usage: 100, limit: 1_000, stats: { inactive_file: 30 } };
    expect(stats({ networks, memory_stats })).toEqual({
      readAtMs: Date.parse('2026-01-09T00:00:00Z'),
      cpuTotalNs: 5,
      memUsageBytes: 100,
      memInactiveFileBytes: 30,
      memLimitBytes: 1_000,
      rxBytes: 11,
      txBytes: 22,
    });
    expect(stats({ memory_stats: { ...memory_stats, stats: { total_inactive_file: 40 } } }).memInactiveFileBytes).toBe(
      40,
    );
  });

  it('of a container without networks and of a stopped one is zero, not an error', () => {
    expect(stats({ memory_stats: {} })).toMatchObject({ memUsageBytes: 0, rxBytes: 0 });
  });
});
