// What the benchmark of logs asks the program that reads them, and what that answers.
import { z } from 'zod';

export const question = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('ready') }),
  z.object({ ask: z.literal('idle') }),
  z.object({ ask: z.literal('cursor'), containerId: z.string(), app: z.string(), back: z.number() }),
  z.object({
    ask: z.literal('pages'),
    containerId: z.string(),
    app: z.string(),
    limit: z.number(),
    /** Where to begin: `oldest`, `newest`, or a cursor that an earlier answer gave. */
    from: z.string(),
    maxPages: z.number(),
  }),
]);

export const pagesAnswer = z.object({
  wallMs: z.number(),
  cpuMs: z.number(),
  loopDelayP99Ms: z.number(),
  pages: z.number(),
  lines: z.number(),
  redacted: z.number(),
  reportBytes: z.number(),
  cursor: z.string(),
});
export type PagesAnswer = z.infer<typeof pagesAnswer>;
export type Question = z.infer<typeof question>;
export type PagesQuestion = Extract<Question, { ask: 'pages' }>;
