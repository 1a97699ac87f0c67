// Ends the process with SIGKILL at a named call of the journal or of Docker: the injection points of the crash tests.
import process from 'node:process';
import type { EngineDocker } from '../../../src/agent/docker/docker.ts';
import type { SecretSources } from '../../../src/agent/redaction/known-secrets.ts';
import { SqliteJournal } from '../../../src/agent/journal/sqlite-journal.ts';
import type {
  ContainerDetails,
  ContainerSummary,
  ContainerUsage,
  Docker,
  Evidence,
  LogReader,
} from '../../../src/commands/context.ts';
import type { CommandEnvelope } from '../../../src/protocol/command-envelope.ts';
import type { JournalEntry } from '../../../src/agent/journal/entry.ts';

type Phase = 'before' | 'during' | 'after' | 'hold';

/** How long a request is left to reach the engine before the process ends in the middle of it. */
const DURING_MS = 150;
/** Longer than a slow container takes to stop. */
const HOLD_MS = 4_000;

/**
 * `kill` is written as `<port>.<method>:<before|during|after|hold>:<n>`, the n-th call counted from 1. Without it nothing ever happens.
 * `hold` does not kill: it lets the call wait, as a host under load would.
 */
export class KillSwitch {
  readonly #call: string;
  readonly #phase: Phase | undefined;
  readonly #nth: number;
  readonly #calls = new Map<string, number>();

  constructor(kill: string | undefined) {
    const found = /^(?<call>\w+\.\w+):(?<phase>before|during|after|hold):(?<nth>\d+)$/u.exec(kill ?? '')?.groups;
    if (kill !== undefined && kill !== '' && found === undefined) throw new Error(`no such injection point: ${kill}`);
    this.#call = found?.['call'] ?? '';
    this.#phase = phaseOf(found?.['phase']);
    this.#nth = Number(found?.['nth'] ?? 0);
  }

  sync<T>(call: string, work: () => T): T {
    const due = this.#due(call);
    if (due === 'before') die();
    const value = work();
    if (due === 'after') die();
    return value;
  }

  async async<T>(call: string, work: () => Promise<T>): Promise<T> {
    const due = this.#due(call);
    if (due === 'before') die();
    if (due === 'during') setTimeout(die, DURING_MS);
    if (due === 'hold') await new Promise((resolve) => void setTimeout(resolve, HOLD_MS));
    const value = await work();
    if (due === 'during' || due === 'after') die();
    return value;
  }

  #due(call: string): Phase | undefined {
    const count = (this.#calls.get(call) ?? 0) + 1;
    this.#calls.set(call, count);
    return call === this.#call && count === this.#nth ? this.#phase : undefined;
  }
}

function phaseOf(word: string | undefined): Phase | undefined {
  return word === 'before' || word === 'during' || word === 'after' || word === 'hold' ? word : undefined;
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  // The signal takes effect on the way out of the call; this is for the compiler.
  throw new Error('still alive');
}

/** The journal with an injection point around every write. */
export class MortalJournal extends SqliteJournal {
  readonly #switch: KillSwitch;

  constructor(path: string, nowMs: number, maxBytes: number, killSwitch: KillSwitch) {
    super(path, nowMs, maxBytes);
    this.#switch = killSwitch;
  }

  override receive(envelope: CommandEnvelope, nowMs: number): JournalEntry | undefined {
    return this.#switch.sync('journal.receive', () => super.receive(envelope, nowMs));
  }

  override start(commandId: string, nowMs: number): void {
    this.#switch.sync('journal.start', () => super.start(commandId, nowMs));
  }

  override note(commandId: string, evidence: Evidence): void {
    this.#switch.sync('journal.note', () => super.note(commandId, evidence));
  }

  override finish(commandId: string, report: string, nowMs: number): void {
    this.#switch.sync('journal.finish', () => super.finish(commandId, report, nowMs));
  }

  override reported(commandId: string, nowMs: number): void {
    this.#switch.sync('journal.reported', () => super.reported(commandId, nowMs));
  }

  override reopen(commandId: string): void {
    this.#switch.sync('journal.reopen', () => super.reopen(commandId));
  }

  override park(commandId: string, reason: string, nowMs: number): void {
    this.#switch.sync('journal.park', () => super.park(commandId, reason, nowMs));
  }

  override prune(beforeMs: number, maxEntries: number): number {
    return this.#switch.sync('journal.prune', () => super.prune(beforeMs, maxEntries));
  }
}

/** The engine with an injection point around every call; `after` is when the engine has done it and nobody has seen the answer. */
export class MortalDocker implements Docker {
  readonly #inner: EngineDocker;
  readonly #switch: KillSwitch;

  constructor(inner: EngineDocker, killSwitch: KillSwitch) {
    this.#inner = inner;
    this.#switch = killSwitch;
  }

  async list(signal: AbortSignal): Promise<readonly ContainerSummary[]> {
    return await this.#switch.async('docker.list', () => this.#inner.list(signal));
  }

  async inspect(id: string, signal: AbortSignal): Promise<ContainerDetails> {
    return await this.#switch.async('docker.inspect', () => this.#inner.inspect(id, signal));
  }

  async answers(signal: AbortSignal): Promise<boolean> {
    return await this.#inner.answers(signal);
  }

  async secretSources(id: string, signal: AbortSignal): Promise<SecretSources> {
    return await this.#inner.secretSources(id, signal);
  }

  async usage(id: string, signal: AbortSignal): Promise<ContainerUsage> {
    return await this.#inner.usage(id, signal);
  }

  async openLog(id: string, tail: number, signal: AbortSignal): Promise<LogReader> {
    return await this.#inner.openLog(id, tail, signal);
  }

  resumeLog(id: string, place: string): LogReader | undefined {
    return this.#inner.resumeLog(id, place);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }

  async restart(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    await this.#switch.async('docker.restart', () => this.#inner.restart(id, graceSeconds, signal));
  }

  async start(id: string, signal: AbortSignal): Promise<void> {
    await this.#switch.async('docker.start', () => this.#inner.start(id, signal));
  }

  async stop(id: string, graceSeconds: number, signal: AbortSignal): Promise<void> {
    await this.#switch.async('docker.stop', () => this.#inner.stop(id, graceSeconds, signal));
  }

  async pause(id: string, signal: AbortSignal): Promise<void> {
    await this.#switch.async('docker.pause', () => this.#inner.pause(id, signal));
  }

  async unpause(id: string, signal: AbortSignal): Promise<void> {
    await this.#switch.async('docker.unpause', () => this.#inner.unpause(id, signal));
  }
}
