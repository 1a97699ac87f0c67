// What systemd hands over to the process it starts: two sockets that Node could not open by itself, and how long its patience lasts.
import { fstatSync, writeSync } from 'node:fs';
import type process from 'node:process';
import { NO_SERVICE_MANAGER, type ServiceManager, systemdOver } from '../platform/service-manager.ts';

export interface Inherited {
  readonly serviceManager: ServiceManager;
  /** Undefined where the unit does not hand over journald's socket. */
  readonly writeEntry: ((entry: Buffer) => boolean) | undefined;
}

/** sd_listen_fds(3): descriptors begin here. */
const FIRST_DESCRIPTOR = 3;
const NAMES = [
  'LISTEN_PID',
  'LISTEN_PIDFDID',
  'LISTEN_FDS',
  'LISTEN_FDNAMES',
  'NOTIFY_SOCKET',
  'WATCHDOG_USEC',
  'WATCHDOG_PID',
];

/**
 * Takes the descriptors called `notify` and `journal` (unit: OpenFile=; before systemd 253: systemd/start-below-253.sh) and forgets the variables that
 * told of them, which are for this process alone. Node itself marks what it inherits close-on-exec.
 */
export function inheritedFrom(environment: typeof process.env, pid: number): Inherited {
  const given = { ...environment };
  for (const name of NAMES) delete environment[name];
  const descriptors = descriptorsOf(given, pid);
  const notify = descriptors.get('notify');
  const journal = descriptors.get('journal');
  return {
    serviceManager:
      notify === undefined
        ? NO_SERVICE_MANAGER
        : systemdOver((text) => void write(notify, text), watchdogMs(given, pid)),
    // Too large for one datagram, or nobody at the other end: the line goes to standard output instead.
    writeEntry: journal === undefined ? undefined : (entry) => write(journal, entry),
  };
}

function descriptorsOf(given: typeof process.env, pid: number): ReadonlyMap<string, number> {
  const isOurs = given['LISTEN_PID'] === String(pid);
  const count = isOurs ? Number(given['LISTEN_FDS'] ?? '0') : 0;
  const names = (given['LISTEN_FDNAMES'] ?? '').split(':').slice(0, count);
  const open = names.map((name, at) => [name, FIRST_DESCRIPTOR + at] as const);
  return new Map(open.filter(([, descriptor]) => isPeer(descriptor)));
}

function isPeer(descriptor: number): boolean {
  try {
    const stats = fstatSync(descriptor);
    return stats.isSocket() || stats.isFIFO();
  } catch {
    return false;
  }
}

function watchdogMs(given: typeof process.env, pid: number): number | undefined {
  const isOurs = (given['WATCHDOG_PID'] ?? String(pid)) === String(pid);
  const ms = Number(given['WATCHDOG_USEC'] ?? '0') / 1000;
  return isOurs && ms > 0 ? ms : undefined;
}

function write(descriptor: number, message: string | Buffer): boolean {
  try {
    const bytes = Buffer.from(message);
    return writeSync(descriptor, bytes) === bytes.length;
  } catch {
    return false;
  }
}
