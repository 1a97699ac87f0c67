// Reads what a request carries: JSON bodies from their exact bytes, paths and queries, each with a schema or not at all.
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { problem } from './problem.ts';

const EMPTY = Buffer.alloc(0);
const DEPTH_MAX = 64;
const ISSUES_SHOWN = 5;

/** The bytes as they came: what a signature is computed over. */
export function rawBody(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : EMPTY;
}

/** Fault invalid_json for what no database can store, invalid_request with the path of each fault for what the schema refuses. */
export function readBody<Body>(schema: z.ZodType<Body>, request: FastifyRequest): Body {
  return parse(schema, parseJson(rawBody(request)), 'body');
}

export function readPath<Path>(schema: z.ZodType<Path>, request: FastifyRequest): Path {
  const path = parse(schema, request.params, 'path');
  refuseUnstorable(path, 0);
  return path;
}

export function readQuery<Query>(schema: z.ZodType<Query>, request: FastifyRequest): Query {
  const query = parse(schema, request.query, 'query');
  refuseUnstorable(query, 0);
  return query;
}

function parse<Value>(schema: z.ZodType<Value>, value: unknown, where: string): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues
    .slice(0, ISSUES_SHOWN)
    .map((issue) => `${issue.path.join('.') || where}: ${issue.message}`);
  throw problem('invalid_request', faults.join('; '));
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parseJson(body: Buffer): unknown {
  let value: unknown;
  try {
    value = JSON.parse(utf8.decode(body));
  } catch (error) {
    throw problem('invalid_json', 'the body is not JSON in UTF-8: check how it is encoded', error);
  }
  refuseUnstorable(value, 0);
  return value;
}

/** JSONB takes neither NUL nor lone surrogates, and deep nesting overflows the stack of whoever encodes it again (PROTOCOL.md §0). */
function refuseUnstorable(value: unknown, depth: number): void {
  if (depth > DEPTH_MAX)
    throw problem('invalid_json', `the body is nested more than ${DEPTH_MAX} levels deep: send it flatter`);
  if (typeof value === 'string') {
    refuseText(value);
  } else if (Array.isArray(value)) {
    for (const item of value) refuseUnstorable(item, depth + 1);
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      refuseText(key);
      refuseUnstorable(item, depth + 1);
    }
  }
}

function refuseText(text: string): void {
  if (text.includes('\u0000'))
    throw problem('invalid_json', 'a string contains NUL, which no database stores: replace it');
  if (!text.isWellFormed())
    throw problem('invalid_json', 'a string contains a lone surrogate: make it well-formed before encoding');
}
