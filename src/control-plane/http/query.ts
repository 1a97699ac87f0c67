// Query values that several reads share: they arrive as text and are whole numbers and flags.
import { z } from 'zod';
import { SNAPSHOT_COMMANDS_COUNT } from '../../protocol/snapshot.ts';

const LIST_DEFAULT_COUNT = 50;
const LIST_MAX_COUNT = 500;
const WAIT_MAX_MS = 30_000;

const whole = z.string().regex(/^\d{1,9}$/u, 'must be a whole number');

const limitUpTo = (maxCount: number): z.ZodType<number> =>
  whole.transform(Number).pipe(z.int().min(1).max(maxCount)).default(LIST_DEFAULT_COUNT);

/** 1 to 500 items, 50 unless told. */
export const limitQuery = limitUpTo(LIST_MAX_COUNT);

/** As many as an agent asks for that looks for what never reached it, 50 unless told. */
export const snapshotLimitQuery = limitUpTo(SNAPSHOT_COMMANDS_COUNT);

/** Milliseconds to wait for an outcome: 0 to 30 000, not at all unless told. */
export const waitQuery = whole.transform(Number).pipe(z.int().max(WAIT_MAX_MS)).default(0);

/** `true` or `false`, false unless told. */
export const flagQuery = z
  .enum(['true', 'false'])
  .default('false')
  .transform((text) => text === 'true');
