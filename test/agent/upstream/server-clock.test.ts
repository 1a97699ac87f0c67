// The server's time from its Date header: right although the host's clock is years off or is set meanwhile.
import { describe, expect, it } from 'vitest';
import { ServerClock } from '../../../src/agent/upstream/server-clock.ts';
import { FakeClock, START_MS } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

function world(hostMs = START_MS) {
  const clock = new FakeClock(hostMs);
  const log = new RecordingLog();
  const skews: (number | undefined)[] = [];
  return { clock, log, skews, server: new ServerClock(clock, log, (seconds) => skews.push(seconds)) };
}
const date = (ms: number): string => new Date(ms).toUTCString();

describe('server clock', () => {
  it("is the host's until the server has told, and is not confused by nonsense", () => {
    const { server } = world();
    expect(server.now()).toBe(START_MS);
    server.observe(undefined);
    server.observe('yesterday');
    expect(server.now()).toBe(START_MS);
  });

  it('follows the server of a host that lives in 1970', async () => {
    const { clock, server, log } = world(0);
    server.observe(date(START_MS));
    expect(server.now()).toBe(START_MS);
    await clock.advance(90_000);
    expect(server.now()).toBe(START_MS + 90_000);
    expect(log.lines).toHaveLength(1);
    expect(log.lines[0]).toMatchObject({
      level: 'warn',
      fields: { code: 'clock_skew', skew_seconds: -START_MS / 1000 },
    });
  });

  it("does not move when somebody sets the host's clock", () => {
    const { clock, server } = world();
    server.observe(date(START_MS));
    clock.step(3_600_000);
    expect(server.now()).toBe(START_MS);
    expect(server.skewMs()).toBe(3_600_000);
  });

  it('does not jump about for the second that a Date leaves open', async () => {
    const { clock, server } = world();
    server.observe(date(START_MS));
    await clock.advance(10_900);
    server.observe(date(START_MS + 10_000));
    expect(server.now()).toBe(START_MS + 10_900);
  });

  it('warns once, not with every answer, and tells when it is over', async () => {
    const { clock, server, log, skews } = world(START_MS + 600_000);
    for (let answer = 0; answer < 50; answer += 1) {
      server.observe(date(START_MS + answer * 1_000));
      await clock.advance(1_000);
    }
    expect(log.lines.map((line) => line.level)).toEqual(['warn']);
    clock.step(-600_000);
    server.observe(date(clock.now()));
    expect(log.lines.map((line) => line.level)).toEqual(['warn', 'info']);
    expect(skews).toEqual([600, undefined]);
  });
});
