// Docker's states in the report's words, for one container and for many.
import { describe, expect, it } from 'vitest';
import { healthOf, reportedState, worstHealth, worstState } from '../../src/commands/container-state.ts';

describe('one container', () => {
  it.each([
    ['running', 'none', 'running', 'ok'],
    ['running', 'healthy', 'running', 'ok'],
    ['running', 'unhealthy', 'running', 'unhealthy'],
    ['running', 'starting', 'starting', 'unknown'],
    ['restarting', 'none', 'starting', 'unhealthy'],
    ['exited', 'none', 'exited', 'unhealthy'],
    ['exited', 'healthy', 'exited', 'unhealthy'],
    ['removing', 'none', 'exited', 'unhealthy'],
    ['dead', 'none', 'failed', 'unhealthy'],
    ['paused', 'none', 'unknown', 'unhealthy'],
    ['created', 'none', 'unknown', 'unhealthy'],
    ['unknown', 'none', 'unknown', 'unknown'],
  ] as const)('%s with HEALTHCHECK %s is %s and %s', (state, healthcheck, reported, health) => {
    expect(reportedState({ state, healthcheck })).toBe(reported);
    expect(healthOf({ state, healthcheck })).toBe(health);
  });
});

describe('many', () => {
  it('are as bad as the worst of them', () => {
    expect(worstState(['running', 'starting', 'running'])).toBe('starting');
    expect(worstState(['running', 'exited', 'failed'])).toBe('failed');
    expect(worstState(['running', 'unknown'])).toBe('unknown');
    expect(worstHealth(['ok', 'unknown', 'unhealthy'])).toBe('unhealthy');
    expect(worstHealth(['ok', 'unknown'])).toBe('unknown');
    expect(worstHealth(['ok'])).toBe('ok');
  });
  it('and none at all is unknown', () => {
    expect(worstState([])).toBe('unknown');
    expect(worstHealth([])).toBe('unknown');
  });
});
