// The strict validator against the table it was written from: what the production server takes and what it refuses.
import { describe, expect, it } from 'vitest';
import { assertValidReport, reportFaults } from './strict-report.ts';

const HASH = 'dep-abc_123';
const health = {
  type: 'health',
  deployment_hash: HASH,
  app_code: 'web',
  status: 'ok',
  container_state: 'running',
};
const logLine = { ts: '2026-01-09T00:00:00.123456789Z', stream: 'stdout', message: 'up', redacted: false };
const logs = { type: 'logs', deployment_hash: HASH, app_code: 'web', cursor: null, lines: [logLine], truncated: false };
const restart = {
  type: 'restart',
  deployment_hash: HASH,
  app_code: 'web',
  status: 'ok',
  container_state: 'running',
  errors: [],
};

function body(result: unknown, changes: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    command_id: 'cmd_1',
    deployment_hash: HASH,
    status: 'success',
    command_status: 'completed',
    result,
    error: null,
    completed_at: '2026-01-09T00:00:01Z',
    ...changes,
  });
}

const FAILED = {
  status: 'failed',
  command_status: 'failed',
  error: 'timeout: too slow',
  errors: [{ code: 'timeout', message: 'too slow' }],
};
const manyLines = (count: number, chars: number): unknown => ({
  ...logs,
  lines: Array.from({ length: count }, () => ({ ...logLine, message: 'x'.repeat(chars) })),
});

describe('accepted by the server', () => {
  it.each([
    ['health of one app', body(health)],
    [
      'health with every optional field',
      body({ ...health, last_heartbeat_at: '2026-01-09T01:00:00+01:00', metrics: {}, errors: [] }),
    ],
    [
      'health of all, per container in metrics',
      body({ ...health, app_code: 'all', metrics: { containers: [{ app_code: 'db' }] } }),
    ],
    ['health with metrics null', body({ ...health, metrics: null })],
    ['failed health', body({ ...health, status: 'unknown', container_state: 'unknown' }, FAILED)],
    [
      'health error items with details',
      body({ ...health, errors: [{ code: 'a', message: 'b', details: { any: [1] } }] }),
    ],
    ['logs', body(logs)],
    ['logs without lines', body({ type: 'logs', deployment_hash: HASH, app_code: 'web' })],
    ['failed logs', body({ ...logs, lines: [] }, FAILED)],
    ['restart', body(restart)],
    ['failed restart', body({ ...restart, status: 'failed', container_state: 'exited' }, FAILED)],
    ['any result of another type', body({ type: 'list_containers', containers: [] })],
    ['no result of another type', body(null)],
    ['command_status in upper case', body(health, { command_status: 'COMPLETED' })],
    ['no command_status', body(health, { command_status: undefined })],
  ])('%s', (_, report) => {
    assertValidReport(report);
  });

  it('the minimal health report that the description gives byte by byte', () => {
    const minimal =
      '{"command_id":"cmd_1","deployment_hash":"dep-abc_123","status":"ok","command_status":"completed","result":{"type":"health","deployment_hash":"dep-abc_123","app_code":"web","status":"ok","container_state":"running","last_heartbeat_at":"2026-01-09T00:00:00Z","metrics":{"cpu_pct":0.12,"mem_usage_mb":256},"errors":[]},"completed_at":"2026-01-09T00:00:01Z"}';
    assertValidReport(minimal, 'health');
  });
});

describe('refused by the server, lost by it, or shown wrongly', () => {
  it.each<[string, string, string | undefined, RegExp]>([
    ['health without a result', body(null, FAILED), 'health', /payload is required/u],
    ['logs without a result', body(undefined, FAILED), 'logs', /payload is required/u],
    ['restart without a result', body(null, FAILED), 'restart', /payload is required/u],
    ['health of another type', body({ ...health, type: 'all_health' }), 'health', /result\.type/u],
    ['health of another deployment', body({ ...health, deployment_hash: 'other' }), undefined, /deployment_hash/u],
    ['blank app_code', body({ ...health, app_code: ' ' }), undefined, /app_code: is blank/u],
    ['status failed in health', body({ ...health, status: 'failed' }), undefined, /result\.status/u],
    ['upper-case enum', body({ ...health, status: 'OK' }), undefined, /result\.status/u],
    ['a state of Docker', body({ ...health, container_state: 'paused' }), undefined, /container_state/u],
    ['metrics as a list', body({ ...health, metrics: [] }), undefined, /metrics/u],
    ['errors null', body({ ...restart, errors: null }), undefined, /result\.errors/u],
    ['an error without a message', body({ ...restart, errors: [{ code: 'x' }] }), undefined, /message/u],
    ['an unknown key', body({ ...health, uptime: 1 }), undefined, /uptime/u],
    ['status in logs', body({ ...logs, status: 'ok' }), undefined, /status/u],
    ['stream console', body({ ...logs, lines: [{ ...logLine, stream: 'console' }] }), undefined, /lines\.0\.stream/u],
    ['a line without ts', body({ ...logs, lines: [{ ...logLine, ts: 'word' }] }), undefined, /lines\.0\.ts/u],
    ['a timestamp without offset', body(health, { completed_at: '2026-01-09T00:00:01' }), undefined, /completed_at/u],
    ['no completed_at', body(health, { completed_at: undefined }), undefined, /completed_at/u],
    ['another command_status', body(health, { command_status: 'done' }), undefined, /command_status/u],
    ['an unknown top-level key', body(health, { metadata: {} }), undefined, /metadata/u],
    ['a long command_id', body(health, { command_id: 'c'.repeat(65) }), undefined, /command_id/u],
    ['error in a success', body(health, { error: '' }), undefined, /error: must be null/u],
    ['errors in a success', body(health, { errors: FAILED.errors }), undefined, /errors: must be absent/u],
    ['a failure without a reason', body(health, { command_status: 'failed' }), undefined, /neither what nor why/u],
    ['a completed restart that says failed', body({ ...restart, status: 'failed' }), undefined, /shown as a failure/u],
    ['NUL', body({ ...health, metrics: { note: 'a\u0000b' } }), undefined, /NUL/u],
    ['NUL in a key', body({ ...health, metrics: { 'a\u0000': 1 } }), undefined, /NUL/u],
    ['an escaped lone surrogate', body({ ...health, metrics: { note: '\ud800' } }), undefined, /lone surrogate/u],
    ['more than 2 MiB', body(manyLines(1_000, 2_100)), undefined, /bytes/u],
    [
      'too deep',
      body({ ...health, metrics: { deep: JSON.parse('['.repeat(200) + ']'.repeat(200)) } }),
      undefined,
      /nested/u,
    ],
    ['no JSON', '{"command_id":', undefined, /is not JSON/u],
  ])('%s', (_, report, type, fault) => {
    expect(reportFaults(report, type).join('\n')).toMatch(fault);
    expect(() => assertValidReport(report, type)).toThrow(/of the report/u);
  });
});
