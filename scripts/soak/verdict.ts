// Holds what the engine did against what was asked and reported: lost, doubled, unreported, out of order. Pure.
import type { FleetContainer } from './fleet.ts';
import type { Stored } from './servers.ts';

export interface AskedCommand {
  readonly commandId: string;
  readonly type: string;
  readonly name: string;
  readonly changes: boolean;
}

export interface TimedAction {
  readonly action: string;
  readonly atMs: number;
}

export interface Evidence {
  /** In the order in which they were asked for. */
  readonly asked: readonly AskedCommand[];
  readonly stored: ReadonlyMap<string, Stored>;
  /** Ids in the order in which the agent took them. */
  readonly received: readonly string[];
  readonly bodies: readonly string[];
  /** What the engine says it did to a container, in its order, since the run began. */
  readonly events: (container: FleetContainer) => readonly TimedAction[];
}

export interface Verdict {
  readonly completed: number;
  readonly interrupted: number;
  readonly deliveryLost: number;
  readonly otherFailures: readonly string[];
  /** Commands that never got a final state. */
  readonly unreported: readonly string[];
  /** Commands with more than one different report. */
  readonly differing: readonly string[];
  /** Containers whose effects are not exactly those of the commands reported as completed, in the order of their receipt. */
  readonly wrongEffects: readonly string[];
  readonly effects: number;
  readonly doubled: number;
  readonly missing: number;
  /** Changes that were begun though an earlier one of the same container had not arrived yet. */
  readonly overtaken: number;
}

const EFFECT: Readonly<Record<string, string>> = {
  pause: 'pause',
  unpause: 'unpause',
  stop: 'die',
  start: 'start',
  restart: 'start',
};
/** In which state a command finds nothing to do. */
const IDLE_IN: Readonly<Record<string, string>> = { pause: 'pause', unpause: 'unpause', stop: 'die', start: 'start' };
const FIRST_STATE: Readonly<Record<string, string>> = { pausing: 'unpause', stopping: 'start', restarting: '' };

export function verdictOf(containers: readonly FleetContainer[], evidence: Evidence): Verdict {
  const { asked, stored, bodies } = evidence;
  const withCode = (code: string): number => [...stored.values()].filter((one) => one.code === code).length;
  const effects = containers.map((container) => compare(container, evidence));
  const known = new Set(['interrupted', 'delivery_lost']);
  return {
    completed: [...stored.values()].filter(({ status }) => status === 'completed').length,
    interrupted: withCode('interrupted'),
    deliveryLost: withCode('delivery_lost'),
    otherFailures: asked.flatMap(({ commandId, type }) => {
      const { status, code } = stored.get(commandId) ?? { status: 'unknown', code: undefined };
      return status === 'failed' && !known.has(code ?? '') ? [`${type} ${commandId}: ${code}`] : [];
    }),
    unreported: asked
      .filter(({ commandId }) => !['completed', 'failed'].includes(stored.get(commandId)?.status ?? ''))
      .map(({ commandId, type }) => `${type} ${commandId}: ${stored.get(commandId)?.status}`),
    differing: differing(bodies),
    wrongEffects: effects.flatMap(({ wrong }) => (wrong === undefined ? [] : [wrong])),
    effects: sum(effects.map(({ actual }) => actual)),
    doubled: sum(effects.map(({ actual, expected }) => Math.max(actual - expected, 0))),
    missing: sum(effects.map(({ actual, expected }) => Math.max(expected - actual, 0))),
    overtaken: sum(containers.map((container) => overtaken(container, evidence))),
  };
}

interface Compared {
  readonly actual: number;
  readonly expected: number;
  readonly wrong: string | undefined;
}

function compare(container: FleetContainer, evidence: Evidence): Compared {
  const expected: string[] = [];
  let state = FIRST_STATE[container.role] ?? '';
  for (const { commandId, type } of inOrderOfReceipt(container, evidence)) {
    if (evidence.stored.get(commandId)?.status !== 'completed' || state === IDLE_IN[type]) continue;
    state = EFFECT[type] ?? '';
    expected.push(state);
  }
  const wanted = new Set(container.role === 'restarting' ? ['start'] : Object.values(EFFECT));
  const actual = withoutEchoes(evidence.events(container))
    .map(({ action }) => action)
    .filter((action) => wanted.has(action));
  const at = actual.findIndex((action, index) => action !== expected[index]);
  const differs = at !== -1 || actual.length !== expected.length;
  const found = `${container.name}: ${actual.length} effects, ${expected.length} expected, first difference at ${at}`;
  return { actual: actual.length, expected: expected.length, wrong: differs ? found : undefined };
}

/** A command looks at the container and writes its journal twice before its effect: two effects of commands are further apart. */
const ECHO_MAX_MS = 10;

/**
 * Without what the engine says twice. Where pauses and unpauses follow each other quickly, it tells of opposite pairs that nobody asked for, up to 9 ms
 * apart: 24 to 28 events too many for 3,000 alternate calls made one after another without an agent, on a busy machine (engine 20.10.24).
 */
export function withoutEchoes(events: readonly TimedAction[]): readonly TimedAction[] {
  const kept: TimedAction[] = [];
  for (const event of events) {
    const before = kept.at(-1);
    if (before !== undefined && areOpposite(before, event) && event.atMs - before.atMs < ECHO_MAX_MS) kept.pop();
    else kept.push(event);
  }
  return kept;
}

function areOpposite({ action: one }: TimedAction, { action: other }: TimedAction): boolean {
  return (one === 'pause' && other === 'unpause') || (one === 'unpause' && other === 'pause');
}

function changesOf(container: FleetContainer, { asked }: Evidence): readonly AskedCommand[] {
  return asked.filter(({ name, changes }) => changes && name === container.name);
}

function inOrderOfReceipt(container: FleetContainer, evidence: Evidence): readonly AskedCommand[] {
  const place = new Map(evidence.received.map((commandId, at) => [commandId, at]));
  const placeOf = ({ commandId }: AskedCommand): number => place.get(commandId) ?? Number.MAX_SAFE_INTEGER;
  return changesOf(container, evidence).toSorted((a, b) => placeOf(a) - placeOf(b));
}

function overtaken(container: FleetContainer, evidence: Evidence): number {
  const place = new Map(changesOf(container, evidence).map(({ commandId }, at) => [commandId, at]));
  let count = 0;
  let highest = -1;
  for (const { commandId } of inOrderOfReceipt(container, evidence)) {
    const at = place.get(commandId) ?? 0;
    if (at < highest) count += 1;
    highest = Math.max(highest, at);
  }
  return count;
}

function differing(bodies: readonly string[]): readonly string[] {
  const first = new Map<string, string>();
  const found = new Set<string>();
  for (const body of bodies) {
    const id = /"command_id":"(?<id>[^"]+)"/u.exec(body)?.groups?.['id'] ?? '';
    if ((first.get(id) ?? body) !== body) found.add(id);
    first.set(id, body);
  }
  return [...found];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
