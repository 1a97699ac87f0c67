// What start, stop, pause and unpause are all expected to do, as tests to run for each of them.
import { describe, expect, it } from 'vitest';
import type { DockerState } from '../../src/commands/context.ts';
import { Fault } from '../../src/platform/fault.ts';
import { START_MS } from '../platform/fake-clock.ts';
import { container, FakeDocker, idOf } from './fake-docker.ts';
import { investigateCommand, runCommand } from './run-command.ts';

export interface StateChangeCase {
  readonly type: 'start' | 'stop' | 'pause' | 'unpause';
  readonly from: DockerState;
  readonly to: DockerState;
  readonly call: string;
  /** What the report calls the new state. */
  readonly reported: string;
  /** Nothing to do in these. */
  readonly already: readonly DockerState[];
}

const WEB = { app_code: 'web' };

export function testStateChange({ type, from, to, call, reported, already }: StateChangeCase): void {
  const before = {
    containerId: idOf('web'),
    startedAt: container('web').startedAt,
    notedAtMs: START_MS,
    // Only a stop has a grace, ten seconds unless the container says otherwise.
    mayTakeMs: type === 'stop' ? 15_000 : 5_000,
  };
  const docker = (state: DockerState): FakeDocker => new FakeDocker(container('web', { state }), container('db'));

  describe(`the command ${type}`, () => {
    it(`brings a container from ${from} to ${to}`, async () => {
      const engine = docker(from);
      const { result, codes, evidence } = await runCommand(type, WEB, { docker: engine });
      expect(codes).toEqual([]);
      expect(result).toMatchObject({
        type,
        app_code: 'web',
        status: 'ok',
        container_state: reported,
        docker_state: to,
      });
      expect(engine.calls).toContain(call);
      expect(engine.calls.join()).not.toContain('db');
      expect(evidence).toEqual([before]);
    });

    it.each(already)('leaves a container alone that is %s', async (state) => {
      const engine = docker(state);
      const { result, codes, evidence } = await runCommand(type, WEB, { docker: engine });
      expect(codes).toEqual([]);
      expect(result).toMatchObject({ status: 'ok', docker_state: state });
      expect(engine.calls).toEqual(['list', 'inspect web']);
      expect(evidence).toEqual([]);
    });

    it('says so when the container is in another state afterwards', async () => {
      const engine = docker(from);
      engine.onCall = (made) => {
        const web = engine.containers[0];
        if (made === 'inspect web' && web !== undefined && engine.calls.includes(call)) web.state = from;
      };
      const { result, codes, report } = await runCommand(type, WEB, { docker: engine });
      expect(codes).toEqual(['state_not_reached']);
      expect(result).toMatchObject({ status: 'failed', docker_state: from });
      expect(report.errors?.[0]?.message).toContain(`is ${from} after ${type}`);
    });

    it.each([
      ['container_not_found', { app_code: 'gone' }],
      ['invalid_parameters', {}],
      ['invalid_parameters', { app_code: 'web', container: 'a b' }],
      ['invalid_parameters', { app_code: 'web', timeout: -1 }],
      ['invalid_parameters', { app_code: 'web', timeout: 3_601 }],
    ])('fails with %s for %j', async (code, parameters) => {
      const { codes, result } = await runCommand(type, parameters, { docker: docker(from) });
      expect(codes).toEqual([code]);
      expect(result).toMatchObject({ type, status: 'failed', container_state: 'unknown' });
    });

    it('reports what the engine refused', async () => {
      const engine = docker(from);
      engine.failures.set(type, new Fault('docker_error', 'no'));
      expect((await runCommand(type, WEB, { docker: engine })).codes).toEqual(['docker_error']);
    });

    it('after a crash looks before it acts', async () => {
      expect(await investigateCommand(type, WEB, before, { docker: docker(to) })).toMatchObject({
        codes: [],
        result: { status: 'ok' },
      });
      const engine = docker(from);
      expect(await investigateCommand(type, WEB, before, { docker: engine })).toBe('run-again');
      expect(await investigateCommand(type, WEB, before, { docker: engine }, false)).toMatchObject({
        codes: ['interrupted'],
      });
      expect(engine.calls).not.toContain(call);
    });
  });
}
