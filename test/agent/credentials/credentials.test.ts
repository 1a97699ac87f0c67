// Which token is in use: rotated as soon as it is refused, asked for seldom, kept when its source is down.
import { describe, expect, it } from 'vitest';
import { Credentials, type TokenSource } from '../../../src/agent/credentials/credentials.ts';
import { Fault } from '../../../src/platform/fault.ts';
import { FakeClock, FixedRandom, NEVER, settle } from '../../platform/fake-clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';

function world(asked: TokenSource['asked'] = 'on-schedule') {
  const clock = new FakeClock();
  const log = new RecordingLog();
  const vault = { token: 'first', reads: 0, fault: undefined as Fault | undefined, gate: Promise.resolve() };
  const changes: string[] = [];
  const source: TokenSource = {
    name: 'vault',
    asked,
    read: async () => {
      vault.reads += 1;
      await vault.gate;
      if (vault.fault !== undefined) throw vault.fault;
      return vault.token;
    },
  };
  const credentials = new Credentials({
    initial: 'first',
    source,
    onChange: (token) => changes.push(token),
    clock,
    random: new FixedRandom(0.5),
    log,
  });
  return { clock, log, vault, changes, credentials };
}

describe('credentials', () => {
  it('without a source are what registration gave, for ever', async () => {
    const { clock, log } = world();
    const alone = new Credentials({
      initial: 'first',
      source: undefined,
      onChange: () => undefined,
      clock,
      random: new FixedRandom(),
      log,
    });
    await alone.refresh(NEVER);
    await alone.refused('first', NEVER);
    expect(alone.token).toBe('first');
  });

  it('take over a rotated token on schedule, and remember it before it is used', async () => {
    const { vault, credentials, changes, log } = world();
    await credentials.refresh(NEVER);
    expect(changes).toEqual([]);
    vault.token = 'second';
    await credentials.refresh(NEVER);
    expect(credentials.token).toBe('second');
    expect(changes).toEqual(['second']);
    expect(JSON.stringify(log.lines)).not.toContain('second');
  });

  it('are read at once when they are refused', async () => {
    const { vault, credentials } = world();
    vault.token = 'second';
    await credentials.refused('first', NEVER);
    expect(credentials.token).toBe('second');
  });

  it('are read at most once in ten seconds, however many requests are refused', async () => {
    const { clock, vault, credentials } = world();
    const storm = async (): Promise<void> => {
      for (let request = 0; request < 20; request += 1) await credentials.refused('first', NEVER);
    };
    const storms = [storm(), storm(), storm()];
    await clock.advance(0);
    expect(vault.reads).toBe(1);
    await clock.advance(60_000);
    expect(vault.reads).toBeLessThanOrEqual(7);
    expect(vault.reads).toBeGreaterThan(1);
    vault.token = 'second';
    await clock.advance(600_000);
    await Promise.all(storms);
    expect(credentials.token).toBe('second');
  });

  it('wake all who wait as soon as the new token is there', async () => {
    const { clock, vault, credentials } = world();
    await credentials.refused('first', NEVER);
    vault.token = 'second';
    const waiting = Promise.all([credentials.refused('first', NEVER), credentials.refused('first', NEVER)]);
    await clock.advance(11_000);
    await waiting;
    expect(vault.reads).toBe(2);
    await credentials.refused('first', NEVER);
    expect(vault.reads).toBe(2);
  });

  it('are read once for all who ask at the same time', async () => {
    const { vault, credentials } = world();
    const { promise, resolve } = Promise.withResolvers<void>();
    vault.gate = promise;
    const both = Promise.all([
      credentials.refresh(NEVER),
      credentials.refused('first', NEVER),
      credentials.refresh(NEVER),
    ]);
    await settle();
    resolve();
    await both;
    expect(vault.reads).toBe(1);
  });

  it('stay what they are while the source is down, told once', async () => {
    const { vault, credentials, log } = world();
    vault.fault = new Fault('vault_unavailable', 'sealed');
    for (let time = 0; time < 5; time += 1) await credentials.refresh(NEVER);
    expect(credentials.token).toBe('first');
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(1);
    vault.fault = new Fault('vault_refused', 'permission denied');
    await credentials.refresh(NEVER);
    expect(log.lines.filter((line) => line.level === 'warn')).toHaveLength(2);
    vault.fault = undefined;
    vault.token = 'second';
    await credentials.refresh(NEVER);
    expect(log.messages()).toContain('vault answers again');
    expect(credentials.token).toBe('second');
  });

  it('go on waiting for nobody who has been told to stop', async () => {
    const { credentials, vault } = world();
    await credentials.refused('first', NEVER);
    const controller = new AbortController();
    const waiting = credentials.refused('first', controller.signal);
    controller.abort();
    await waiting;
    expect(vault.reads).toBe(1);
  });

  it('from a source that costs a registration are asked for only on refusal', async () => {
    const { credentials, vault } = world('on-refusal');
    await credentials.refresh(NEVER);
    expect(vault.reads).toBe(0);
    vault.token = 'second';
    await credentials.refused('first', NEVER);
    expect(credentials.token).toBe('second');
  });
});
