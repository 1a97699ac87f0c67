// The control plane's side of the command logs, on a real engine: pages as it would see them, each report checked as its server would.
import { EngineDocker } from '../../../src/agent/docker/docker.ts';
import { KnownSecrets } from '../../../src/agent/redaction/known-secrets.ts';
import { notInstalled } from '../../../src/agent/update/self-update.ts';
import { OwnSecrets } from '../../../src/agent/redaction/own-secrets.ts';
import { execute, prepare } from '../../../src/agent/worker/execute.ts';
import { reportOf } from '../../../src/agent/worker/report-of.ts';
import type { CommandContext, LogReader } from '../../../src/commands/context.ts';
import { encodeCursor } from '../../../src/commands/log-cursor.ts';
import { COMMANDS, registryOf } from '../../../src/commands/registry.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { RecordingLog } from '../../platform/recording-log.ts';
import { reportFaults } from '../../protocol/strict-report.ts';
import { z } from 'zod';

const HASH = 'dep-logs';
const KEY = 'key of the tests';
const REGISTRY = registryOf(COMMANDS);

const reported = z.object({
  result: z.object({
    /** null in a failure. */
    cursor: z.string().nullable(),
    truncated: z.boolean(),
    lines: z.array(
      z.object({ ts: z.string(), stream: z.enum(['stdout', 'stderr']), message: z.string(), redacted: z.boolean() }),
    ),
  }),
  errors: z.array(z.object({ code: z.string(), message: z.string() })).default([]),
});

export interface LogsPage {
  readonly cursor: string;
  readonly truncated: boolean;
  readonly lines: z.infer<typeof reported>['result']['lines'];
  readonly errors: z.infer<typeof reported>['errors'];
  readonly reportBytes: number;
}

export interface Asked {
  readonly app_code: string;
  readonly limit?: number;
  readonly cursor?: string | undefined;
  readonly streams?: readonly string[];
  readonly redact?: boolean;
}

/** Counts what the engine is asked for. */
class CountingDocker extends EngineDocker {
  openedCount = 0;

  override async openLog(id: string, tail: number, signal: AbortSignal): Promise<LogReader> {
    this.openedCount += 1;
    return await super.openLog(id, tail, signal);
  }
}

/** One agent that is asked for pages; closing it ends what it holds open. */
export class LogClient implements Disposable {
  readonly docker: CountingDocker;
  readonly #secrets: KnownSecrets;

  constructor(socketPath: string) {
    this.docker = new CountingDocker(socketPath, systemClock);
    const ownSecrets = new OwnSecrets();
    ownSecrets.remember('own-token-of-the-agent-0123456789');
    this.#secrets = new KnownSecrets({
      sourcesOf: (id, signal) => this.docker.secretSources(id, signal),
      ownSecrets,
    });
  }

  /** A cursor before the oldest line, which an agent gives for a log that is empty. */
  static beginning(containerId: string, app: string): string {
    return encodeCursor({ containerId, app, position: undefined }, KEY);
  }

  /** Throws when the production server would refuse the report. */
  async page(asked: Asked): Promise<LogsPage> {
    const envelope = {
      command_id: 'cmd_1',
      deployment_hash: HASH,
      type: 'logs',
      parameters: { redact: false, ...asked },
      timeout_seconds: 120,
    };
    const command = REGISTRY.get('logs');
    if (command === undefined) throw new Error('there is no command logs');
    const ready = prepare(REGISTRY, command, envelope);
    const context: CommandContext = {
      deploymentHash: HASH,
      composeProject: undefined,
      docker: this.docker,
      clock: systemClock,
      selfUpdate: notInstalled('0.0.0'),
      stopping: new AbortController().signal,
      maskFor: (id, signal) => this.#secrets.maskFor(id, signal),
      cursorKey: KEY,
      allowUnredactedLogs: true,
      beforeEffect: () => undefined,
      lockContainer: async () => ({ [Symbol.dispose]: () => undefined }),
    };
    const log = new RecordingLog();
    const execution = { envelope, command, registry: REGISTRY, context, log };
    const outcome =
      'refused' in ready ? ready.refused : await execute(execution, ready.prepared, new AbortController().signal);
    if (outcome === 'continues-after-restart') throw new Error('logs does not restart the agent');
    const nowMs = systemClock.now();
    const maker = { registry: REGISTRY, agentVersion: '0.0.0', mask: (text: string) => this.#secrets.maskText(text) };
    const body = reportOf(maker, envelope, outcome, { startedMs: nowMs, completedMs: nowMs });
    const faults = reportFaults(body, 'logs');
    if (faults.length > 0) throw new Error(`the server would refuse the report: ${faults.join('; ')}`);
    const { result, errors } = reported.parse(JSON.parse(body));
    return { ...result, cursor: result.cursor ?? '', errors, reportBytes: Buffer.byteLength(body) };
  }

  [Symbol.dispose](): void {
    this.docker[Symbol.dispose]();
  }
}
