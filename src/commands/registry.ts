// The closed set: what is not listed here, the agent cannot do.
import { CAPABILITY_MAP } from '../protocol/capability.ts';
import type { Command } from './definition.ts';
import { health } from './health.ts';
import { logs } from './logs.ts';
import { pause } from './pause.ts';
import { restart } from './restart.ts';
import { start } from './start.ts';
import { stop } from './stop.ts';
import { unpause } from './unpause.ts';
import { updateAgent } from './update-agent.ts';

export const COMMANDS: readonly Command[] = [health, logs, restart, start, stop, pause, unpause, updateAgent];

export type Registry = ReadonlyMap<string, Command>;

export function registryOf(commands: readonly Command[]): Registry {
  return new Map(commands.map((command) => [command.type, command]));
}

/**
 * The capability strings the agent may advertise: one is a promise of every command the map gives it, so it is only
 * made when all of them are here (REQUIREMENTS A7). An update of the agent also needs the owner's word and an updater.
 */
export function capabilitiesOf(registry: Registry, canUpdateItself: boolean): readonly string[] {
  const promised = new Set(CAPABILITY_MAP.map((entry) => entry.requires));
  if (!canUpdateItself) promised.delete(updateAgent.capability ?? '');
  return [...promised].filter((capability) =>
    CAPABILITY_MAP.filter((entry) => entry.requires === capability).every((entry) => registry.has(entry.command_type)),
  );
}
