// The Docker edge on a real engine: what containers say and do arrives as it is.
import { afterEach, describe, expect, inject, test } from 'vitest';
import { createContainer, removeContainer, runContainer, type ContainerSpec } from '../../scripts/parts/containers.ts';
import { dockerAt, linesOf, logOfFinished, never, until } from './support.ts';

const engine = { socketPath: inject('engineSocket') };
const image = inject('engineImage');
const docker = dockerAt(engine.socketPath);
const made: string[] = [];

async function run(spec: Omit<ContainerSpec, 'image'>): Promise<string> {
  const id = await runContainer(engine, { image, ...spec });
  made.push(id);
  return id;
}

afterEach(async () => {
  for (const id of made.splice(0)) await removeContainer(engine, id);
});

describe('state', () => {
  test('a running container is listed and described', async () => {
    const id = await run({
      name: 'edge-state',
      labels: { 'com.docker.compose.service': 'web' },
      command: ['sleep', '60'],
    });
    const listed = (await docker.list(never)).find((one) => one.id === id);
    expect(listed).toMatchObject({
      name: 'edge-state',
      state: 'running',
      labels: { 'com.docker.compose.service': 'web' },
    });
    const details = await docker.inspect(id, never);
    expect(details).toMatchObject({
      name: 'edge-state',
      state: 'running',
      healthcheck: 'none',
      tty: false,
      restartCount: 0,
    });
    expect(details.startedAt).toMatch(/^20\d\d-/u);
    expect(details.finishedAt).toBeUndefined();
  });

  test('an exited container tells its exit code, one that never ran has no start', async () => {
    const exited = await run({ command: ['sh', '-c', 'exit 3'] });
    await until(async () => (await docker.inspect(exited, never)).state === 'exited');
    expect(await docker.inspect(exited, never)).toMatchObject({ exitCode: 3, state: 'exited' });
    const created = await createContainer(engine, { image, command: ['true'] });
    made.push(created);
    expect(await docker.inspect(created, never)).toMatchObject({ state: 'created', startedAt: undefined });
  });

  test('a missing container is container_not_found', async () => {
    await expect(docker.inspect('no-such-container', never)).rejects.toMatchObject({ code: 'container_not_found' });
  });

  test('resource use is current, not the average since the start', async () => {
    // Busy for three seconds, then idle: an average since the start would still show the busy time.
    const id = await run({
      command: ['sh', '-c', 'end=$(( $(date +%s) + 3 )); while [ $(date +%s) -lt $end ]; do :; done; sleep 60'],
    });
    const busy = await docker.usage(id, never);
    expect(busy.cpuPct).toBeGreaterThan(20);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const settling = await docker.usage(id, never);
    expect(settling.memMb).toBeGreaterThan(0);
    const idle = await docker.usage(id, never);
    expect(idle.cpuPct).toBeLessThan(10);
  });
});

describe('logs', () => {
  test('both streams in order with their timestamps', async () => {
    const id = await run({ command: ['sh', '-c', 'echo one; sleep 0.2; echo two >&2; sleep 0.2; echo three'] });
    const lines = await logOfFinished(docker, id);
    expect(lines.map((line) => [line.stream, line.message])).toEqual([
      ['stdout', 'one'],
      ['stderr', 'two'],
      ['stdout', 'three'],
    ]);
    for (const line of lines) expect(line.ts).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/u);
  });

  test('a TTY container has one stream, reported as stdout, without carriage returns', async () => {
    const id = await run({ tty: true, command: ['sh', '-c', 'echo out; echo err >&2; echo last'] });
    const lines = await logOfFinished(docker, id);
    expect(lines.map((line) => [line.stream, line.message])).toEqual([
      ['stdout', 'out'],
      ['stdout', 'err'],
      ['stdout', 'last'],
    ]);
  });

  test.each([false, true])('a line of 100 KB arrives whole (TTY: %s)', async (tty) => {
    const script =
      'i=0; while [ $i -lt 1000 ]; do printf "%04d0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789" $i | cut -c1-100 | tr -d "\\n"; i=$((i+1)); done; echo; echo after';
    const id = await run({ tty, command: ['sh', '-c', script] });
    const lines = await logOfFinished(docker, id);
    expect(lines.map((line) => line.message.length)).toEqual([100_000, 5]);
    const [long] = lines;
    for (let at = 0; at < 1000; at += 1) {
      expect(long?.message.slice(at * 100, at * 100 + 4)).toBe(String(at).padStart(4, '0'));
    }
  });

  test('invalid UTF-8 becomes U+FFFD and harms nothing else; NUL and escapes arrive', async () => {
    const id = await run({ command: ['sh', '-c', "printf 'a\\377b\\n\\0x\\n\\033[31mred\\033[0m\\n'"] });
    const lines = await logOfFinished(docker, id);
    expect(lines.map((line) => line.message)).toEqual(['a\uFFFDb', '\u0000x', '\u001b[31mred\u001b[0m']);
  });

  test('tail counts lines from the end; 20,000 lines do not overflow anything', async () => {
    const id = await run({ command: ['sh', '-c', 'seq 1 20000'] });
    await until(async () => (await docker.inspect(id, never)).state === 'exited');
    expect((await linesOf(docker, id, 3)).map((line) => line.message)).toEqual(['19998', '19999', '20000']);
    const all = await linesOf(docker, id);
    expect(all.length).toBe(20_000);
    expect(all.every((line, index) => line.message === String(index + 1))).toBe(true);
  });

  test('a driver without logs is logs_unavailable', async () => {
    const id = await run({ logConfig: { type: 'none' }, command: ['sleep', '60'] });
    await expect(linesOf(docker, id)).rejects.toMatchObject({ code: 'logs_unavailable' });
  });
});

test('restart starts the container again', async () => {
  const id = await run({ command: ['sleep', '60'], init: true });
  const before = await docker.inspect(id, never);
  await docker.restart(id, 1, never);
  const after = await docker.inspect(id, never);
  expect(after.state).toBe('running');
  expect(after.startedAt).not.toBe(before.startedAt);
});
