// Who is late and who is not, what is said of it, and what the service manager hears: with a clock that moves when the test says so.
import { describe, expect, it } from 'vitest';
import { lateSteps, sentenceOf, type StepState } from '../../../src/agent/liveness/liveness.ts';
import { Progress } from '../../../src/agent/liveness/progress.ts';
import { superviseUntilStopped } from '../../../src/agent/liveness/supervise.ts';
import { Doorbell } from '../../../src/platform/doorbell.ts';
import { systemdOver } from '../../../src/platform/service-manager.ts';
import { FakeClock } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

const WATCHDOG_MS = 30_000;
const FINE = { readyAt: '2026-01-09T00:00:00.412Z', troubles: {} };

/** A clock that can leap: what a process sees that had to wait for its host. */
class LeapingClock extends FakeClock {
  leapMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.leapMs;
  }
}

function world() {
  const clock = new LeapingClock();
  const log = new RecordingLog();
  const progress = new Progress(clock);
  const heard: { readonly atMs: number; readonly text: string }[] = [];
  const beganMs = clock.monotonicMs();
  const manager = systemdOver((text) => heard.push({ atMs: clock.monotonicMs() - beganMs, text }), WATCHDOG_MS);
  const stop = new AbortController();
  const condition = { ...FINE };
  const news = new Doorbell();
  const supervising = superviseUntilStopped({
    manager,
    progress,
    condition: () => condition,
    news,
    mask: (text) => text.replaceAll('hunter2', '***'),
    clock,
    log,
    stopped: stop.signal,
  });
  const told = (text: string): readonly number[] => heard.filter((one) => one.text === text).map(({ atMs }) => atMs);
  const end = async (): Promise<void> => {
    stop.abort();
    await supervising;
  };
  return { clock, log, progress, heard, told, condition, news, end };
}

describe('a step', () => {
  it('is late from the moment it should have said something', () => {
    const step: StepState = { who: 'poll', doing: 'waits', sinceMs: 0, dueMs: 40_000 };
    expect(lateSteps([step], 39_999)).toEqual([]);
    expect(lateSteps([step], 40_000)).toEqual([step]);
  });

  it('that has ended is not late any more', async () => {
    const clock = new FakeClock();
    const progress = new Progress(clock);
    {
      using step = progress.begin('worker', 'runs restart', 1_000);
      step.now('looks what has become of it', 2_000);
      await clock.advance(1_500);
      expect(lateSteps(progress.steps, clock.monotonicMs())).toEqual([]);
      await clock.advance(1_500);
      expect(lateSteps(progress.steps, clock.monotonicMs()).map(({ doing }) => doing)).toEqual([
        'looks what has become of it',
      ]);
    }
    expect(progress.steps).toEqual([]);
  });
});

describe('the sentence for systemctl status', () => {
  const steps: readonly StepState[] = [
    { who: 'poll', doing: 'waits for a command', sinceMs: 0, dueMs: 1 },
    { who: 'worker', doing: 'runs restart (cmd_1)', sinceMs: 0, dueMs: 1 },
  ];

  it('says how it stands with the control plane, and what each loop does', () => {
    expect(sentenceOf(FINE, steps)).toBe(
      'ready since 2026-01-09T00:00Z; poll waits for a command; worker runs restart (cmd_1)',
    );
    expect(sentenceOf({ readyAt: undefined, troubles: {} }, [])).toBe('the control plane has not answered yet');
  });

  it('names troubles with their reason, on one short line', () => {
    const troubles = {
      'control plane': { since: '2026-01-09T10:12:44.120Z', reason: `ECONNREFUSED\n${'x'.repeat(500)}` },
    };
    const sentence = sentenceOf({ ...FINE, troubles }, steps);
    expect(sentence).toMatch(/^control plane cannot be used since 2026-01-09T10:12Z: ECONNREFUSED x+; poll waits/u);
    expect(sentence.length).toBeLessThan(300);
    const many = Array.from({ length: 50 }, () => steps).flat();
    expect(sentenceOf(FINE, many)).toMatch(/; and 92 more$/u);
  });
});

