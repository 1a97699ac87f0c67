// Keeps the journal within its limit: what nobody waits for goes, the oldest first, and little of it at a time.
import type { StatementSync } from 'node:sqlite';
import { z } from 'zod';

export type Prepare = (sql: string) => StatementSync;

/** Beyond so many, ids of ended commands are of no use: no server delivers again what it was told so long ago. */
export const KEPT_MAX_COUNT = 20_000;
/** One transaction touches a few pages for each entry, all of which go through the log before the file: a MiB or two at the most. */
const BATCH_COUNT = 250;
export const PAGE_BYTES = 4_096;
/** More than any one write takes: while so much of the file is free, it is the disk that is full. */
const ANY_WRITE_PAGES = 600;

const ENDED = `state IN ('reported', 'parked')`;

const agesSchema = z.object({ all: z.number(), old: z.number() });
const pagesSchema = z.object({ count: z.number(), free: z.number(), max: z.number() });

/** Forgets the bodies of ended commands older than `beforeMs`, of a batch at the most. Returns how many. */
export function forgetBodies(prepare: Prepare, beforeMs: number, minBytes = 0): number {
  const sql = `UPDATE command SET report = NULL WHERE rowid IN (
    SELECT rowid FROM command WHERE ${ENDED} AND octet_length(report) >= ? AND ended_at_ms < ?
    ORDER BY ended_at_ms LIMIT ${BATCH_COUNT})`;
  return Number(prepare(sql).run(minBytes, beforeMs).changes);
}

/** Deletes ended commands older than `beforeMs`, and the oldest ones beyond `maxEntries`: a batch at the most. Returns how many. */
export function deleteEnded(prepare: Prepare, beforeMs: number, maxEntries: number): number {
  const { all, old } = agesOf(prepare, beforeMs);
  return deleteOldest(prepare, Math.max(old, all - maxEntries));
}

/**
 * For a write that found the file at its limit; false when nothing more can go, or the limit is not what is in the way. Bodies that have
 * pages of their own give them back when they are forgotten; of smaller ones the page stays in use, so whole entries have to go.
 */
export function makeRoom(prepare: Prepare): boolean {
  if (freePages(prepare) >= ANY_WRITE_PAGES) return false;
  const beyond = deleteEnded(prepare, 0, KEPT_MAX_COUNT);
  if (beyond > 0) return true;
  if (forgetBodies(prepare, Number.MAX_SAFE_INTEGER, PAGE_BYTES) > 0) return true;
  // Never all at once: the newest are the ones that may be delivered again.
  return deleteOldest(prepare, Math.floor(agesOf(prepare, 0).all / 2)) > 0;
}

function deleteOldest(prepare: Prepare, count: number): number {
  if (count <= 0) return 0;
  const sql = `DELETE FROM command WHERE rowid IN (
    SELECT rowid FROM command WHERE ${ENDED} ORDER BY ended_at_ms LIMIT min(?, ${BATCH_COUNT}))`;
  return Number(prepare(sql).run(count).changes);
}

function agesOf(prepare: Prepare, beforeMs: number): z.infer<typeof agesSchema> {
  const sql = `SELECT count(*) AS "all", count(*) FILTER (WHERE ended_at_ms < ?) AS old FROM command WHERE ${ENDED}`;
  return agesSchema.parse(prepare(sql).get(beforeMs));
}

function freePages(prepare: Prepare): number {
  const sql = `SELECT page_count AS count, freelist_count AS free, max_page_count AS max
    FROM pragma_page_count(), pragma_freelist_count(), pragma_max_page_count()`;
  const { count, free, max } = pagesSchema.parse(prepare(sql).get());
  return max - count + free;
}
