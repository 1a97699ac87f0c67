// Where one guest lives on the machine that runs the tests, and how all of it is removed, whoever started it and however that ended.
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { controlGroups, removeControlGroup } from '../../../scripts/parts/control-groups.ts';
import { findAbandoned, noteOwner } from '../../../scripts/parts/directory-owner.ts';
import { findProcesses, sleepBlocking } from '../../../scripts/parts/process-table.ts';

/** Everything of a guest carries `name`: its directory, its control groups, the mark in its processes' environment. */
export interface Place {
  readonly name: string;
  readonly directory: string;
}

const PARENT = '/var/tmp';
const PREFIX = 'status-panel-guest-';
const MARK = 'STATUS_PANEL_GUEST';
const KILL_ROUNDS = 60;
const ROUND_MS = 50;

export function markOf(place: Place): Readonly<Record<string, string>> {
  return { [MARK]: place.name };
}

export function takePlace(suffix: string): Place {
  const place = placeOf(PREFIX + suffix);
  mkdirSync(place.directory, { mode: 0o700 });
  noteOwner(place.directory);
  mkdirSync(path.join(place.directory, 'room'));
  return place;
}

/** Removes the guests of runs that were killed before they could do it; returns how many. */
export function sweepAbandonedGuests(): number {
  const abandoned = findAbandoned(PARENT, PREFIX);
  for (const name of abandoned) leavePlace(placeOf(name));
  return abandoned.length;
}

/** Synchronous, because it is also the last thing that runs when a program ends. Safe to call again. */
export function leavePlace(place: Place): void {
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const alive = findProcesses({ environment: `${MARK}=${place.name}`, cgroup: place.name });
    if (alive.length === 0) break;
    for (const pid of alive) kill(pid);
    sleepBlocking(ROUND_MS);
  }
  // The kernel needs a moment to notice that a group is empty.
  for (let round = 0; round < KILL_ROUNDS && controlGroups(place.name).length > 0; round += 1) {
    for (const group of controlGroups(place.name)) removeControlGroup(group);
    sleepBlocking(1);
  }
  rmSync(place.directory, { recursive: true, force: true, maxRetries: 3 });
}

function placeOf(name: string): Place {
  return { name, directory: path.join(PARENT, name) };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
