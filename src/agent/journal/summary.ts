// What the journal holds, read from beside a running agent without disturbing it.
import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { describeError, Fault } from '../../platform/fault.ts';
import { ENTRY_STATES } from './entry.ts';

const counts = z.array(z.object({ state: z.enum(ENTRY_STATES), count: z.number(), oldest_ms: z.number() }));
const parkedRows = z.array(
  z.object({ command_id: z.string(), type: z.string(), ended_at_ms: z.number(), park_reason: z.string() }),
);

export interface JournalSummary {
  readonly counts: z.infer<typeof counts>;
  /** Reports that the server refuses for good, newest first. */
  readonly parked: z.infer<typeof parkedRows>;
}

const PARKED_SHOWN_COUNT = 20;

/** Undefined when there is no journal yet. Throws Fault cannot_read with the path. */
export function summarize(path: string): JournalSummary | undefined {
  if (!existsSync(path)) return undefined;
  try {
    using db = new DatabaseSync(path, { readOnly: true });
    const byState = 'SELECT state, count(*) AS count, min(received_at_ms) AS oldest_ms FROM command GROUP BY state';
    const parked = `SELECT command_id, type, ended_at_ms, park_reason FROM command WHERE state = 'parked'
      ORDER BY ended_at_ms DESC LIMIT ${PARKED_SHOWN_COUNT}`;
    return { counts: counts.parse(db.prepare(byState).all()), parked: parkedRows.parse(db.prepare(parked).all()) };
  } catch (error) {
    throw new Fault('cannot_read', `${path}: ${describeError(error)}`, { cause: error });
  }
}
