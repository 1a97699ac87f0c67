// The agent's own code with a registry of one command that does nothing, in a process of its own, its journal on disk.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { runAgent } from '../../src/agent/agent.ts';
import { DEFAULT_POLICY } from '../../src/agent/policy/policy.ts';
import { resolveConfig } from '../../src/agent/config.ts';
import type { Journal } from '../../src/agent/journal/journal.ts';
import { SqliteJournal } from '../../src/agent/journal/sqlite-journal.ts';
import { defineCommand } from '../../src/commands/definition.ts';
import { registryOf } from '../../src/commands/registry.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { createLog } from '../../src/platform/log.ts';
import { systemRandom } from '../../src/platform/random.ts';
import { clientSettings, identityOf } from './client.ts';
import { answerQuestions, settingsOfProgram } from './program.ts';

const noop = defineCommand({
  type: 'noop',
  summary: 'Does nothing.',
  effect: 'None.',
  access: 'read',
  capability: undefined,
  deadlineMs: { normal: 10_000, max: 10_000 },
  parameters: z.looseObject({}),
  result: z.object({ type: z.string() }),
  example: { parameters: {}, result: { type: 'noop' } },
  lane: () => '',
  run: async () => ({ result: { type: 'noop' }, errors: [] }),
  failed: () => ({ type: 'noop' }),
});

/** Counts the journal's fsynced transactions: each of these methods returns when its write is on disk. */
class CountingJournal extends SqliteJournal {
  writesCount = 0;

  override receive(...given: Parameters<Journal['receive']>): ReturnType<Journal['receive']> {
    this.writesCount += 1;
    return super.receive(...given);
  }

  override start(...given: Parameters<Journal['start']>): void {
    this.writesCount += 1;
    super.start(...given);
  }

  override finish(...given: Parameters<Journal['finish']>): void {
    this.writesCount += 1;
    super.finish(...given);
  }

  override reported(...given: Parameters<Journal['reported']>): void {
    this.writesCount += 1;
    super.reported(...given);
  }
}

let journal: CountingJournal | undefined;
const settings = clientSettings.parse(settingsOfProgram());
answerQuestions(async () => journal?.writesCount ?? 0);
await runAgent({
  policy: DEFAULT_POLICY,
  config: resolveConfig({
    flags: {},
    environment: {},
    file: { docker_socket: join(settings.directory, 'no-engine.sock') },
    filePath: 'config.json',
  }),
  identity: identityOf(settings),
  stateDirectory: settings.directory,
  version: '0.0.0-bench',
  registry: registryOf([noop]),
  clock: systemClock,
  random: systemRandom,
  log: createLog({ level: 'info', format: 'json', write: (line) => void writeSync(1, line) }),
  stopping: new AbortController().signal,
  onReady: () => undefined,
  pid: process.pid,
  openJournal: (...given) => {
    journal = new CountingJournal(...given);
    return journal;
  },
});
