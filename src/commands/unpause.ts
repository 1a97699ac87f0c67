// unpause: lets a paused container go on (REQUIREMENTS A7).
import { stateChange } from './change-state.ts';

export const unpause = stateChange({
  type: 'unpause',
  summary: 'Lets the processes of a paused container go on.',
  effect: 'Lets the processes of one paused container of this deployment go on.',
  wanted: ['running'],
  hasGrace: false,
  act: (docker, id, _, signal) => docker.unpause(id, signal),
  deadlineMs: { normal: 60_000, max: 600_000 },
});
