// status-panel status: who this agent is, whether it runs, what troubles it, and what waits in its journal (REQUIREMENTS A13).
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ActivityState, readActivity } from '../agent/activity.ts';
import { loadIdentity } from '../agent/identity/identity.ts';
import { type JournalSummary, summarize } from '../agent/journal/summary.ts';
import { systemClock } from '../platform/clock.ts';
import { Fault } from '../platform/fault.ts';
import { readCommandLine } from './command-line.ts';
import type { ExitName } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

/** Exits 0 when all is well, 69 when the agent does not run or something troubles it. */
export async function status(terminal: Terminal): Promise<ExitName> {
  const { config, places } = readCommandLine(terminal, {});
  const identity = loadIdentity(places.stateDirectory);
  if (identity === undefined) {
    throw new Fault('not_registered', `this host is not registered (no identity in ${places.stateDirectory})`);
  }
  const activity = readActivity(places.stateDirectory);
  const running = activity !== undefined && existsSync(`/proc/${activity.pid}`);
  const journal = summarize(join(places.stateDirectory, 'journal.db'));
  const lines = [
    ['agent', `${identity.agent_id}, deployment ${identity.deployment_hash}`],
    ['server', config.server_url ?? identity.server_url],
    ['process', processLine(activity, running)],
    ...(running ? troubleLines(activity) : []),
    ...journalLines(journal),
  ];
  for (const [what = '', text = ''] of lines) terminal.out(`${what.padEnd(14)} ${text}\n`);
  const well = running && Object.keys(activity.troubles).length === 0 && activity.ready_at !== undefined;
  return well ? 'ok' : 'unavailable';
}

function processLine(activity: ActivityState | undefined, running: boolean): string {
  if (activity === undefined) return 'has never run here';
  if (!running) return `does not run; it was started last at ${activity.started_at}`;
  const ready =
    activity.ready_at === undefined ? 'the control plane has not answered yet' : `ready since ${activity.ready_at}`;
  return `${activity.pid}, version ${activity.version}, started ${activity.started_at}, ${ready}`;
}

function troubleLines(activity: ActivityState): string[][] {
  const skew = activity.clock_skew_seconds;
  const clock =
    skew === undefined ? [] : [['clock_skew', `the host's clock is ${skew} s off the server's: check "timedatectl"`]];
  const troubles = Object.entries(activity.troubles).map(([what, { since, reason }]) => [
    'trouble',
    `${what}, since ${since}: ${reason}`,
  ]);
  return [...troubles, ...clock];
}

const STATE_WORDS = {
  received: 'waiting to run',
  started: 'running',
  finished: 'waiting to be delivered',
  reported: 'reported',
  parked: 'parked: refused by the server for good',
} as const;

function journalLines(journal: JournalSummary | undefined): string[][] {
  if (journal === undefined) return [['journal', 'is empty']];
  const nowMs = systemClock.now();
  const counts = journal.counts.map(({ state, count, oldest_ms }) => {
    const minutes = Math.max(Math.round((nowMs - oldest_ms) / 60_000), 0);
    return ['journal', `${count} ${STATE_WORDS[state]}, the oldest for ${minutes} min`];
  });
  const parked = journal.parked.map((one) => ['parked', `${one.command_id} ${one.type}: ${one.park_reason}`]);
  return [...(counts.length === 0 ? [['journal', 'is empty']] : counts), ...parked];
}
