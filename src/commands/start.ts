// start: brings one stopped container up (REQUIREMENTS A7).
import { stateChange } from './change-state.ts';

export const start = stateChange({
  type: 'start',
  summary: 'Starts one container; one that runs already is left alone.',
  effect: 'Starts one container of this deployment.',
  wanted: ['running', 'restarting'],
  hasGrace: false,
  act: (docker, id, _, signal) => docker.start(id, signal),
  deadlineMs: { normal: 60_000, max: 600_000 },
});
