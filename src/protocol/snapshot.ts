// The snapshot of a deployment, as far as the agent reads it: which commands the server believes to be on their way (PROTOCOL.md §1.11).
import { z } from 'zod';
import { commandEnvelope } from './command-envelope.ts';
import { timestamp } from './text.ts';

/** How many of the newest commands are asked for. */
export const SNAPSHOT_COMMANDS_COUNT = 1_000;

const snapshotCommand = commandEnvelope.extend({
  status: z.string().max(50),
  updated_at: timestamp.nullish().catch(null),
});
export type SnapshotCommand = z.infer<typeof snapshotCommand>;

const snapshot = z.object({ item: z.object({ commands: z.array(z.unknown()).max(10_000) }) });

/** Its commands; one that cannot be read is left out. Undefined when the answer is no snapshot. */
export function parseSnapshot(body: unknown): readonly SnapshotCommand[] | undefined {
  const parsed = snapshot.safeParse(body);
  if (!parsed.success) return undefined;
  return parsed.data.item.commands.flatMap((command) => {
    const read = snapshotCommand.safeParse(command);
    return read.success ? [read.data] : [];
  });
}
