// Reports that the server will not have: each is tried in a reduced form once, then parked and shown; the others go on in their order.
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { type AgentProcess, runCli } from '../../../scripts/parts/agent-process.ts';
import { removeContainer, runContainer } from '../../../scripts/parts/containers.ts';
import { failureOf, Site } from '../../e2e/harness.ts';
import { FaultTable } from '../stall/fault-table.ts';
import { pause, until } from '../stall/waiting.ts';
import { ReportGate } from './report-gate.ts';

const OTHERS_COUNT = 5;
/** Far more than five commands take, far less than a report that is refused for ever. */
const PROMPT_MS = 45_000;
const CHATTER = 'reports-chatter';
/** NUL, the bytes of a lone surrogate, a JSON escape of one, a byte that is no UTF-8, and an escape sequence. */
const ODD_BYTES = String.raw`printf 'nul \000 inside\n\355\240\200 surrogate\n"\\ud800" escaped\n\377\376 latin\n\033[31mred\033[0m\n'; sleep 600`;

const table = new FaultTable('reports that cannot be accepted');
const opened = new AsyncDisposableStack();
let site: Site;
let gate: ReportGate;
let agent: AgentProcess;

beforeAll(async () => {
  const engine = { socketPath: inject('engineSocket') };
  const id = await runContainer(engine, {
    image: inject('engineImage'),
    name: CHATTER,
    command: ['sh', '-c', ODD_BYTES],
    init: true,
    stopTimeoutSeconds: 1,
  });
  opened.defer(() => removeContainer(engine, id));
  const settings = { STATUS_PANEL_POLL_TIMEOUT_SECONDS: '5' };
  site = opened.use(await Site.open({ dockerSocket: engine.socketPath, settings, leaseSeconds: 600 }));
  gate = opened.use(await ReportGate.start(site.proxy.url));
  agent = opened.use(await site.startAgent({ STATUS_PANEL_SERVER_URL: gate.url }));
});

beforeEach(() => {
  gate.handed.length = 0;
  gate.refuses = () => undefined;
});

afterAll(async () => {
  table.print();
  await opened.disposeAsync();
});

const refusedAs = (status: number, message: string): { readonly status: number; readonly body: string } => ({
  status,
  body: JSON.stringify({ message }),
});

/** One report the server will not have, then others; returns its id and how long until the last of the others was there. */
async function amongOthers(
  status: number,
  reducedToo: boolean,
): Promise<{ readonly id: string; readonly tookMs: number }> {
  const ids: string[] = [];
  gate.refuses = (body) => {
    // Its report can be here before the answer that names it.
    const mine = ids[0] === undefined || body.includes(ids[0]);
    const reduced = body.includes('report_rejected');
    return mine && (reducedToo || !reduced) ? refusedAs(status, 'not this one') : undefined;
  };
  const began = performance.now();
  for (let at = 0; at <= OTHERS_COUNT; at += 1) {
    const id = await site.client.enqueue(site.deploymentHash, 'health', { app_code: CHATTER, include_metrics: false });
    ids.push(id);
    await agent.line((line) => line.includes(id) && line.includes('command finished'));
  }
  const [id = '', ...others] = ids;
  for (const other of others) expect((await site.client.outcome(site.deploymentHash, other)).status).toBe('completed');
  const tookMs = performance.now() - began;
  expect(tookMs).toBeLessThan(PROMPT_MS);
  const accepted = gate.handed.filter(({ refusedWith }) => refusedWith === undefined);
  const order = others.map((other) => accepted.findIndex(({ body }) => body.includes(other)));
  expect(order, 'the order of the others').toEqual(order.toSorted((a, b) => a - b));
  return { id, tookMs };
}

function handedIn(id: string): number {
  return gate.handed.filter(({ body }) => body.includes(id)).length;
}

async function statusLines(): Promise<string> {
  return (await runCli(['status'], site.settings)).stdout;
}

test('400 for the full form: the reduced form is accepted', async () => {
  const { id, tookMs } = await amongOthers(400, false);
  const end = await site.client.outcome(site.deploymentHash, id);
  expect(failureOf(end)).toMatchObject({ code: 'report_rejected' });
  expect(end.result).toMatchObject({ type: 'health' });
  expect(handedIn(id)).toBe(2);
  table.add('400 for the full form', tookMs, 'accepted in the reduced form');
});

test.each([400, 413, 422])('%i for both forms: parked, shown, and never sent again', async (status) => {
  const { id, tookMs } = await amongOthers(status, true);
  await agent.line((line) => line.includes(id) && line.includes('report refused for good; parked'));
  await pause(1_000);
  expect(handedIn(id)).toBe(2);
  expect(await statusLines()).toMatch(new RegExp(`parked +${id}`, 'u'));
  table.add(`${status} for both forms`, tookMs, 'parked');
});

test.each([500, 403])(
  '%i for one report, for ever: it is tried again, ever more seldom, and the others go on',
  async (status) => {
    const { id, tookMs } = await amongOthers(status, true);
    await until(
      () => handedIn(id) >= 3,
      20_000,
      () => `${handedIn(id)} tries`,
    );
    expect(handedIn(id)).toBeLessThan(30);
    expect((await site.client.read(site.deploymentHash, id)).status).not.toBe('completed');
    gate.refuses = () => undefined;
    const began = performance.now();
    expect((await site.client.outcome(site.deploymentHash, id)).status).toBe('completed');
    table.add(
      `${status} for one report`,
      tookMs,
      `accepted ${((performance.now() - began) / 1000).toFixed(1)} s after the end of it`,
    );
  },
);

const page = z.object({ lines: z.array(z.object({ message: z.string() })) });

test('NUL and lone surrogates in a log end in a report that is accepted', async () => {
  const began = performance.now();
  const end = await site.ask('logs', { app_code: CHATTER });
  expect(end.status).toBe('completed');
  const messages = page.parse(end.result).lines.map(({ message }) => message);
  expect(messages.length).toBeGreaterThanOrEqual(5);
  for (const message of messages) {
    expect.soft(message.isWellFormed(), JSON.stringify(message)).toBe(true);
    expect.soft(message.includes('\u0000'), JSON.stringify(message)).toBe(false);
  }
  const body = gate.handed.find((one) => one.body.includes(end.command_id))?.body ?? '';
  expect(body).not.toMatch(/\\u0000/u);
  expect(handedIn(end.command_id)).toBe(1);
  table.add('NUL and lone surrogates in a log', performance.now() - began, 'accepted at the first try');
});

test('nothing of it has ended the agent', () => {
  expect(agent.running).toBe(true);
});
