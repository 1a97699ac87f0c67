// Starts a part once for a whole vitest run, however many projects ask for it, and ends it with the last of them.

/** A part as the tests see it: one address, and a way to end it. */
export interface StartedPart {
  readonly address: string;
  readonly end: () => Promise<void>;
}

interface SharedPart {
  readonly started: Promise<StartedPart>;
  users: number;
}

declare global {
  // Vitest loads a global setup anew for every project, so a variable of a module would not be shared.
  var statusPanelParts: Map<string, SharedPart> | undefined;
}

/** `start` is called once for each `name`; every caller calls `release` once. */
export async function sharePart(
  name: string,
  start: () => Promise<StartedPart>,
): Promise<{ readonly address: string; readonly release: () => Promise<void> }> {
  globalThis.statusPanelParts ??= new Map();
  const parts = globalThis.statusPanelParts;
  const shared = parts.get(name) ?? { started: start(), users: 0 };
  parts.set(name, shared);
  shared.users += 1;
  const { address, end } = await shared.started;
  const release = async (): Promise<void> => {
    shared.users -= 1;
    if (shared.users > 0) return;
    parts.delete(name);
    await end();
  };
  return { address, release };
}

/** A line for the person who runs the tests, written where a reporter does not swallow it. */
export function say(line: string): void {
  console.error(line);
}
