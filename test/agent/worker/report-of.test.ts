// The report as it is signed and sent: valid, small enough, without a byte the server cannot store, without secrets in its errors.
import { describe, expect, it } from 'vitest';
import { failure, reportOf } from '../../../src/agent/worker/report-of.ts';
import type { Outcome } from '../../../src/commands/definition.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import type { CommandEnvelope } from '../../../src/protocol/command-envelope.ts';
import { LIMITS } from '../../../src/protocol/limits.ts';
import { report as reportSchema, type Report } from '../../../src/protocol/report.ts';
import { assertValidReport } from '../../protocol/strict-report.ts';

const HASH = 'dep-abc_123';
const registry = registryOf(COMMANDS);
const maker = { registry, agentVersion: '0.1.0', mask: (text: string) => text.replaceAll('hunter2', '***') };
const TIMES = { startedMs: Date.parse('2026-01-09T00:00:00Z'), completedMs: Date.parse('2026-01-09T00:00:01.5Z') };
const envelope = (type: string, parameters: unknown = { app_code: 'web' }): CommandEnvelope => ({
  command_id: 'cmd_1',
  deployment_hash: HASH,
  type,
  parameters,
});

const health = {
  type: 'health',
  deployment_hash: HASH,
  app_code: 'web',
  status: 'ok',
  container_state: 'running',
  metrics: {},
  errors: [],
};
const logsOf = (messages: readonly string[]) => ({
  type: 'logs',
  deployment_hash: HASH,
  app_code: 'web',
  cursor: null,
  truncated: false,
  lines: messages.map((message) => ({ ts: '2026-01-09T00:00:00Z', stream: 'stdout', message, redacted: false })),
});

function made(
  type: string,
  outcome: Outcome,
  times: Parameters<typeof reportOf>[3] = TIMES,
): { body: string; report: Report } {
  const body = reportOf(maker, envelope(type), outcome, times);
  assertValidReport(body, type);
  return { body, report: reportSchema.parse(JSON.parse(body)) };
}

describe('a report', () => {
  it('has no secret where its result quotes the engine', () => {
    const unhealthy = {
      ...health,
      container_state: 'unknown',
      metrics: { containers: [{ app_code: 'web', metrics_unavailable: 'stats of hunter2 timed out' }] },
      errors: [{ code: 'docker_error', message: 'exec hunter2 failed', details: { tried: ['hunter2'] } }],
    };
    const { report, body } = made('health', { result: unhealthy, errors: [] });
    expect(body).not.toContain('hunter2');
    expect(report.result).toMatchObject({
      metrics: { containers: [{ app_code: 'web', metrics_unavailable: 'stats of *** timed out' }] },
      errors: [{ code: 'docker_error', message: 'exec *** failed', details: { tried: ['***'] } }],
    });
  });

  it('of a success has no error', () => {
    expect(made('health', { result: health, errors: [] }).report).toEqual({
      command_id: 'cmd_1',
      deployment_hash: HASH,
      status: 'success',
      command_status: 'completed',
      result: health,
      error: null,
      started_at: '2026-01-09T00:00:00.000Z',
      completed_at: '2026-01-09T00:00:01.500Z',
      executed_by: 'status-panel/0.1.0',
    });
  });

  it('of a failure has its errors as a list and in one sentence, without secrets', () => {
    const errors = [
      { code: 'timeout', message: 'no answer from hunter2' },
      { code: 'docker_error', message: 'b', details: { a: 1 } },
    ];
    const { report, body } = made('health', { result: { ...health, status: 'unknown' }, errors });
    expect(report).toMatchObject({
      status: 'failed',
      command_status: 'failed',
      error: 'timeout: no answer from ***; docker_error: b',
    });
    expect(report.errors).toEqual([{ code: 'timeout', message: 'no answer from ***' }, errors[1]]);
    expect(body).not.toContain('hunter2');
  });

  it('of a command that never ran has no start', () => {
    expect(
      made('health', { result: health, errors: [] }, { ...TIMES, startedMs: undefined }).report,
    ).not.toHaveProperty('started_at');
  });

  it('is cut where errors are too long or too many', () => {
    const errors = Array.from({ length: 500 }, () => ({ code: 'docker_error', message: 'm'.repeat(10_000) }));
    const { report } = made('health', { result: health, errors });
    expect(report.errors).toHaveLength(LIMITS.errorsMaxCount);
    expect(report.errors?.[0]?.message).toHaveLength(LIMITS.messageMaxChars);
    expect(report.error).toHaveLength(LIMITS.messageMaxChars);
  });

  it('holds neither NUL nor lone surrogates, wherever they were', () => {
    const errors = [
      { code: 'docker_error', message: 'x\u0000\ud800', details: { deep: ['\udc00', { deeper: '\u0000' }] } },
    ];
    made('logs', { result: logsOf(['a\u0000b', 'c\ud83d']), errors });
    made('health', { result: { ...health, metrics: { containers: [{ container_name: '\ud800' }] } }, errors: [] });
  });

  it('holds neither in the names of metrics either', () => {
    made('health', { result: { ...health, metrics: { 'a\u0000b': 1 } }, errors: [] });
  });

  it('as large as the server takes is sent, one byte more is replaced by a failure that says so', () => {
    const overhead = Buffer.byteLength(reportOf(maker, envelope('logs'), { result: logsOf(['']), errors: [] }, TIMES));
    const fits = made('logs', { result: logsOf(['x'.repeat(LIMITS.reportMaxBytes - overhead)]), errors: [] });
    expect(Buffer.byteLength(fits.body)).toBe(LIMITS.reportMaxBytes);
    const over = made('logs', { result: logsOf(['x'.repeat(LIMITS.reportMaxBytes - overhead + 1)]), errors: [] });
    expect(over.report).toMatchObject({
      command_status: 'failed',
      result: { lines: [] },
      errors: [{ code: 'report_too_large' }],
    });
    expect(over.body.length).toBeLessThan(2_000);
  });

  it('counts bytes, not characters', () => {
    const { report } = made('logs', { result: logsOf(['🚀'.repeat(600_000)]), errors: [] });
    expect(report.errors?.[0]?.code).toBe('report_too_large');
  });

  it('too large for its errors is small too', () => {
    const errors = [{ code: 'docker_error', message: 'm', details: 'd'.repeat(3_000_000) }];
    expect(made('health', { result: health, errors }).report.errors?.[0]?.code).toBe('report_too_large');
  });
});

describe('a failure without a result', () => {
  it.each(COMMANDS.map((command) => command.type))(
    'of %s has the result the server demands, whatever the parameters are',
    (type) => {
      for (const parameters of [
        undefined,
        null,
        'x',
        [],
        {},
        { app_code: '' },
        { name: 'n', params: { app_code: '' } },
        { app_code: 'web' },
      ]) {
        const outcome = failure(registry, envelope(type, parameters), 'timeout', 'too slow');
        assertValidReport(reportOf(maker, envelope(type, parameters), outcome, TIMES), type);
      }
    },
  );

  it('of an unknown type has none', () => {
    expect(failure(registry, envelope('tar'), 'unsupported_command', 'no')).toEqual({
      result: null,
      errors: [{ code: 'unsupported_command', message: 'no' }],
    });
  });

  it('names the app also from wrapped parameters', () => {
    const wrapped = { name: 'stacker.restart', params: { app_code: 'web' } };
    expect(failure(registry, envelope('restart', wrapped), 'timeout', 'x').result).toMatchObject({ app_code: 'web' });
  });
});
