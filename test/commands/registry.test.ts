// The closed set: what it holds, what its examples promise, and what the agent may advertise.
import { describe, expect, it } from 'vitest';
import { capabilitiesOf, COMMANDS, registryOf } from '../../src/commands/registry.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { assertValidReport } from '../protocol/strict-report.ts';

describe.each(COMMANDS.map((command) => [command.type, command] as const))('%s', (type, command) => {
  it('has examples that it would take and make', () => {
    expect(command.parameters.safeParse(command.example.parameters).error).toBeUndefined();
    expect(command.result.safeParse(command.example.result).error).toBeUndefined();
  });

  it('has a result for every failure that its own schema and the server take', () => {
    for (const parameters of [
      {},
      null,
      [],
      'x',
      { app_code: '' },
      { app_code: ' ' },
      { app_code: 7 },
      { app_code: 'web' },
    ]) {
      const result = command.failed(parameters, 'dep-abc_123');
      expect(command.result.safeParse(result).error).toBeUndefined();
      const errors = [{ code: 'timeout', message: 'too slow' }];
      const report = {
        command_id: 'c',
        deployment_hash: 'dep-abc_123',
        status: 'failed',
        result,
        errors,
        completed_at: '2026-01-09T00:00:00Z',
      };
      assertValidReport(JSON.stringify(report), type);
    }
  });

  it('has deadlines that make sense, and fits the columns of the server', () => {
    expect(command.deadlineMs.normal).toBeGreaterThan(0);
    expect(command.deadlineMs.max).toBeGreaterThanOrEqual(command.deadlineMs.normal);
    expect(type.length).toBeLessThanOrEqual(LIMITS.commandTypeMaxChars);
    expect(type).toMatch(/^[a-z][a-z_]*$/u);
  });

  it('says in sentences what it does', () => {
    expect(command.summary).toMatch(/^[A-Z].+\.$/u);
    expect(command.effect).toMatch(/^[A-Z].+\.$/u);
  });
});

describe('capabilities', () => {
  it('are promised only when every command they stand for is there', () => {
    expect(capabilitiesOf(registryOf(COMMANDS), false)).toEqual(['docker', 'logs']);
    expect(capabilitiesOf(registryOf(COMMANDS.filter((command) => command.type !== 'pause')), false)).toEqual(['logs']);
    expect(capabilitiesOf(registryOf([]), true)).toEqual([]);
    expect(capabilitiesOf(registryOf(COMMANDS), true)).toEqual(['docker', 'logs', 'agent_update']);
  });

  it('are the ones the commands name', () => {
    const named = new Set(COMMANDS.map((command) => command.capability).filter((one) => one !== undefined));
    expect([...named].toSorted()).toEqual(['agent_update', 'docker', 'logs']);
  });
});
