// One soak run: commands through a network that loses them, an agent that is killed again and again, and a verdict at the end.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EngineEvents } from '../../test/faults/engine-events.ts';
import { Host } from '../../test/faults/host.ts';
import { reportFaults } from '../../test/protocol/strict-report.ts';
import { FaultProxy } from '../../test/support/fault-proxy.ts';
import type { AgentProcess } from '../parts/agent-process.ts';
import type { EngineAddress } from '../parts/engine-request.ts';
import { Fleet } from './fleet.ts';
import { disturb } from './network.ts';
import { Seeded } from './seeded.ts';
import { type SoakServer, type Stored, startSoakServer } from './servers.ts';
import { type AskedCommand, type TimedAction, type Verdict, verdictOf } from './verdict.ts';

export interface SoakOptions {
  readonly engine: EngineAddress;
  readonly image: string;
  readonly server: SoakServer['kind'];
  readonly commands: number;
  readonly kills: number;
  /** The run is given up after this. */
  readonly deadlineMs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
}

export interface SoakResult extends Verdict {
  readonly options: SoakOptions;
  readonly tookMs: number;
  readonly provoked: ReadonlyMap<string, number>;
  readonly kills: number;
  /** Deliveries that never arrived, as the agent found out. */
  readonly lostDeliveries: number;
  readonly reports: number;
  readonly invalidReports: readonly string[];
  readonly slowestRecoveryMs: number;
  /** Lines of the agent that tell of a bug. */
  readonly bugs: readonly string[];
}

/** Asked for and not reported yet: fewer than a snapshot shows. */
const OUTSTANDING_MAX_COUNT = 80;
const STEP_MS = 10;
/** Waits between attempts are cut down to this share, or the run would be spent waiting. */
const RETRY_FACTOR = '0.05';
const READ_BESIDE_COUNT = 8;
const SAY_EVERY_MS = 15_000;

class Soak {
  readonly #options: SoakOptions;
  readonly #random: Seeded;
  readonly #server: SoakServer;
  readonly #proxy: FaultProxy;
  readonly #fleet: Fleet;
  readonly #host: Host;
  readonly #asked: AskedCommand[] = [];
  readonly #reported = new Set<string>();
  readonly #lost = new Set<string>();
  readonly #bugs: string[] = [];
  #agent: AgentProcess | undefined;
  #seenReports = 0;
  #kills = 0;
  #killedAtMs: number | undefined;
  #slowestRecoveryMs = 0;

  constructor(
    options: SoakOptions,
    random: Seeded,
    parts: { server: SoakServer; proxy: FaultProxy; fleet: Fleet; host: Host },
  ) {
    this.#options = options;
    this.#random = random;
    this.#server = parts.server;
    this.#proxy = parts.proxy;
    this.#fleet = parts.fleet;
    this.#host = parts.host;
  }

