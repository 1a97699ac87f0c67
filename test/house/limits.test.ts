// Everything that comes from the wire has a maximum: the schemas are walked, and the source of those that are private is read.
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import * as answers from '../../src/agent/docker/answers.ts';
import { COMMANDS } from '../../src/commands/registry.ts';
import { limitFaults, textLimitFaults } from './limits.ts';
import { filesUnder, ROOT, tooFew } from './source-files.ts';

/** Schemas by name that the files under `folder` export. */
async function exportedSchemas(folder: string): Promise<readonly [string, z.ZodType][]> {
  const found: [string, z.ZodType][] = [];
  for (const { path } of filesUnder([folder], ['.ts'])) {
    const module: unknown = await import(join(ROOT, path));
    for (const [name, value] of Object.entries(z.record(z.string(), z.unknown()).parse({ ...Object(module) }))) {
      if (value instanceof z.ZodType) found.push([`${path}:${name}`, value]);
    }
  }
  return found;
}

describe('limits', () => {
  it('stand on everything in the wire contract', async () => {
    const schemas = await exportedSchemas('src/protocol');
    expect(tooFew(schemas, 12)).toEqual([]);
    expect(schemas.flatMap(([name, schema]) => limitFaults(name, schema))).toEqual([]);
  });

  it.each(COMMANDS.map((command) => [command.type, command] as const))(
    'stand on parameters and result of %s',
    (type, command) => {
      expect(limitFaults(`${type} parameters`, command.parameters)).toEqual([]);
      expect(limitFaults(`${type} result`, command.result)).toEqual([]);
    },
  );

  it("stand on the engine's answers", () => {
    const schemas = Object.entries({
      containerList: answers.containerList,
      containerInspect: answers.containerInspect,
      containerStats: answers.containerStats,
    });
    // Its numbers are counters of the host, as large as they are.
    const faults = schemas.flatMap(([name, schema]) => limitFaults(name, schema));
    expect(faults.filter((fault) => !fault.endsWith('a number without a maximum'))).toEqual([]);
  });

  it('stand in the text of every private schema that reads a request or an answer', () => {
    const files = filesUnder(
      [
        'src/protocol',
        'src/commands',
        'src/agent/credentials',
        'src/agent/identity',
        'src/control-plane/routes',
        'src/control-plane/http',
        'src/control-plane/queue/command-parameters.ts',
        'src/control-plane/queue/command-result.ts',
        'src/control-plane/vault/vault-client.ts',
        'src/control-plane/vault/kv-api.ts',
      ],
      ['.ts'],
    ).filter((file) => file.path !== 'src/control-plane/routes/health.ts');
    // That one asks its own database for a 1, and reads nothing of a request.
    expect(tooFew(files, 45)).toEqual([]);
    expect(files.flatMap((file) => textLimitFaults(file, ['string', 'array', 'int', 'number']))).toEqual([]);
  });
});

describe('the walk', () => {
  it.each<[string, z.ZodType, string]>([
    ['a string', z.object({ name: z.string().min(1) }), 'x.name: a string without a maximum'],
    ['a string in a list', z.array(z.object({ a: z.string() })).max(3), 'x[].a: a string without a maximum'],
    ['a list', z.object({ list: z.array(z.boolean()) }), 'x.list: an array without a maximum'],
    ['an integer', z.object({ n: z.int().min(0) }), 'x.n: a number without a maximum'],
    ['a number', z.object({ n: z.number() }), 'x.n: a number without a maximum'],
    ['the keys of a record', z.record(z.string(), z.boolean()), 'x, a key: a string without a maximum'],
    ['the values of a record', z.record(z.string().max(9), z.string()), 'x.*: a string without a maximum'],
    ['one arm of a union', z.union([z.boolean(), z.string()]), 'x: a string without a maximum'],
    [
      'behind nullish and a transform',
      z
        .string()
        .nullish()
        .transform((a) => a ?? ''),
      'x: a string without a maximum',
    ],
    ['behind a default', z.object({ a: z.string().default('b') }), 'x.a: a string without a maximum'],
    ['an open pattern', z.string().regex(/^a+$/u), 'x: a string without a maximum'],
  ])('finds %s without a maximum', (_, schema, fault) => {
    expect(limitFaults('x', schema)).toEqual([fault]);
  });

  it('is content with limits, closed sets, closed patterns and what is opaque', () => {
    const schema = z.strictObject({
      name: z.string().max(5),
      list: z.array(z.enum(['a', 'b'])).max(2),
      n: z.int().max(9).nullish(),
      id: z.string().regex(/^[0-9a-f+*]{8}$/u),
      one: z.literal('x'),
      map: z.record(z.string().max(9), z.unknown()),
      any: z.unknown(),
    });
    expect(limitFaults('x', schema)).toEqual([]);
  });
});

describe('the reading of source text', () => {
  const faults = (text: string): number =>
    textLimitFaults({ path: 'a.ts', text }, ['string', 'array', 'int', 'number']).length;

  it.each([
    ['z.string()', 1],
    ['z.string().min(1)', 1],
    ['z.string().min(1).max(5)', 0],
    ['z\n  .string()\n  .trim()\n  .max(\n    LIMITS.a,\n  )', 0],
    ['z.array(z.string().max(5))', 1],
    ['z.array(z.string()).max(5)', 1],
    ['z.record(z.string(), z.unknown())', 1],
    ['z.string().regex(/^\\d{1,9}$/u)', 0],
    ['z.string().regex(/^\\d+$/u)', 1],
    ['z.int().min(1)', 1],
    ['z.int().min(1).max(2)', 0],
    ['z.object({ a: z.string() }).max(3)', 1],
  ])('%j has %i faults', (text, count) => {
    expect(faults(text)).toBe(count);
  });
});
