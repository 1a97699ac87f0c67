// JSON Schema files of what others write or read: the configuration file, parameters and results of commands, the report.
import { z } from 'zod';
import { SETTINGS } from '../../src/agent/config.ts';
import { policySchema } from '../../src/agent/policy/policy.ts';
import { COMMANDS } from '../../src/commands/registry.ts';
import { report } from '../../src/protocol/report.ts';
import type { GeneratedFile } from './generated-files.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** `input`: what may be given; `output`: what is sent. */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  return z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: part }) => {
      // A format says it better than the pattern behind it; starts_with is not a format of the standard.
      if (part.format === 'date-time' || part.format === 'uuid') delete part.pattern;
      if (String(part.format) === 'starts_with') delete part.format;
    },
  });
}

function configSchema(): JsonSchema {
  const properties = Object.entries(SETTINGS).map(([name, setting]) => [
    name,
    { description: setting.meaning, ...inFile(setting.schema), examples: [exampleOf(setting.example)] },
  ]);
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Configuration file of status-panel',
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(properties),
  };
}

// A number may come as text from a flag, so its limits stand behind the conversion.
function inFile(schema: z.ZodType): JsonSchema {
  const output = jsonSchema(schema, 'output');
  const { $schema: _, ...chosen } = output['type'] === 'integer' ? output : jsonSchema(schema, 'input');
  return chosen;
}

function exampleOf(example: string): unknown {
  return /^(?:\d+|true|false)$/u.test(example) ? JSON.parse(example) : example;
}

export function schemaFiles(folder: string): readonly GeneratedFile[] {
  const commands = COMMANDS.flatMap((command) => [
    file(`${folder}/commands/${command.type}-parameters.json`, {
      title: `Parameters of ${command.type}`,
      ...jsonSchema(command.parameters, 'input'),
    }),
    file(`${folder}/commands/${command.type}-result.json`, {
      title: `Result of ${command.type}`,
      ...jsonSchema(command.result, 'output'),
    }),
  ]);
  return [
    file(`${folder}/config.json`, configSchema()),
    file(`${folder}/policy.json`, { title: 'Policy file of status-panel', ...jsonSchema(policySchema, 'input') }),
    file(`${folder}/report.json`, { title: 'Report of a command', ...jsonSchema(report, 'output') }),
    ...commands,
  ];
}

function file(path: string, schema: JsonSchema): GeneratedFile {
  return { path, text: `${JSON.stringify(schema, undefined, 2)}\n` };
}
