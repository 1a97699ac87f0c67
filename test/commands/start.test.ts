// start: brings a stopped container up.
import { testStateChange } from './state-change.ts';

testStateChange({
  type: 'start',
  from: 'exited',
  to: 'running',
  call: 'start web',
  reported: 'running',
  already: ['running', 'restarting'],
});
