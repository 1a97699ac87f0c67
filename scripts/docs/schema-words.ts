// A JSON Schema in a few words, for the tables of parameters.
import { z } from 'zod';
import { code, grouped } from './markdown.ts';

const node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  const: z.union([z.string(), z.number(), z.boolean()]).optional(),
  enum: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  items: z.unknown().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  maxItems: z.number().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  pattern: z.string().optional(),
});
type Node = z.infer<typeof node>;

/** "text, at most 255 characters", "whole number, 1 to 1 000", "list of `stdout` or `stderr`, at most 2". */
export function inWords(schema: unknown): string {
  const part = node.parse(schema);
  if (part.anyOf !== undefined) {
    const words = part.anyOf.map(inWords).filter((word) => word !== '');
    return [...new Set(words)].join(', or ');
  }
  const types = typeof part.type === 'string' ? [part.type] : (part.type ?? []);
  // That a parameter may be null instead of absent holds for every optional one, and is said once.
  return (
    types
      .filter((type) => type !== 'null')
      .map((type) => typeInWords(type, part))
      .join(' or ') || (types.length > 0 ? '' : 'anything')
  );
}

function typeInWords(type: string, part: Node): string {
  if (part.const !== undefined) return part.const === '' ? '' : code(String(part.const));
  if (part.enum !== undefined) return part.enum.map((value) => code(String(value))).join(' or ');
  switch (type) {
    case 'string':
      return `text${part.maxLength === undefined ? '' : `, at most ${grouped(part.maxLength)} characters`}${matching(part)}`;
    case 'integer':
      return `whole number, ${grouped(part.minimum ?? 0)} to ${grouped(part.maximum ?? 0)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return `list of ${inWords(part.items)}${part.maxItems === undefined ? '' : `, at most ${grouped(part.maxItems)}`}`;
    default:
      return type;
  }
}

function matching(part: Node): string {
  return part.pattern === undefined ? '' : ` that match ${code(part.pattern.replaceAll('\\/', '/'))}`;
}