  async run(events: EngineEvents): Promise<SoakResult> {
    const { commands, deadlineMs, kills, say } = this.#options;
    const before = new Map(this.#fleet.containers.map((one) => [one.id, events.of(one.id).length]));
    const begun = performance.now();
    let saidMs = begun;
    disturb(this.#proxy, new Seeded(this.#options.seed + 1), () => undefined);
    this.#agent = this.#host.start({ AGENT_RETRY_FACTOR: RETRY_FACTOR });
    let nextKill = this.#nextKill(0);
    while (this.#reported.size < commands && performance.now() - begun < deadlineMs) {
      await this.#feed();
      await pause(STEP_MS);
      this.#takeReports();
      if (!this.#agent.running) throw new Error(`the agent has ended:\n${this.#agent.lines.slice(-20).join('\n')}`);
      if (this.#kills < kills && this.#reported.size >= nextKill && this.#killedAtMs === undefined) {
        await this.#kill();
        nextKill = this.#nextKill(this.#kills);
      }
      if (performance.now() - saidMs > SAY_EVERY_MS) {
        saidMs = performance.now();
        say(`  ${this.#reported.size} of ${commands} reported, ${this.#kills} kills`);
      }
    }
    await this.#settle(begun);
    const sinceBegin = (container: { readonly id: string }): readonly TimedAction[] =>
      events.of(container.id).slice(before.get(container.id));
    return await this.#result(performance.now() - begun, sinceBegin);
  }

  /** Every kill in its own stretch of the run, at a random place of it. */
  #nextKill(done: number): number {
    const stretch = this.#options.commands / (this.#options.kills + 1);
    return Math.floor((done + this.#random.fraction()) * stretch);
  }

  async #feed(): Promise<void> {
    while (
      this.#asked.length < this.#options.commands &&
      this.#asked.length - this.#reported.size < OUTSTANDING_MAX_COUNT
    ) {
      const { type, parameters, name, changes } = this.#fleet.next(this.#random);
      const commandId = await this.#server.enqueue(this.#host.deploymentHash, type, parameters);
      this.#asked.push({ commandId, type, name, changes });
    }
  }

  /** What reached the server; its own word is asked for at the end. */
  #takeReports(): void {
    const { reports } = this.#proxy;
    for (const body of reports.slice(this.#seenReports)) {
      const id = /"command_id":"(?<id>[^"]+)"/u.exec(body)?.groups?.['id'];
      if (id !== undefined) this.#reported.add(id);
    }
    if (reports.length > this.#seenReports && this.#killedAtMs !== undefined) {
      this.#slowestRecoveryMs = Math.max(this.#slowestRecoveryMs, performance.now() - this.#killedAtMs);
      this.#killedAtMs = undefined;
    }
    this.#seenReports = reports.length;
  }

  async #kill(): Promise<void> {
    await pause(this.#random.fraction() * 300);
    const agent = this.#agent;
    if (agent === undefined) return;
    this.#kills += 1;
    agent.kill('SIGKILL');
    await agent.ended;
    this.#read(agent);
    this.#takeReports();
    this.#killedAtMs = performance.now();
    this.#agent = this.#host.start({ AGENT_RETRY_FACTOR: RETRY_FACTOR });
  }

  #read(agent: AgentProcess): void {
    for (const line of agent.lines) {
      const id = line.includes('never arrived') ? /"command_id":"(?<id>[^"]+)"/u.exec(line)?.groups?.['id'] : undefined;
      if (id !== undefined) this.#lost.add(id);
      if (/a bug|internal_error|"level":"error"/u.test(line)) this.#bugs.push(line.slice(0, 500));
    }
  }

  /** A report that reached the proxy may not have been accepted: the agent goes on until the journal holds nothing open. */
  async #settle(begun: number): Promise<void> {
    const open = (): number => {
      const { reported = 0, ...rest } = this.#host.states();
      return Math.max(this.#asked.length - reported, 0) + Object.values(rest).reduce((sum, one) => sum + one, 0);
    };
    while (open() > 0 && performance.now() - begun < this.#options.deadlineMs) await pause(200);
    const agent = this.#agent;
    if (agent === undefined) return;
    agent.kill('SIGKILL');
    await agent.ended;
    this.#read(agent);
  }

  async #result(
    tookMs: number,
    events: (container: { readonly id: string }) => readonly TimedAction[],
  ): Promise<SoakResult> {
    const bodies = this.#proxy.reports;
    const stored = await this.#stored();
    const types = new Map(this.#asked.map(({ commandId, type }) => [commandId, type]));
    const verdict = verdictOf(this.#fleet.containers, {
      asked: this.#asked,
      stored,
      received: this.#host.received(),
      bodies,
      events,
    });
    if (verdict.wrongEffects.length > 0) this.#keepEvidence(verdict, events);
    return {
      ...verdict,
      options: this.#options,
      tookMs,
      provoked: this.#proxy.provoked,
      kills: this.#kills,
      lostDeliveries: this.#lost.size,
      reports: bodies.length,
      invalidReports: bodies.flatMap((body) => {
        const id = /"command_id":"(?<id>[^"]+)"/u.exec(body)?.groups?.['id'] ?? '';
        return reportFaults(body, types.get(id));
      }),
      slowestRecoveryMs: this.#slowestRecoveryMs,
      bugs: this.#bugs,
    };
  }

  /** Everything about the containers whose effects are wrong, to be looked into: a run is not repeated exactly by its seed. */
  #keepEvidence(
    { wrongEffects }: Verdict,
    events: (container: { readonly id: string }) => readonly TimedAction[],
  ): void {
    const file = join(tmpdir(), `status-panel-soak-${this.#options.seed}.json`);
    const wrong = this.#fleet.containers.filter(({ name }) => wrongEffects.some((what) => what.startsWith(`${name}:`)));
    const evidence = wrong.map(({ id, name }) => ({
      name,
      events: events({ id }),
      received: this.#host.received(),
      asked: this.#asked.filter((command) => command.name === name),
      reports: this.#proxy.reports.filter((body) =>
        this.#asked.some((one) => one.name === name && body.includes(one.commandId)),
      ),
    }));
    writeFileSync(file, JSON.stringify(evidence, undefined, 1));
    this.#options.say(`what is known of the containers with wrong effects: ${file}`);
  }

  async #stored(): Promise<ReadonlyMap<string, Stored>> {
    const stored = new Map<string, Stored>();
    const waiting = [...this.#asked];
    const readers = Array.from({ length: READ_BESIDE_COUNT }, async () => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        stored.set(next.commandId, await this.#server.read(this.#host.deploymentHash, next.commandId));
      }
    });
    await Promise.all(readers);
    return stored;
  }
}

/** Runs until every command is reported, or the deadline; never throws for what the agent did wrong: that is in the result. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  await using stack = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), 'status-panel-soak-'));
  stack.defer(() => rmSync(home, { recursive: true, force: true }));
  const server = stack.use(await startSoakServer(options.server));
  const proxy = stack.use(await FaultProxy.start(server.url));
  const events = stack.use(await EngineEvents.follow(options.engine));
  const name = `soak-${options.server}-${options.seed}`;
  const fleet = stack.use(await Fleet.start(options.engine, options.image, name));
  const place = { serverUrl: proxy.url, dockerSocket: options.engine.socketPath, home, name };
  const token = await server.mintPurchaseToken(name);
  const host = token === undefined ? await Host.register(place) : await Host.registerByCommandLine(place, token);
  const soak = new Soak(options, new Seeded(options.seed), { server, proxy, fleet, host });
  return await soak.run(events);
}

async function pause(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}
