// What makes a new version good, broken or neither.
import { describe, expect, it } from 'vitest';
import { JUDGE_WITHIN_MS, judge, type Observation } from '../../../src/agent/update/verdict.ts';

const WELL: Observation = {
  runs: true,
  processes: 1,
  polled: true,
  docker: true,
  dockerBefore: true,
  acceptedWithoutIt: 0,
  elapsedMs: 2_000,
  goneMs: 0,
};
const UNACCEPTED: Observation = { ...WELL, polled: false };
const LATE = { elapsedMs: JUDGE_WITHIN_MS };

describe('a new version', () => {
  it.each<[string, Partial<Observation>, string]>([
    ['polled, and its Docker ping was answered', {}, 'good'],
    ['polled where Docker was away before it already', { docker: false, dockerBefore: false }, 'good'],
    ['has not polled yet', { polled: false }, 'wait'],
    ['has not reached Docker yet', { docker: false }, 'wait'],
    ['never reaches Docker, which the one before could', { docker: false, ...LATE }, 'broken'],
    ['does not run when time is up', { runs: false, polled: false, ...LATE }, 'broken'],
    ['is started again and again', { runs: false, polled: false, processes: 4 }, 'broken'],
    ['does not start', { runs: false, polled: false, processes: 0, goneMs: 20_000 }, 'broken'],
    ['has not started yet, while the one before is stopping', { runs: false, polled: false, processes: 0 }, 'wait'],
  ])('that %s', (_, more, kind) => {
    expect(judge({ ...WELL, ...more }).kind).toBe(kind);
  });

  it('is not to blame for a control plane that answers nobody, however long', () => {
    expect(judge({ ...UNACCEPTED, elapsedMs: 10 * JUDGE_WITHIN_MS }).kind).toBe('unconfirmed');
  });

  it('is not to blame for one acceptance of the updater, which may be luck', () => {
    expect(judge({ ...UNACCEPTED, ...LATE, acceptedWithoutIt: 1 }).kind).toBe('unconfirmed');
  });

  it('is broken when the control plane accepts the updater and never it', () => {
    expect(judge({ ...UNACCEPTED, ...LATE, acceptedWithoutIt: 3 }).kind).toBe('broken');
  });

  it('is given the whole time before that is held against it', () => {
    expect(judge({ ...UNACCEPTED, acceptedWithoutIt: 20 }).kind).toBe('wait');
  });
});
