// The main job: commands from a real control plane, through a real agent process, to a real Docker Engine and back.
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { AgentProcess } from '../../scripts/parts/agent-process.ts';
import {
  type ContainerSpec,
  createContainer,
  dockerClient,
  removeContainer,
  runContainer,
} from '../../scripts/parts/containers.ts';
import { failureOf, Site } from './harness.ts';

const engine = { socketPath: inject('engineSocket') };
const image = inject('engineImage');
const PROJECT = 'e2e';
const SECRET = ['s3cr3t', 'value', 'of', 'this', 'container'].join('-');
/** Has no name and no shape in the engine's error: only the variable of the container tells that it is a secret. */
const QUOTED = ['quoted', 'by', 'the', 'engine'].join('');
const made: string[] = [];
let site: Site;
let agent: AgentProcess;

async function run(service: string, spec: Omit<ContainerSpec, 'image'>): Promise<string> {
  const labels = { 'com.docker.compose.project': PROJECT, 'com.docker.compose.service': service };
  const id = await runContainer(engine, {
    image,
    labels,
    name: `${PROJECT}-${service}-${made.length}`,
    init: true,
    stopTimeoutSeconds: 1,
    ...spec,
  });
  made.push(id);
  return id;
}

beforeAll(async () => {
  await run('web', {
    env: { DB_PASSWORD: SECRET },
    command: [
      'sh',
      '-c',
      `echo "starting with ${SECRET}"; echo 'password=hunter2hunter2' >&2; sleep 0.5; seq 1 50; sleep 600`,
    ],
  });
  await run('tty', { tty: true, command: ['sh', '-c', 'echo from a terminal; sleep 600'] });
  await run('crasher', { command: ['sh', '-c', 'exit 7'] });
  await run('twin', { command: ['sleep', '600'] });
  await run('twin', { command: ['sleep', '600'] });
  site = await Site.open({
    dockerSocket: engine.socketPath,
    settings: { STATUS_PANEL_COMPOSE_PROJECT: PROJECT },
    vault: true,
  });
  agent = await site.startAgent();
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await site[Symbol.asyncDispose]();
  for (const id of made) await removeContainer(engine, id);
});

describe('health', () => {
  test('of one app: state, and current figures', async () => {
    const { status, result, error } = await site.ask('health', { app_code: 'web' });
    expect(status).toBe('completed');
    expect(error).toBeNull();
    expect(result).toMatchObject({
      type: 'health',
      app_code: 'web',
      status: 'ok',
      container_state: 'running',
      metrics: { cpu_pct: expect.any(Number), mem_mb: expect.any(Number), docker_state: 'running' },
    });
  });

  test('of all: each container of the project, the worst state on top', async () => {
    const { result } = await site.ask('health', { app_code: 'all' });
    expect(result).toMatchObject({ app_code: 'all', status: 'unhealthy', container_state: 'exited' });
    const { metrics } = Object(result);
    const containers: { app_code: string; docker_state: string; exit_code?: number }[] = metrics.containers;
    expect(containers.map((one) => one.app_code).toSorted()).toEqual(['crasher', 'tty', 'twin', 'twin', 'web']);
    expect(containers.find((one) => one.app_code === 'crasher')).toMatchObject({
      docker_state: 'exited',
      exit_code: 7,
    });
  });

  test('without figures when they are not asked for', async () => {
    const { result } = await site.ask('health', { app_code: 'web', include_metrics: false });
    expect(Object(result).metrics).not.toHaveProperty('cpu_pct');
  });
});

describe('logs', () => {
  test('the newest lines first asked for, then what follows the cursor, secrets stripped', async () => {
    const first = Object((await site.ask('logs', { app_code: 'web', limit: 10 })).result);
    expect(first.lines.map((line: { message: string }) => line.message)).toEqual(
      Array.from({ length: 10 }, (_, index) => String(41 + index)),
    );
    expect(first.truncated).toBe(true);
    const next = Object((await site.ask('logs', { app_code: 'web', cursor: first.cursor })).result);
    expect(next).toMatchObject({ lines: [], truncated: false, cursor: first.cursor });
    const all = Object((await site.ask('logs', { app_code: 'web' })).result);
    const text = JSON.stringify(all);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain('hunter2hunter2');
    expect(all.lines).toContainEqual(
      expect.objectContaining({ message: 'starting with ***REDACTED:env_value***', redacted: true, stream: 'stdout' }),
    );
    expect(all.lines).toContainEqual(
      expect.objectContaining({ message: 'password=***REDACTED:env_assignment***', redacted: true, stream: 'stderr' }),
    );
    expect(all.truncated).toBe(false);
  });

  test('one stream only', async () => {
    const { lines } = Object((await site.ask('logs', { app_code: 'web', streams: ['stderr'], limit: 1 })).result);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({ stream: 'stderr' });
  });

  test('of a container with a TTY', async () => {
    const { lines } = Object((await site.ask('logs', { app_code: 'tty' })).result);
    expect(lines).toEqual([expect.objectContaining({ stream: 'stdout', message: 'from a terminal', redacted: false })]);
  });

  test('as they are: only if the owner of the host allows it', async () => {
    expect(failureOf(await site.ask('logs', { app_code: 'web', redact: false }))).toMatchObject({
      code: 'not_allowed',
      message: expect.stringContaining('allow_unredacted_logs'),
    });
  });

  test('a cursor that is no cursor', async () => {
    for (const cursor of ['nonsense', Buffer.from('{"v":1}').toString('base64url')]) {
      expect(failureOf(await site.ask('logs', { app_code: 'web', cursor }))).toMatchObject({ code: 'invalid_cursor' });
    }
  });
});

