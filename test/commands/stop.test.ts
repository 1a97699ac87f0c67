// stop: brings a container down, with its own grace or the one that was asked for.
import { expect, it } from 'vitest';
import { container, FakeDocker } from './fake-docker.ts';
import { runCommand } from './run-command.ts';
import { testStateChange } from './state-change.ts';

testStateChange({
  type: 'stop',
  from: 'running',
  to: 'exited',
  call: 'stop web 10',
  reported: 'exited',
  already: ['exited', 'created', 'dead'],
});

it.each([
  [{ app_code: 'web', timeout: 30 }, 'stop web 30'],
  [{ app_code: 'web', timeout: 0 }, 'stop web 0'],
  [{ app_code: 'web', timeout: null }, 'stop web 45'],
])('stop with %j is the call %j', async (parameters, call) => {
  const docker = new FakeDocker(container('web', { stopGraceSeconds: 45 }));
  await runCommand('stop', parameters, { docker });
  expect(docker.calls).toContain(call);
});
