// pause: freezes a container.
import { testStateChange } from './state-change.ts';

testStateChange({
  type: 'pause',
  from: 'running',
  to: 'paused',
  call: 'pause web',
  reported: 'unknown',
  already: ['paused'],
});
