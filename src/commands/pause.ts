// pause: freezes one container where it stands (REQUIREMENTS A7).
import { stateChange } from './change-state.ts';

export const pause = stateChange({
  type: 'pause',
  summary: 'Freezes the processes of one container; unpause lets them go on.',
  effect: 'Freezes the processes of one container of this deployment.',
  wanted: ['paused'],
  hasGrace: false,
  act: (docker, id, _, signal) => docker.pause(id, signal),
  deadlineMs: { normal: 60_000, max: 600_000 },
});
