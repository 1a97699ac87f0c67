// Two agents with one identity, as a copied server has it: named in the journal within two polls, and not fought over in a hot loop.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, inject, test } from 'vitest';
import { removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { Site } from '../../e2e/harness.ts';
import { FaultTable } from '../stall/fault-table.ts';
import { pause } from '../stall/waiting.ts';

const POLL_TIMEOUT_MS = 5_000;
const WATCHED_MS = 15_000;
/** Of both together: twice what two undisturbed agents ask, and what both ask for as they start. */
const POLLS_MAX_COUNT = 2 * 2 * Math.ceil(WATCHED_MS / POLL_TIMEOUT_MS) + 4;
const NAMED = 'another agent polls with this identity';
const APP = 'twins-web';

const table = new FaultTable('two agents with one identity');
afterAll(() => table.print());

test('a copied state directory', { timeout: 90_000 }, async () => {
  const engine = { socketPath: inject('engineSocket') };
  const id = await runContainer(engine, {
    image: inject('engineImage'),
    name: APP,
    command: ['sleep', '600'],
    init: true,
  });
  await using _app = { [Symbol.asyncDispose]: () => removeContainer(engine, id) };
  const settings = { STATUS_PANEL_POLL_TIMEOUT_SECONDS: String(POLL_TIMEOUT_MS / 1000) };
  await using site = await Site.open({ dockerSocket: engine.socketPath, settings });
  const copy = join(site.home, 'copy');
  cpSync(site.stateDirectory, copy, { recursive: true });
  let polls = 0;
  site.proxy.plan = ({ path }) => {
    if (path.includes('/commands/wait/')) polls += 1;
    return undefined;
  };
  await using first = await site.startAgent();
  await using second = await site.startAgent({ STATUS_PANEL_STATE_DIRECTORY: copy });
  const began = performance.now();
  const pollsBefore = polls;
  const named = (): boolean => [first, second].some(({ lines }) => lines.some((line) => line.includes(NAMED)));
  while (!named() && performance.now() - began < 2 * POLL_TIMEOUT_MS) await pause(50);
  const tookMs = performance.now() - began;
  expect(named(), 'named within two polls').toBe(true);
  const asked = await site.ask('health', { app_code: APP, include_metrics: false }, 20_000);
  expect(asked.status).toBe('completed');
  await pause(Math.max(WATCHED_MS - (performance.now() - began), 0));
  expect(polls - pollsBefore).toBeLessThanOrEqual(POLLS_MAX_COUNT);
  for (const { lines } of [first, second]) {
    expect(lines.filter((line) => line.includes(NAMED)).length).toBeLessThanOrEqual(2);
  }
  expect([first.running, second.running]).toEqual([true, true]);
  table.add('copied state directory', tookMs, `${polls - pollsBefore} polls of both in ${WATCHED_MS / 1000} s`);
});
