// docs/commands.md: everything the agent can be asked to do, command by command.
import { z } from 'zod';
import type { Command } from '../../src/commands/definition.ts';
import { COMMANDS } from '../../src/commands/registry.ts';
import { jsonSchema } from './json-schemas.ts';
import { code, json, page, table } from './markdown.ts';
import { inWords } from './schema-words.ts';

export function commandsPage(): string {
  return page(
    'Commands',
    `This is the closed set: a type that is not here is answered \`unsupported_command\`. \`read\` commands change nothing on the host;
\`change\` commands act on one container, one after another for the same container. A deadline of the sender (\`timeout_seconds\`) is
honoured up to the maximum. An optional parameter may be null instead of absent, and parameters may come wrapped as
\`{"name": …, "params": {…}}\`. Unknown parameters are ignored.`,
    table(
      ['command', 'access', 'what it does'],
      COMMANDS.map((command) => [`[${command.type}](#${command.type})`, command.access, command.summary]),
    ),
    ...COMMANDS.flatMap(sections),
  );
}

function sections(command: Command): readonly string[] {
  const { normal, max } = command.deadlineMs;
  return [
    `## ${command.type}`,
    command.summary,
    table(
      ['', ''],
      [
        ['on the host', command.effect],
        ['access', code(command.access)],
        ['deadline', `${normal / 1000} s, at most ${max / 1000} s`],
        ['capability', command.capability === undefined ? 'none needed' : code(command.capability)],
        [
          'schemas',
          ['parameters', 'result']
            .map((part) => `[${part}](../schema/commands/${command.type}-${part}.json)`)
            .join(', '),
        ],
      ],
    ),
    table(['parameter', 'required', 'value', 'default'], parameterRows(command)),
    'Parameters, and a result:',
    json(command.example.parameters),
    json(command.example.result),
  ];
}

const objectSchema = z.object({
  properties: z.record(z.string(), z.unknown()),
  required: z.array(z.string()).default([]),
});

function parameterRows(command: Command): readonly (readonly string[])[] {
  const schema = objectSchema.parse(jsonSchema(command.parameters, 'input'));
  const defaults = defaultsOf(command, schema.required);
  return Object.entries(schema.properties).map(([name, part]) => {
    const required = schema.required.includes(name);
    const byDefault = required || defaults[name] === undefined ? '' : code(JSON.stringify(defaults[name]));
    return [code(name), required ? 'yes' : '', inWords(part), byDefault];
  });
}

// What the command itself makes of parameters that hold no more than they must.
function defaultsOf(command: Command, required: readonly string[]): Readonly<Record<string, unknown>> {
  const least = Object.fromEntries(required.map((name) => [name, 'web']));
  return z.record(z.string(), z.unknown()).parse(command.parameters.parse(least));
}
