// Reads a log page by page and compares it with what was written: the property that every scenario of paging comes down to.
import type { Seeded } from '../../../scripts/soak/seeded.ts';
import { type Asked, LogClient, type LogsPage } from './log-client.ts';

export type PageLine = LogsPage['lines'][number];

export interface Paging {
  readonly socketPath: string;
  readonly app: string;
  readonly from: string;
  /** The limit of each page. */
  readonly limit: (page: number) => number;
  readonly streams?: readonly string[];
  readonly maxPages?: number;
  /** Before each page: a new agent, as after a restart, knows nothing but the cursor. */
  readonly newAgent?: (page: number) => boolean;
  readonly between?: (page: number) => Promise<void>;
}

export interface Paged {
  readonly lines: readonly PageLine[];
  readonly pages: number;
  readonly cursor: string;
  /** Pages that say that lines are missing although they end the log, or begin elsewhere than the last one ended. */
  readonly faults: readonly string[];
}

/** Reads on until a page says that nothing follows. */
export async function readPages(paging: Paging): Promise<Paged> {
  const lines: PageLine[] = [];
  const faults: string[] = [];
  let cursor = paging.from;
  let client = new LogClient(paging.socketPath);
  let pages = 0;
  try {
    for (let more = true; more && pages < (paging.maxPages ?? 100_000); pages += 1) {
      await paging.between?.(pages);
      if (paging.newAgent?.(pages) === true) {
        client[Symbol.dispose]();
        client = new LogClient(paging.socketPath);
      }
      const asked: Asked = {
        app_code: paging.app,
        limit: paging.limit(pages),
        cursor,
        ...(paging.streams === undefined ? {} : { streams: paging.streams }),
      };
      const page = await client.page(asked);
      if (page.errors.length > 0) throw new Error(page.errors.map((error) => error.message).join('; '));
      if (page.lines.length > paging.limit(pages)) faults.push(`page ${pages} has ${page.lines.length} lines`);
      if (page.truncated && page.cursor === cursor)
        faults.push(`page ${pages} says that there is more and does not go on`);
      if (!page.truncated && page.lines.length === 0 && page.cursor !== cursor && paging.streams === undefined)
        faults.push(`page ${pages} is empty and moves on`);
      for (const line of page.lines) lines.push(line);
      cursor = page.cursor;
      more = page.truncated;
    }
    client[Symbol.dispose]();
    if (client.docker.openLogsCount !== 0) faults.push(`${client.docker.openLogsCount} requests are left open`);
  } finally {
    client[Symbol.dispose]();
  }
  return { lines, pages, cursor, faults };
}

/** Where what was read parts from the truth, in a few words each; empty when it is the same. */
export function differences(read: readonly string[], truth: readonly string[], what: string): readonly string[] {
  const at = Array.from({ length: Math.max(read.length, truth.length) }).findIndex(
    (_, index) => read[index] !== truth[index],
  );
  if (at === -1) return [];
  const shown = (text: string | undefined): string =>
    text === undefined ? 'nothing' : `${JSON.stringify(text.slice(0, 80))} of ${text.length}`;
  return [
    `${what}: line ${at} of ${truth.length} (${read.length} read) is ${shown(read[at])} instead of ${shown(truth[at])}`,
  ];
}

export function messages(lines: readonly PageLine[], stream?: string): readonly string[] {
  return lines.filter((line) => stream === undefined || line.stream === stream).map((line) => line.message);
}

/** New agents at random pages, so that both ways to go on are used. */
export function sometimes(random: Seeded, probability: number): (page: number) => boolean {
  return () => random.chance(probability);
}
