// Removes everything a private Docker Engine left on the machine: processes, mounts, control groups, folders.
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, rmdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { controlGroups, mounts, removeControlGroup } from './control-groups.ts';
import { findAbandoned, noteOwner, readOwner } from './directory-owner.ts';
import { findProcesses, sleepBlocking } from './process-table.ts';

/** Where one private engine lives. All of it carries `name`, so that nothing of another engine is ever touched. */
export interface EnginePlace {
  readonly name: string;
  /** Short-lived and with a short path, because a unix socket's path must stay below 108 characters. */
  readonly runDirectory: string;
  /** Images, containers and their logs: on disk, because /run is memory on most machines. */
  readonly dataDirectory: string;
}

const UMOUNT = '/usr/bin/umount';
const RUN_PARENT = '/run';
const DATA_PARENT = '/var/tmp';
const NAME_PREFIX = 'status-panel-engine-';
// What Docker and containerd make outside the folders they are given, innermost first.
const OUTSIDE_DIRECTORIES = [
  '/run/containerd/s',
  '/run/containerd',
  '/run/docker/plugins',
  '/run/docker',
  '/opt/containerd/bin',
  '/opt/containerd/lib',
  '/opt/containerd',
];
const KILL_ROUNDS = 60;
const KILL_ROUND_MS = 50;

export function enginePlace(suffix: string): EnginePlace {
  const name = NAME_PREFIX + suffix;
  return { name, runDirectory: path.join(RUN_PARENT, name), dataDirectory: path.join(DATA_PARENT, name) };
}

/** Every process an engine starts inherits this, so they are found whatever they are called. */
export function engineMark(place: EnginePlace): { name: string; value: string } {
  return { name: 'STATUS_PANEL_ENGINE', value: place.name };
}

/** Notes whose this is, and what the machine did not have before; call it before the engine starts. */
export function writeOwner(place: EnginePlace): void {
  noteOwner(
    place.dataDirectory,
    OUTSIDE_DIRECTORIES.filter((dir) => !existsSync(dir)),
  );
}

/** Removes the engines of programs that were killed before they could do it themselves; returns how many. */
export function sweepAbandonedEngines(): number {
  const abandoned = findAbandoned(DATA_PARENT, NAME_PREFIX);
  for (const name of abandoned) removeLeftovers(enginePlace(name.slice(NAME_PREFIX.length)));
  return abandoned.length;
}

/** Synchronous, because it is also the last thing that runs when this program ends. Safe to call again. */
export function removeLeftovers(place: EnginePlace): void {
  const absentBefore = readOwner(place.dataDirectory)?.remarks ?? [];
  const shimSockets = findShimSockets(place);
  killAll(place);
  unmountAll(place);
  for (const group of controlGroups(place.name)) removeControlGroup(group);
  for (const socket of shimSockets) attempt(() => unlinkSync(socket));
  rmSync(place.runDirectory, { recursive: true, force: true, maxRetries: 3 });
  rmSync(place.dataDirectory, { recursive: true, force: true, maxRetries: 3 });
  // rmdir takes away only what is empty, so never what another engine uses.
  for (const dir of OUTSIDE_DIRECTORIES) if (absentBefore.includes(dir)) attempt(() => rmdirSync(dir));
}

function attempt(step: () => void): void {
  try {
    step();
  } catch {
    // Not there, or in use by somebody else: both are fine.
  }
}

/** containerd keeps the sockets of its helpers in one folder for the whole machine, and notes their paths under its own. */
function findShimSockets(place: EnginePlace): string[] {
  const notes = globSync('exec/containerd/daemon/io.containerd.runtime.v2.task/*/*/address', {
    cwd: place.runDirectory,
  });
  const sockets: string[] = [];
  for (const note of notes) {
    attempt(() => {
      const address = readFileSync(path.join(place.runDirectory, note), 'utf8').trim();
      if (address.startsWith('unix:///run/containerd/s/')) sockets.push(address.slice('unix://'.length));
    });
  }
  return sockets;
}

function killAll(place: EnginePlace): void {
  const mark = engineMark(place);
  for (let round = 0; round < KILL_ROUNDS; round += 1) {
    const alive = findProcesses({ environment: `${mark.name}=${mark.value}`, cgroup: place.name });
    if (alive.length === 0) return;
    // A paused container hears not even SIGKILL while its group is frozen.
    for (const file of controlGroups(place.name).flatMap((group) =>
      globSync('**/freezer.state', { cwd: group }).map((name) => path.join(group, name)),
    )) {
      attempt(() => writeFileSync(file, 'THAWED'));
    }
    for (const pid of alive) attempt(() => process.kill(pid, 'SIGKILL'));
    sleepBlocking(KILL_ROUND_MS);
  }
}

function unmountAll(place: EnginePlace): void {
  const mine = mounts()
    .map(({ mountPoint }) => mountPoint)
    .filter((point) =>
      [place.runDirectory, place.dataDirectory].some((dir) => point === dir || point.startsWith(`${dir}/`)),
    )
    .toReversed();
  // Lazily, because a process that is just dying may still hold one for an instant.
  if (mine.length > 0) spawnSync(UMOUNT, ['--no-mtab', '--lazy', ...mine], { stdio: 'ignore', timeout: 10_000 });
}
