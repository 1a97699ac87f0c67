// Reads the golden requests, answers and signatures that lie beside this file.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const bytes = z.union([
  z.object({ text: z.string() }),
  z.object({ parts: z.array(z.tuple([z.string(), z.int()])) }),
  z.object({ file: z.string() }),
]);

const signature = z.object({
  name: z.string(),
  key: z.string(),
  body: bytes,
  bytes: z.int(),
  about: z.string(),
  signature: z.string(),
});
const signatures = z.object({
  keys: z.record(z.string(), bytes),
  vectors: z.array(signature),
  client: z.object({ vectors: z.array(signature.omit({ signature: true, about: true }).extend({ hex: z.string() })) }),
});

const answers = z.array(
  z.object({
    name: z.string(),
    request: z.enum(['wait', 'report']),
    status: z.int(),
    contentType: z.string(),
    body: z.string(),
    verdict: z.enum(['accepted', 'unauthorized', 'forbidden', 'try-later', 'rejected']),
    message: z.string().optional(),
    wait: z
      .union([
        z.object({
          kind: z.literal('command'),
          commandId: z.string(),
          type: z.string(),
          parameters: z.unknown(),
          timeoutMs: z.number().nullable(),
        }),
        z.object({ kind: z.literal('nothing') }),
        z.object({ kind: z.literal('unreadable'), commandId: z.string().nullable() }),
      ])
      .optional(),
  }),
);

const bodies = z.array(
  z.object({ name: z.string(), schema: z.string(), status: z.int().optional(), body: z.string(), valid: z.boolean() }),
);

function read(file: string): string {
  return readFileSync(join(import.meta.dirname, 'vectors', file), 'utf8');
}

function textOf(value: z.infer<typeof bytes>): string {
  if ('text' in value) return value.text;
  if ('file' in value) return read(value.file).replace(/\n$/u, '');
  return value.parts.map(([text, count]) => text.repeat(count)).join('');
}

const parsed = signatures.parse(JSON.parse(read('signatures.json')));
const keyOf = (name: string): string => {
  const key = parsed.keys[name];
  if (key === undefined) throw new Error(`no key ${name}`);
  return textOf(key);
};

export const SIGNATURE_VECTORS = parsed.vectors.map((one) => ({
  ...one,
  key: keyOf(one.key),
  body: Buffer.from(textOf(one.body)),
}));
export const CLIENT_VECTORS = parsed.client.vectors.map((one) => ({
  ...one,
  key: keyOf(one.key),
  body: Buffer.from(textOf(one.body)),
}));
export const GOLDEN_ANSWERS = answers.parse(JSON.parse(read('answers.json')));
export const GOLDEN_REGISTRATIONS = bodies.parse(JSON.parse(read('registrations.json')));
export const GOLDEN_REQUESTS = bodies.parse(JSON.parse(read('requests.json')));