describe('restart', () => {
  test('of a container that runs again', async () => {
    const docker = dockerClient(engine);
    const before = await docker.getContainer(made[1] ?? '').inspect();
    const { status, result } = await site.ask('restart', { app_code: 'tty' });
    expect(status).toBe('completed');
    expect(result).toMatchObject({ type: 'restart', status: 'ok', container_state: 'running', errors: [] });
    const after = await docker.getContainer(made[1] ?? '').inspect();
    expect(after.State.StartedAt > before.State.StartedAt).toBe(true);
  });

  test('of a container that ends again says so', async () => {
    const outcome = await site.ask('restart', { app_code: 'crasher' });
    expect(outcome.status).toBe('failed');
    expect(outcome.result).toMatchObject({ type: 'restart', status: 'failed', container_state: 'exited' });
    expect(failureOf(outcome)).toMatchObject({
      code: 'restart_failed',
      message: expect.stringContaining('exit code 7'),
    });
  });
});

test('stop, start, pause and unpause do what they say, and doing it twice is no failure', async () => {
  for (const [type, state] of [
    ['pause', 'paused'],
    ['pause', 'paused'],
    ['unpause', 'running'],
    ['stop', 'exited'],
    ['stop', 'exited'],
    ['start', 'running'],
    ['start', 'running'],
  ] as const) {
    const outcome = await site.ask(type, { app_code: 'web' });
    expect(outcome.status, type).toBe('completed');
    expect(outcome.result, type).toMatchObject({ type, status: 'ok', docker_state: state });
  }
});

test('an error of the engine that quotes a secret of the container comes without it, whatever the command', async () => {
  const id = await createContainer(engine, {
    image,
    name: `${PROJECT}-quoting`,
    labels: { 'com.docker.compose.project': PROJECT, 'com.docker.compose.service': 'quoting' },
    env: { API_SECRET: QUOTED },
    command: [`/opt/${QUOTED}/run`],
  });
  made.push(id);
  for (const type of ['start', 'restart']) {
    const { result, error } = await site.ask(type, { app_code: 'quoting' });
    const texts = JSON.stringify([result, error]);
    expect(texts, type).toContain('/opt/***REDACTED:env_value***/run');
    expect(texts, type).not.toContain(QUOTED);
  }
  await removeContainer(engine, id);
});

describe('what cannot be done is answered, with a result the server accepts', () => {
  test('an unknown command', async () => {
    expect(failureOf(await site.ask('rm-rf', { app_code: 'web' }))).toMatchObject({ code: 'unsupported_command' });
  });

  test('a missing container', async () => {
    for (const type of ['health', 'logs', 'restart', 'stop']) {
      expect(failureOf(await site.ask(type, { app_code: 'wbe' })), type).toMatchObject({
        code: 'container_not_found',
        message: expect.stringContaining('web'),
      });
    }
  });

  test('an ambiguous one, with the candidates', async () => {
    const failure = failureOf(await site.ask('restart', { app_code: 'twin' }));
    expect(failure).toMatchObject({
      code: 'container_ambiguous',
      details: { candidates: [`${PROJECT}-twin-3`, `${PROJECT}-twin-4`] },
    });
    const outcome = await site.ask('health', { app_code: 'twin', container: `${PROJECT}-twin-4` });
    expect(outcome.result).toMatchObject({ app_code: 'twin', status: 'ok' });
  });

  test('parameters that make no sense, each named', async () => {
    expect(failureOf(await site.ask('stop', { app_code: '', timeout: 'soon' }))).toMatchObject({
      code: 'invalid_parameters',
      message: expect.stringMatching(/app_code: .*; timeout: /u),
    });
    expect(failureOf(await site.ask('stop', { app_code: 'x', container: '../../etc' }))).toMatchObject({
      code: 'invalid_parameters',
    });
  });
});

test('the journal has two lines for each command, and no token, signature or parameter value', async () => {
  const { command_id: id } = await site.ask('restart', { app_code: 'tty', container: `${PROJECT}-tty-1` });
  await agent.line((line) => line.includes(id) && line.includes('command finished'));
  const lines = agent.lines.filter((line) => line.includes(id)).map((line) => JSON.parse(line));
  expect(lines).toEqual([
    expect.objectContaining({ level: 'info', msg: 'command received', type: 'restart' }),
    expect.objectContaining({
      level: 'info',
      msg: 'command finished',
      type: 'restart',
      outcome: 'completed',
      report: 'accepted',
      duration_ms: expect.any(Number),
    }),
  ]);
  const journal = agent.lines.join('\n');
  expect(journal).not.toContain(site.identity.agent_token);
  expect(journal).not.toContain(`${PROJECT}-tty-1`);
  expect(journal).not.toContain(SECRET);
  expect(journal).not.toMatch(/signature/iu);
});

test('thirty commands at once are all answered', async () => {
  const ids = [];
  for (let count = 0; count < 30; count += 1)
    ids.push(await site.client.enqueue(site.deploymentHash, 'health', { app_code: 'web', include_metrics: false }));
  for (const id of ids) expect((await site.client.outcome(site.deploymentHash, id)).status).toBe('completed');
});
