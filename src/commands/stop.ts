// stop: brings one container down (REQUIREMENTS A7).
import { stateChange } from './change-state.ts';

export const stop = stateChange({
  type: 'stop',
  summary: 'Stops one container with SIGTERM, and after its grace or `timeout` seconds with SIGKILL.',
  effect: 'Stops one container of this deployment.',
  wanted: ['exited', 'created', 'dead'],
  hasGrace: true,
  act: (docker, id, graceSeconds, signal) => docker.stop(id, graceSeconds, signal),
  deadlineMs: { normal: 120_000, max: 3_900_000 },
});
