// Whether what a schema takes from the wire has a maximum: every string, array, number and key, wherever it lies.
import { z } from 'zod';
import type { SourceFile } from './source-files.ts';

const node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  pattern: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  propertyNames: z.unknown().optional(),
  additionalProperties: z.unknown().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  items: z.unknown().optional(),
  prefixItems: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  allOf: z.array(z.unknown()).optional(),
  oneOf: z.array(z.unknown()).optional(),
});
type Node = z.infer<typeof node>;

/** One sentence for each place of the schema that has no maximum. What is opaque (`unknown`) is bounded by the body it comes in. */
export function limitFaults(name: string, schema: z.ZodType): readonly string[] {
  return [...nodeFaults(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), name)];
}

function* nodeFaults(raw: unknown, where: string): Generator<string> {
  const parsed = node.safeParse(raw);
  if (!parsed.success) return;
  const schema = parsed.data;
  const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
  for (const type of types) yield* ownFaults(type, schema, where);
  for (const [key, inner] of Object.entries(schema.properties ?? {})) yield* nodeFaults(inner, `${where}.${key}`);
  for (const [at, inner] of (schema.prefixItems ?? []).entries()) yield* nodeFaults(inner, `${where}[${at}]`);
  yield* nodeFaults(schema.items, `${where}[]`);
  yield* nodeFaults(schema.additionalProperties, `${where}.*`);
  for (const inner of [...(schema.anyOf ?? []), ...(schema.allOf ?? []), ...(schema.oneOf ?? [])]) {
    yield* nodeFaults(inner, where);
  }
}

function* ownFaults(type: string, schema: Node, where: string): Generator<string> {
  if (schema.enum !== undefined || schema.const !== undefined) return;
  const largest = schema.maximum ?? schema.exclusiveMaximum;
  // z.int() by itself allows every number that is exact: that is no limit anybody chose.
  const isBounded = largest !== undefined && largest < Number.MAX_SAFE_INTEGER;
  if (type === 'string' && schema.maxLength === undefined && !hasBoundedPattern(schema)) {
    yield `${where}: a string without a maximum`;
  }
  if (type === 'array' && schema.maxItems === undefined) yield `${where}: an array without a maximum`;
  if ((type === 'integer' || type === 'number') && !isBounded) yield `${where}: a number without a maximum`;
  if (schema.propertyNames !== undefined) yield* nodeFaults(schema.propertyNames, `${where}, a key`);
}

function hasBoundedPattern(schema: Node): boolean {
  return schema.pattern !== undefined && isBoundedPattern(schema.pattern);
}

/** Anchored on both sides, and nothing in it may repeat for ever. */
function isBoundedPattern(pattern: string): boolean {
  return /^\^.*\$$/su.test(pattern) && !/[*+]|\{\d+,\}/u.test(pattern.replaceAll(/\\.|\[(?:\\.|[^\]])*\]/gu, '.'));
}

const LIMITS_OF: Readonly<Record<string, RegExp>> = {
  string: /\.(?:max|length|regex|pipe)\(/u,
  array: /\.(?:max|length)\(/u,
  int: /\.(?:max|lte|lt)\(/u,
  number: /\.(?:max|lte|lt|pipe)\(/u,
};
const CALL = /\bz\s*\.(?:coerce\s*\.)?(string|array|int|number)\(/gu;

/**
 * The same on source text, for schemas that a module keeps to itself: a `z.string(`, `z.array(`, `z.int(` or `z.number(` whose chain of
 * calls names no maximum. `kinds` are the ones to look at.
 */
export function textLimitFaults(file: SourceFile, kinds: readonly string[]): readonly string[] {
  const faults: string[] = [];
  for (const match of file.text.matchAll(CALL)) {
    const kind = match[1] ?? '';
    const limit = LIMITS_OF[kind];
    if (limit === undefined || !kinds.includes(kind)) continue;
    const chain = chainFrom(file.text, match.index + match[0].length - 1);
    if (limit.test(chain)) continue;
    const line = file.text.slice(0, match.index).split('\n').length;
    faults.push(`${file.path}:${line}: ${match[0]}… has no maximum`);
  }
  return faults;
}

/** The calls chained to the one whose bracket opens at `at`, arguments blanked: `.min().max()`. */
function chainFrom(text: string, at: number): string {
  let position = closing(text, at) + 1;
  let chain = '';
  for (;;) {
    const call = /^\s*\.(\w+)\(/u.exec(text.slice(position, position + 200));
    if (call === null) return chain;
    const open = position + call[0].length - 1;
    const close = closing(text, open);
    const isUnboundedRegex = call[1] === 'regex' && !isBoundedRegexLiteral(text.slice(open + 1, close));
    chain += isUnboundedRegex ? '.pattern()' : `.${call[1]}()`;
    position = close + 1;
  }
}

function isBoundedRegexLiteral(text: string): boolean {
  const literal = /^\s*\/(.*)\/\w*/su.exec(text)?.[1];
  return literal !== undefined && isBoundedPattern(literal);
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === '(') depth += 1;
    else if (text[at] === ')') depth -= 1;
    if (depth === 0) return at;
  }
  return text.length;
}
