// logs: masked pages with a cursor, for the app that is meant, and a valid report in every failure.
import { describe, expect, it } from 'vitest';
import { Fault } from '../../src/platform/fault.ts';
import { container, FakeDocker, idOf } from './fake-docker.ts';
import { line, linesTo } from './log-lines-of.ts';
import { runCommand } from './run-command.ts';

const web = (lines = linesTo(10), more = {}) => new FakeDocker(container('web', { lines, ...more }));

describe('logs', () => {
  it('gives the newest lines and goes on with the cursor', async () => {
    const docker = web();
    const first = await runCommand('logs', { app_code: 'web', limit: 4 }, { docker });
    expect(first.result).toMatchObject({ type: 'logs', app_code: 'web', truncated: true });
    expect(first.result['lines']).toEqual(
      linesTo(10)
        .slice(6)
        .map(({ ts, stream, message }) => ({ ts, stream, message, redacted: false })),
    );
    docker.containers[0]?.lines.push(line(10), line(11, 'news', 'stderr'));
    const next = await runCommand('logs', { app_code: 'web', cursor: first.result['cursor'] }, { docker });
    expect(next.result).toMatchObject({
      truncated: false,
      lines: [{ message: 'line 10' }, { message: 'news', stream: 'stderr' }],
    });
  });

  it('masks by default and marks what it masked', async () => {
    const docker = web([line(1, 'password=hunter2'), line(2, 'fine', 'stderr'), line(3, 'hunter2 again', 'stderr')]);
    const { result, report } = await runCommand('logs', { app_code: 'web' }, { docker });
    expect(result['lines']).toEqual([
      expect.objectContaining({ message: 'password=***', redacted: true }),
      expect.objectContaining({ message: 'fine', redacted: false, stream: 'stderr' }),
      expect.objectContaining({ message: '*** again', redacted: true }),
    ]);
    expect(JSON.stringify(report)).not.toContain('hunter2');
  });

  it('gives lines as they are only when the owner allows it', async () => {
    const docker = web([line(1, 'password=hunter2')]);
    const refused = await runCommand('logs', { app_code: 'web', redact: false }, { docker });
    expect(refused.codes).toEqual(['not_allowed']);
    expect(refused.report.errors?.[0]?.message).toContain('allow_unredacted_logs');
    const allowed = await runCommand('logs', { app_code: 'web', redact: false }, { docker, allowUnredactedLogs: true });
    expect(allowed.result['lines']).toEqual([
      expect.objectContaining({ message: 'password=hunter2', redacted: false }),
    ]);
  });

  it('sends what no database stores in another form', async () => {
    const { result } = await runCommand('logs', { app_code: 'web' }, { docker: web([line(1, 'a\u0000b\ud800c')]) });
    expect(result['lines']).toEqual([expect.objectContaining({ message: 'a␀b\ufffdc' })]);
  });

  it.each([
    [['stdout'], ['a', 'c']],
    [['stderr'], ['b']],
    [[], ['a', 'b', 'c']],
    [null, ['a', 'b', 'c']],
  ])('takes streams %j', async (streams, texts) => {
    const docker = web([line(1, 'a'), line(2, 'b', 'stderr'), line(3, 'c')]);
    const { result } = await runCommand('logs', { app_code: 'web', streams, cursor: null, container: '' }, { docker });
    expect(result['lines']).toEqual(texts.map((message) => expect.objectContaining({ message })));
  });

  it('begins anew, and says so, when the container was made again', async () => {
    const docker = web();
    const first = await runCommand('logs', { app_code: 'web' }, { docker });
    docker.containers[0] = container('web', { id: idOf('web-2'), lines: [line(50, 'new life')] });
    const next = await runCommand('logs', { app_code: 'web', cursor: first.result['cursor'] }, { docker });
    expect(next.result).toMatchObject({ lines: [{ message: 'new life' }], truncated: true });
  });

  it('of an app_code that is blank are those of the only app', async () => {
    const one = await runCommand(
      'logs',
      { name: 'stacker.logs', params: { app_code: '', limit: 1 } },
      { docker: web() },
    );
    expect(one.result).toMatchObject({ app_code: 'web', lines: [{ message: 'line 9' }] });
    const two = await runCommand(
      'logs',
      { app_code: '' },
      { docker: new FakeDocker(container('web'), container('db')) },
    );
    expect(two.codes).toEqual(['invalid_parameters']);
    expect(two.report.errors?.[0]?.message).toContain('db, web');
    expect(two.result).toMatchObject({ app_code: 'all', lines: [] });
  });

  it('of an empty log are none, with a cursor to go on from', async () => {
    const { result } = await runCommand('logs', { app_code: 'web' }, { docker: web([]) });
    expect(result).toMatchObject({ lines: [], truncated: false, cursor: expect.stringMatching(/./u) });
  });

  it('stay within the size of a report, however long the lines are', async () => {
    const docker = web(Array.from({ length: 40 }, (_, at) => line(at, `${at} ${'"'.repeat(100_000)}`)));
    const { result, codes } = await runCommand('logs', { app_code: 'web', limit: 1_000 }, { docker });
    expect(codes).toEqual([]);
    expect(result['truncated']).toBe(true);
    expect(result['lines']).toHaveProperty('length', 9);
  });

  it.each([
    [{ app_code: 'web', limit: 0 }, 'limit'],
    [{ app_code: 'web', limit: 1_001 }, 'limit'],
    [{ app_code: 'web', limit: 1.5 }, 'limit'],
    [{ app_code: 'web', streams: ['console'] }, 'streams'],
    [{ app_code: 'web', cursor: 'x'.repeat(1_025) }, 'cursor'],
    [{}, 'app_code'],
    [null, 'app_code'],
  ])('refuse %j and name %s', async (parameters, name) => {
    const { codes, report } = await runCommand('logs', parameters, { docker: web() });
    expect(codes).toEqual(['invalid_parameters']);
    expect(report.errors?.[0]?.message).toContain(name);
  });

  it.each([
    ['invalid_cursor', { app_code: 'web', cursor: 'garbage' }, undefined],
    ['container_not_found', { app_code: 'gone' }, undefined],
    [
      'logs_unavailable',
      { app_code: 'web' },
      new Fault('logs_unavailable', 'configured logging driver does not support reading'),
    ],
    ['docker_unavailable', { app_code: 'web' }, new Fault('docker_unavailable', 'hunter2 broke off')],
  ])('that fail with %s have a valid report', async (code, parameters, failure) => {
    const docker = web();
    if (failure !== undefined) docker.failures.set('logs', failure);
    const { codes, result, report } = await runCommand('logs', parameters, { docker });
    expect(codes).toEqual([code]);
    expect(result).toMatchObject({ type: 'logs', lines: [], truncated: false });
    expect(JSON.stringify(report)).not.toContain('hunter2');
  });
});
