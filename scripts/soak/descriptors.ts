// What a process holds open, by what it is: files by their name, connections by whom they lead to.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

/** Kind → how many. */
export type Descriptors = Readonly<Record<string, number>>;

export function descriptorsOf(pid: number): Descriptors {
  const peers = tcpPeers(pid);
  const kinds = readdirSync(`/proc/${pid}/fd`).flatMap((descriptor) => {
    try {
      return kindOf(readlinkSync(`/proc/${pid}/fd/${descriptor}`), peers);
    } catch {
      // Closed since the folder was listed.
      return [];
    }
  });
  return countsOf(kinds);
}

/** What was there at every look: the rest was open for a moment only. */
export function heldAt(looks: readonly Descriptors[]): Descriptors {
  const kinds = new Set(looks.flatMap((look) => Object.keys(look)));
  const held = [...kinds].map((kind) => [kind, Math.min(...looks.map((look) => look[kind] ?? 0))] as const);
  return Object.fromEntries(held.filter(([, count]) => count > 0));
}

export function countOf(descriptors: Descriptors): number {
  return Object.values(descriptors).reduce((sum, count) => sum + count, 0);
}

/** "tcp 127.0.0.1:80 1 → 3, …": the kinds of which there are more or fewer than before; empty when there are none. */
export function changeOf(before: Descriptors, after: Descriptors): string {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((kind) => before[kind] !== after[kind])
    .map((kind) => `${kind} ${before[kind] ?? 0} → ${after[kind] ?? 0}`)
    .join(', ');
}

function countsOf(kinds: readonly string[]): Descriptors {
  const counts = new Map<string, number>();
  for (const kind of kinds) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function kindOf(target: string, peers: ReadonlyMap<string, string>): string {
  const [, kind, inode] = /^(socket|pipe):\[(\d+)\]$/u.exec(target) ?? [];
  if (kind === 'pipe') return 'pipe';
  if (kind === 'socket') return peers.get(inode ?? '') ?? 'unix socket';
  return target.startsWith('anon_inode:') ? target : basename(target);
}

/** Inode → peer, as in proc(5): the third field is the peer's address and port in hexadecimal, the tenth the inode. */
function tcpPeers(pid: number): ReadonlyMap<string, string> {
  const lines = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').trim().split('\n').slice(1),
  );
  return new Map(
    lines.map((line) => {
      const fields = line.trim().split(/\s+/u);
      const port = Number.parseInt(fields[2]?.split(':')[1] ?? '', 16);
      return [fields[9] ?? '', `tcp to port ${port}`];
    }),
  );
}