describe('the supervisor', () => {
  it('tells a third of the watchdog’s time apart that all is well, through a day without an answer', async () => {
    const { clock, progress, told, condition, end, log } = world();
    condition.troubles = { 'control plane': { since: '2026-01-09T10:12:44.120Z', reason: 'hunter2' } };
    using step = progress.begin('poll', 'begins', 5_000);
    for (let minute = 0; minute < 24 * 60; minute += 1) {
      step.now('waits for a command', 40_000);
      await clock.advance(36_000);
      step.now('waits before its next try', 29_000);
      await clock.advance(24_000);
    }
    const alive = told('WATCHDOG=1\n');
    expect(alive.length).toBeGreaterThanOrEqual(8_640);
    expect(Math.max(...alive.map((atMs, at) => atMs - (alive[at - 1] ?? 0)))).toBeLessThanOrEqual(WATCHDOG_MS / 3);
    expect(told('WATCHDOG=trigger\n')).toEqual([]);
    expect(log.lines).toEqual([]);
    await end();
  });

  it('has the process started anew within a minute of the last sign of a stuck loop, and says which it was', async () => {
    const { clock, progress, told, log, end } = world();
    using _fine = progress.begin('schedule', 'waits for its next task', 1_000_000);
    await clock.advance(13_000);
    using _step = progress.begin('poll', 'waits for a command', 40_000);
    await clock.advance(120_000);
    const [first = Number.POSITIVE_INFINITY] = told('WATCHDOG=trigger\n');
    expect(first - 13_000).toBeLessThanOrEqual(60_000);
    expect(told('WATCHDOG=1\n').every((atMs) => atMs < 13_000 + 40_000)).toBe(true);
    expect(log.lines).toEqual([
      {
        level: 'error',
        message: 'stuck: the agent has to be started anew',
        fields: { loop: 'poll', doing: 'waits for a command', for_s: expect.any(Number), watched: true },
      },
    ]);
    await end();
  });

  it('does not take a machine that was paused for a stuck loop', async () => {
    const { clock, progress, told, log, end } = world();
    using step = progress.begin('poll', 'waits before its next try', 25_000);
    // Late at the look after 30 s, and a moment later where it should be.
    const waking = clock.sleep(30_400).then(() => step.now('waits for a command', 40_000));
    await clock.advance(35_000);
    await waking;
    expect(told('WATCHDOG=trigger\n')).toEqual([]);
    expect(log.lines).toEqual([]);
    await end();
  });

  it('does not blame a loop for a process that was held up, nor for ever', async () => {
    const { clock, progress, told, end } = world();
    using step = progress.begin('poll', 'waits for a command', 40_000);
    await clock.advance(5_000);
    clock.leapMs = 120_000;
    await clock.advance(6_500);
    expect(told('WATCHDOG=trigger\n')).toEqual([]);
    step.now('waits for a command', 40_000);
    await clock.advance(5_000);
    expect(told('WATCHDOG=trigger\n')).toEqual([]);
    await clock.advance(60_000);
    expect(told('WATCHDOG=trigger\n').length).toBeGreaterThan(0);
    await end();
  });

  it('tells at once what has changed', async () => {
    const { clock, heard, condition, news, end } = world();
    await clock.advance(1_000);
    condition.troubles = { 'control plane': { since: '2026-01-09T10:12:44.120Z', reason: 'gone' } };
    news.ring();
    await clock.advance(0);
    expect(heard.at(-1)?.text).toMatch(/^STATUS=control plane cannot be used/u);
    await end();
  });

  it('tells a sentence once, and without secrets', async () => {
    const { clock, progress, heard, condition, end } = world();
    condition.troubles = { 'control plane': { since: '2026-01-09T10:12:44.120Z', reason: 'no hunter2 here' } };
    using _step = progress.begin('poll', 'waits for a command', 1_000_000);
    await clock.advance(100_000);
    const sentences = heard.filter(({ text }) => text.startsWith('STATUS='));
    expect(sentences.length).toBeLessThanOrEqual(2);
    expect(JSON.stringify(sentences)).not.toContain('hunter2');
    await end();
  });
});
