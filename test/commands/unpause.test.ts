// unpause: lets a paused container go on.
import { testStateChange } from './state-change.ts';

testStateChange({
  type: 'unpause',
  from: 'paused',
  to: 'running',
  call: 'unpause web',
  reported: 'running',
  already: ['running'],
});
