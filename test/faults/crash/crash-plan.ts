// Which command is killed where: every journal write and both sides of every Docker call of every changing command. Pure.

export interface CrashCase {
  readonly command: 'restart' | 'start' | 'stop' | 'pause' | 'unpause';
  /** `slow` takes seconds to stop, `one-shot` ends by itself at once. */
  readonly container: 'quick' | 'slow' | 'one-shot';
  /** The injection point of each start; one more start without a fault follows. */
  readonly kills: readonly string[];
}

const COMMANDS = ['restart', 'start', 'stop', 'pause', 'unpause'] as const;
const WRITES = ['receive', 'start', 'note', 'finish', 'reported'] as const;
/** Looks after the restart, until the container has run for a while. */
const RESTART_INSPECTS_COUNT = 5;

function pointsOf(command: CrashCase['command']): readonly string[] {
  const inspects = command === 'restart' ? RESTART_INSPECTS_COUNT : 2;
  const calls = [
    ...WRITES.map((write) => `journal.${write}#1`),
    'docker.list#1',
    `docker.${command}#1`,
    ...Array.from({ length: inspects }, (_, at) => `docker.inspect#${at + 1}`),
  ];
  return calls.flatMap((call) => {
    const [name = '', nth = '1'] = call.split('#');
    return ['before', 'after'].map((phase) => `${name}:${phase}:${nth}`);
  });
}

const quick = (command: CrashCase['command'], ...kills: readonly string[]): CrashCase => ({
  command,
  container: 'quick',
  kills,
});

/** In the middle of the engine's work, and around containers that do not stay: where looking at the host is hardest. */
const HARD: readonly CrashCase[] = [
  ...(['restart', 'stop'] as const).flatMap((command) => [
    { command, container: 'slow', kills: [`docker.${command}:during:1`] } as const,
    { command, container: 'slow', kills: [`docker.${command}:during:1`, `docker.${command}:during:1`] } as const,
    { command, container: 'slow', kills: [`docker.${command}:during:1`, 'docker.inspect:after:1'] } as const,
  ]),
  { command: 'restart', container: 'slow', kills: ['docker.restart:during:1', 'docker.restart:hold:1'] },
  ...(['restart', 'start'] as const).flatMap((command) => [
    { command, container: 'one-shot', kills: [`docker.${command}:after:1`] } as const,
    { command, container: 'one-shot', kills: ['journal.finish:before:1'] } as const,
    { command, container: 'one-shot', kills: ['docker.inspect:before:2'] } as const,
  ]),
];

/** Every point once, and every point again on the second start. */
export const FULL: readonly CrashCase[] = [
  ...HARD,
  ...COMMANDS.flatMap((command) =>
    pointsOf(command).flatMap((point) => [quick(command, point), quick(command, point, point)]),
  ),
];

/** The points between which it is decided what a crash means, for every command. */
export const REDUCED: readonly CrashCase[] = [
  ...HARD,
  ...COMMANDS.flatMap((command) => [
    quick(command, 'journal.note:after:1'),
    quick(command, `docker.${command}:after:1`),
    quick(command, 'journal.reported:before:1'),
  ]),
  ...COMMANDS.flatMap((command) => [quick(command, `docker.${command}:before:1`, `docker.${command}:before:1`)]),
  quick('restart', 'journal.receive:before:1'),
  quick('restart', 'docker.restart:after:1', 'docker.inspect:after:1'),
];
