// Whatever happens in a command becomes an outcome: its deadline, a stop, a foreseen failure, a bug.
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { notInstalled } from '../../../src/agent/update/self-update.ts';
import { execute, prepare } from '../../../src/agent/worker/execute.ts';
import type { CommandContext } from '../../../src/commands/context.ts';
import { type CommandDefinition, CONTINUES, defineCommand } from '../../../src/commands/definition.ts';
import { registryOf } from '../../../src/commands/registry.ts';
import { Fault } from '../../../src/platform/fault.ts';
import { KeyedLocks } from '../../../src/platform/keyed-locks.ts';
import { FakeDocker } from '../../commands/fake-docker.ts';
import { FakeClock, NEVER } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

type Run = CommandDefinition<unknown, unknown>['run'];

function world(run: Run, timeoutSeconds?: number) {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const command = defineCommand<unknown, unknown>({
    type: 'probe',
    summary: 'Probes.',
    effect: 'None.',
    access: 'read',
    capability: undefined,
    deadlineMs: { normal: 10_000, max: 60_000 },
    parameters: z.unknown(),
    result: z.unknown(),
    example: { parameters: {}, result: {} },
    lane: () => 'probe',
    run,
    failed: () => ({ type: 'probe' }),
  });
  const locks = new KeyedLocks();
  const context: CommandContext = {
    deploymentHash: 'dep',
    composeProject: undefined,
    docker: new FakeDocker(),
    clock,
    maskFor: async () => ({ lines: (lines) => lines.map((text) => ({ text, redacted: false })) }),
    cursorKey: 'key of the tests',
    allowUnredactedLogs: false,
    selfUpdate: notInstalled('0.0.0'),
    stopping: NEVER,
    beforeEffect: () => undefined,
    lockContainer: (id, signal) => locks.acquire(id, signal),
  };
  const registry = registryOf([command]);
  const envelope = { command_id: 'cmd_1', deployment_hash: 'dep', type: 'probe', timeout_seconds: timeoutSeconds };
  const ready = prepare(registry, command, envelope);
  if ('refused' in ready) throw new Error('refused');
  return {
    clock,
    log,
    start: async (stopped = NEVER) => {
      const outcome = await execute({ envelope, command, registry, context, log }, ready.prepared, stopped);
      if (outcome === CONTINUES) throw new Error('it would go on without this process');
      return outcome;
    },
  };
}

/** A command that ends only when it is told to, and then as `how` says. */
const endless =
  (how: (signal: AbortSignal) => unknown = (signal) => signal.reason): Run =>
  async (_, __, signal) => {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(how(signal)), { once: true });
    return await promise;
  };

describe('execute', () => {
  it('gives the outcome of the command', async () => {
    const outcome = { result: { type: 'probe', fine: true }, errors: [] };
    expect(await world(async () => outcome).start()).toBe(outcome);
  });

  it.each([
    ['its own', undefined, 10_000],
    ["the sender's", 30, 30_000],
    ["no more than the command's maximum", 86_400, 60_000],
    ['its own, for zero', 0, 10_000],
    ['its own, for less than zero', -5, 10_000],
  ])('ends at the deadline: %s', async (_, timeoutSeconds, deadlineMs) => {
    const { clock, start } = world(endless(), timeoutSeconds);
    const running = start();
    let done = false;
    void running.finally(() => {
      done = true;
    });
    await clock.advance(deadlineMs - 1);
    expect(done).toBe(false);
    await clock.advance(1);
    expect(await running).toEqual({
      result: { type: 'probe' },
      errors: [{ code: 'timeout', message: `probe did not end within ${deadlineMs} ms` }],
    });
    expect(clock.pending).toBe(0);
  });

  it('says interrupted when the agent stops, also if the command then throws something else', async () => {
    for (const how of [undefined, () => new TypeError('socket gone')]) {
      const { start } = world(endless(how));
      const controller = new AbortController();
      const running = start(controller.signal);
      controller.abort(new DOMException('SIGTERM received', 'AbortError'));
      expect((await running).errors[0]?.code).toBe('interrupted');
    }
  });

  it('reports a foreseen failure with its code, details and causes', async () => {
    const { start } = world(async () => {
      throw new Fault('container_ambiguous', 'two of them', {
        details: { candidates: ['a', 'b'] },
        cause: new Error('deep down'),
      });
    });
    expect((await start()).errors).toEqual([
      { code: 'container_ambiguous', message: 'two of them: deep down', details: { candidates: ['a', 'b'] } },
    ]);
  });

  it.each([
    ['a bug', new TypeError('x is undefined')],
    ['a Fault of another table', new Fault('vault_refused', 'no')],
    ['something that is no error', 'oops'],
  ])('contains %s, reports it and tells the journal', async (_, thrown) => {
    const { start, log } = world(async () => {
      throw thrown;
    });
    expect((await start()).errors[0]?.code).toBe('internal_error');
    expect(log.lines[0]).toMatchObject({ level: 'error', fields: { command_id: 'cmd_1' } });
  });
});
