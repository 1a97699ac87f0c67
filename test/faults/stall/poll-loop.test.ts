// Nothing wedges the poll loop: whatever a server or the way to it does, the next poll begins in time, with the collector at work.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, describe, test } from 'vitest';
import { FaultTable, trialsWanted } from './fault-table.ts';
import { LineProcess } from './line-process.ts';
import { Namespaces, SERVER_ADDRESS, SILENT_ADDRESS, SILENT_RESOLVER } from './namespaces.ts';
import { MISBEHAVIOURS, Peer, redirectTo } from './peers.ts';
import { PollWatch } from './poll-watch.ts';
import { until } from './waiting.ts';
import { type ObservedAgent, writtenHost } from './written-host.ts';

const POLL_TIMEOUT_MS = 5_000;
/** A poll's own slack, and what two busy cores and the shortened wait between two tries may add. */
const NEXT_POLL_MS = POLL_TIMEOUT_MS + 10_000 + 1_500;
const RETRY_FACTOR = 0.02;
const TRIALS = trialsWanted(process.env);
const TRIALS_MS = TRIALS * NEXT_POLL_MS + 20_000;
const PROGRAM = join(import.meta.dirname, 'observed-agents.ts');
const POLITE_SERVER = join(import.meta.dirname, 'polite-server.ts');

const table = new FaultTable('nothing wedges the poll loop');
afterAll(() => table.print());

function startAgents(agents: readonly ObservedAgent[], before: readonly string[] = []): LineProcess {
  const words = [...before, process.execPath, '--expose-gc', PROGRAM];
  return LineProcess.start(words, { OBSERVED_AGENTS: JSON.stringify({ agents, retryFactor: RETRY_FACTOR }) });
}

function newHome(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'status-panel-stall-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

// Most of their time these wait: together they take no longer than the slowest.
describe.concurrent('the next poll begins in time', () => {
  test('a server that is ill, in every way there is', { timeout: TRIALS_MS * 2 + 60_000 }, async ({ expect }) => {
    using home = newHome();
    await using peers = new AsyncDisposableStack();
    const elsewhere = peers.use(await Peer.start('elsewhere', () => undefined));
    const ill = await Promise.all([
      ...Object.entries(MISBEHAVIOURS).map(([name, misbehave]) => Peer.start(name, misbehave)),
      Peer.start('redirect elsewhere', redirectTo(elsewhere.url)),
      Peer.start('stalled TLS handshake', 'before-a-request', 'https'),
    ]);
    for (const peer of ill) peers.use(peer);
    const named = ill.map((peer, at) => ({ peer, name: `ill-${at}` }));
    await using agents = startAgents(named.map(({ peer, name }) => writtenHost(home.path, name, peer.url)));
    const watch = new PollWatch(agents);
    const counts = (): string => named.map(({ peer, name }) => `${peer.name} ${watch.begun(name).length}`).join(', ');
    // One start more than trials: a gap has two ends.
    await until(() => named.every(({ name }) => watch.begun(name).length > TRIALS), TRIALS_MS, counts);
    for (const { peer, name } of named) {
      expect.soft(watch.longestGapMs(name), peer.name).toBeLessThan(NEXT_POLL_MS);
      expect.soft(peer.arrived, `polls that reached: ${peer.name}`).toBeGreaterThanOrEqual(TRIALS);
      table.add(
        peer.name,
        Number.NaN,
        `longest gap ${(watch.longestGapMs(name) / 1000).toFixed(1)} s`,
        watch.begun(name).length - 1,
      );
      peer.healed = true;
    }
    expect(elsewhere.arrived, 'a redirect was followed').toBe(0);
    const healable = named.filter(({ peer }) => peer.name !== 'stalled TLS handshake');
    await Promise.all(
      healable.map(async ({ peer, name }) => {
        const tookMs = await until(
          () => watch.recoveries(name) > 0,
          NEXT_POLL_MS,
          () => `${peer.name} is not used again`,
        );
        table.add(peer.name, tookMs, '', 0);
      }),
    );
    expect(agents.running).toBe(true);
  });

  test('a server process that is stopped in its tracks', { timeout: TRIALS_MS + 60_000 }, async ({ expect }) => {
    using home = newHome();
    await using server = LineProcess.start([process.execPath, POLITE_SERVER]);
    const [, port] = (await server.line((line) => line.startsWith('listens'))).split(' ');
    await using agents = startAgents([writtenHost(home.path, 'frozen', `http://127.0.0.1:${port}`)]);
    const watch = new PollWatch(agents);
    await server.line((line) => line === 'poll');
    server.kill('SIGSTOP');
    const before = watch.begun('frozen').length;
    await until(
      () => watch.begun('frozen').length > before + TRIALS,
      TRIALS_MS,
      () => `${watch.begun('frozen').length} polls`,
    );
    expect(watch.longestGapMs('frozen')).toBeLessThan(NEXT_POLL_MS);
    server.kill('SIGCONT');
    const tookMs = await until(
      () => watch.recoveries('frozen') > 0,
      NEXT_POLL_MS,
      () => 'not used again',
    );
    table.add('server SIGSTOPped', tookMs, `longest gap ${(watch.longestGapMs('frozen') / 1000).toFixed(1)} s`, TRIALS);
  });

  test('packets that vanish, and names that nobody resolves', { timeout: TRIALS_MS * 2 + 60_000 }, async ({
    expect,
  }) => {
    using home = newHome();
    using net = new Namespaces();
    const resolvConf = join(home.path, 'resolv.conf');
    writeFileSync(resolvConf, `nameserver ${SILENT_RESOLVER}\n`);
    await using server = LineProcess.start([...net.onServer, process.execPath, POLITE_SERVER, SERVER_ADDRESS, '8080']);
    await server.line((line) => line.startsWith('listens'));
    const agentsWanted = [
      writtenHost(home.path, 'cut', `http://${SERVER_ADDRESS}:8080`),
      writtenHost(home.path, 'syn', `http://${SILENT_ADDRESS}:8080`),
      writtenHost(home.path, 'dns', 'http://control-plane.test:8080'),
    ];
    await using agents = startAgents(agentsWanted, net.onAgent(resolvConf));
    const watch = new PollWatch(agents);
    for (let trial = 0; trial < TRIALS; trial += 1) {
      // In the middle of a poll: connected, asked, and no answer.
      await server.line((line) => line === 'poll', NEXT_POLL_MS, server.lines.length);
      net.cut();
      const before = watch.begun('cut').length;
      await until(
        () => watch.begun('cut').length > before,
        NEXT_POLL_MS,
        () => 'no next poll through the cut',
      );
      net.mend();
      const recovered = watch.recoveries('cut');
      const tookMs = await until(
        () => watch.recoveries('cut') > recovered,
        NEXT_POLL_MS,
        () => 'not used again',
      );
      table.add(
        'packets dropped after connect',
        tookMs,
        `longest gap ${(watch.longestGapMs('cut') / 1000).toFixed(1)} s`,
      );
    }
    for (const [name, fault] of [
      ['syn', 'no answer to SYN'],
      ['dns', 'DNS that hangs'],
    ] as const) {
      await until(
        () => watch.begun(name).length > TRIALS,
        TRIALS_MS,
        () => `${fault}: ${watch.begun(name).length} polls`,
      );
      table.add(fault, Number.NaN, `longest gap ${(watch.longestGapMs(name) / 1000).toFixed(1)} s`, TRIALS);
    }
    for (const name of ['cut', 'syn', 'dns']) expect.soft(watch.longestGapMs(name), name).toBeLessThan(NEXT_POLL_MS);
    expect(agents.running).toBe(true);
  });
});
