// A Docker Engine in memory: containers with states and logs that behave as the real one does, as far as commands can tell.
import type {
  ContainerDetails,
  ContainerSummary,
  ContainerUsage,
  Docker,
  DockerState,
  LogLine,
  LogReader,
} from '../../src/commands/context.ts';
import { Fault } from '../../src/platform/fault.ts';
import type { ErrorCode } from '../../src/protocol/error-code.ts';

export interface FakeContainer extends ContainerDetails {
  state: DockerState;
  startedAt: string | undefined;
  image: string;
  labels: Readonly<Record<string, string>>;
  lines: LogLine[];
  usage: ContainerUsage | Fault;
}

export const USAGE: ContainerUsage = {
  cpuPct: 12.5,
  memMb: 64,
  memPct: 3.1,
  memLimitBytes: 2 ** 31,
  rxBytes: 10,
  txBytes: 20,
};

export function container(name: string, more: Partial<FakeContainer> = {}): FakeContainer {
  return {
    id: idOf(name),
    name,
    image: `example/${name}:1`,
    labels: {},
    state: 'running',
    startedAt: '2026-01-01T00:00:00.000000001Z',
    finishedAt: undefined,
    exitCode: 0,
    oomKilled: false,
    healthcheck: 'none',
    restartCount: 0,
    tty: false,
    logDriver: 'json-file',
    stopGraceSeconds: 10,
    lines: [],
    usage: USAGE,
    ...more,
  };
}

/** 64 hex digits, different for each name. */
export function idOf(name: string): string {
  return Buffer.from(name).toString('hex').padEnd(64, '0').slice(0, 64);
}

export function composeLabels(project: string, service: string): Readonly<Record<string, string>> {
  return { 'com.docker.compose.project': project, 'com.docker.compose.service': service };
}

/** So few that every page needs several. */
const BATCH_LINES = 7;

export class FakeLogReader implements LogReader {
  readonly tail: number;
  readonly #fromOldest: boolean;
  readonly #leave: (place: string, reader: FakeLogReader) => void;
  #all: boolean;
  #lines: readonly LogLine[];
  #recent: readonly LogLine[] = [];
  state: 'open' | 'left' | 'closed' = 'open';

  /** `all`: the lines are all there are, which is only known at their end, or at once with a tail that is infinite. */
  constructor(
    lines: readonly LogLine[],
    all: boolean,
    tail: number,
    leave: (place: string, reader: FakeLogReader) => void,
  ) {
    this.tail = tail;
    this.#fromOldest = tail === Number.POSITIVE_INFINITY;
    this.#lines = asRead(lines, this.#fromOldest);
    this.#all = all;
    this.#leave = leave;
  }

  get wholeLog(): boolean {
    return this.#fromOldest || (this.#all && this.#lines.length === 0);
  }

  get recent(): readonly LogLine[] {
    return this.#recent;
  }

  async read(): Promise<readonly LogLine[] | undefined> {
    if (this.#lines.length === 0) return undefined;
    const batch = this.#lines.slice(0, BATCH_LINES);
    this.#lines = this.#lines.slice(BATCH_LINES);
    return batch;
  }

  unread(lines: readonly LogLine[]): void {
    this.#lines = [...lines, ...this.#lines];
  }

  leave(place: string, recent: readonly LogLine[]): void {
    this.#recent = recent;
    this.state = 'left';
    this.#leave(place, this);
  }

  resume(): void {
    this.state = 'open';
  }

  [Symbol.dispose](): void {
    if (this.state === 'open') this.state = 'closed';
  }
}

const LONG_LINE_ENTRIES = 128;

/** As the real reader numbers lines of one stamp, and doubts those that may have begun before a window. */
function asRead(lines: readonly LogLine[], fromOldest: boolean): readonly LogLine[] {
  const last = new Map<string, LogLine>();
  let begunAt: string | undefined;
  return lines.map((line, at) => {
    const before = last.get(line.stream);
    const same = before?.ts === line.ts;
    const inside =
      fromOldest || before !== undefined || (at >= LONG_LINE_ENTRIES && begunAt !== undefined && line.ts > begunAt);
    if (before !== undefined && !same) begunAt ??= line.ts;
    const read = { ...line, sameStamp: same ? before.sameStamp + 1 : 0, unsure: same ? before.unsure : !inside };
    last.set(line.stream, read);
    return read;
  });
}

export class FakeDocker implements Docker {
  readonly containers: FakeContainer[];
  /** Every call that was made, as "restart web 10". */
  readonly calls: string[] = [];
  /** Readers that were left open; a test takes them away to have the place looked for. */
  readonly left = new Map<string, FakeLogReader>();
  /** Calls that begin with this throw it, `always` or until it is taken away. */
  readonly failures = new Map<string, unknown>();
  /** Looked at before each call, for what happens meanwhile. */
  onCall: (call: string) => void = () => undefined;
  #starts = 1;

  constructor(...containers: FakeContainer[]) {
    this.containers = containers;
  }

  async list(): Promise<readonly ContainerSummary[]> {
    this.#called('list');
    return this.containers;
  }

  async inspect(id: string): Promise<ContainerDetails> {
    const found = this.#find(id, 'inspect');
    return { ...found };
  }

  async usage(id: string): Promise<ContainerUsage> {
    const { usage } = this.#find(id, 'usage');
    if (usage instanceof Fault) throw usage;
    return usage;
  }

  async openLog(id: string, tail: number): Promise<LogReader> {
    const { lines } = this.#find(id, 'logs', String(tail));
    const from = Math.max(lines.length - tail, 0);
    return new FakeLogReader(lines.slice(from), from === 0 && tail > lines.length, tail, (place, reader) => {
      this.left.set(`${id} ${place}`, reader);
    });
  }

  resumeLog(id: string, place: string): LogReader | undefined {
    const key = `${id} ${place}`;
    const reader = this.left.get(key);
    this.left.delete(key);
    reader?.resume();
    return reader;
  }

  async restart(id: string, graceSeconds: number): Promise<void> {
    this.#start(this.#find(id, 'restart', String(graceSeconds)));
  }

  async start(id: string): Promise<void> {
    this.#start(this.#find(id, 'start'));
  }

  async stop(id: string, graceSeconds: number): Promise<void> {
    this.#find(id, 'stop', String(graceSeconds)).state = 'exited';
  }

  async pause(id: string): Promise<void> {
    this.#find(id, 'pause').state = 'paused';
  }

  async unpause(id: string): Promise<void> {
    this.#find(id, 'unpause').state = 'running';
  }

  #start(found: FakeContainer): void {
    this.#starts += 1;
    found.state = 'running';
    found.startedAt = `2026-01-09T00:00:00.${String(this.#starts).padStart(9, '0')}Z`;
  }

  #find(id: string, ...call: readonly string[]): FakeContainer {
    const found = this.containers.find((one) => one.id === id);
    const [verb = '', ...rest] = call;
    this.#called([verb, found?.name ?? id, ...rest].join(' '));
    if (found === undefined) throw new Fault<ErrorCode>('container_not_found', `No such container: ${id}`);
    return found;
  }

  #called(call: string): void {
    this.calls.push(call);
    this.onCall(call);
    for (const [start, failure] of this.failures) {
      if (call.startsWith(start)) throw failure;
    }
  }
}
