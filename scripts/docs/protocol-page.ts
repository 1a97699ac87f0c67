// docs/protocol.md: what agent and control plane say to each other, with vectors for whoever writes another of either.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CAPABILITY_MAP } from '../../src/protocol/capability.ts';
import {
  HEADER,
  REPLAY_MEMORY_SECONDS,
  TIMESTAMP_TOLERANCE_SECONDS,
  WORKING_HEADER,
} from '../../src/protocol/headers.ts';
import { LIMITS } from '../../src/protocol/limits.ts';
import { ROUTE } from '../../src/protocol/routes.ts';
import { code, grouped, json, page, table } from './markdown.ts';

interface RouteWords {
  readonly method: string;
  readonly who: string;
  readonly what: string;
}

const WORDS: Readonly<Record<keyof typeof ROUTE, RouteWords>> = {
  marketplaceRegister: {
    method: 'POST',
    who: 'anybody with a purchase token',
    what: 'Makes a bought stack’s server an agent; returns its identity, flat.',
  },
  install: {
    method: 'GET',
    who: 'anybody with a purchase token',
    what: 'The installer, a POSIX shell script. A token that is not valid is answered like a path that does not exist.',
  },
  stackDownload: {
    method: 'GET',
    who: 'anybody with a purchase token',
    what: 'The archive of the stack that was bought, `application/gzip`.',
  },
  deployComplete: {
    method: 'POST',
    who: 'agent, or anybody with the purchase token',
    what: 'The stack is up: `{deployment_hash, stack_id, server_ip?, purchase_token?}`. Counted once; an agent signs and sends no token. The production server takes a service token instead.',
  },
  releaseFile: {
    method: 'GET',
    who: 'anybody',
    what: 'The files of a release; SHA256SUMS and its signature vouch for them.',
  },
  agentRegister: {
    method: 'POST',
    who: 'anybody who knows the hash; the agent, to announce',
    what: 'Makes a deployment’s agent known, or replaces its capabilities; returns `{data:{item}}`.',
  },
  wait: {
    method: 'GET',
    who: 'agent',
    what: 'Long poll, `?timeout=&interval=` in seconds: a command, or `item: null`.',
  },
  report: { method: 'POST', who: 'agent', what: 'The outcome of a command. Repeating it does no harm.' },
  enqueue: { method: 'POST', who: 'user', what: 'Queues a command; answers 202 at once.' },
  commands: { method: 'GET', who: 'user', what: 'The commands of a deployment, newest first.' },
  command: { method: 'GET', who: 'user', what: 'One command with its outcome.' },
  capabilities: { method: 'GET', who: 'user, agent', what: 'What a dashboard may offer for this deployment.' },
  snapshot: {
    method: 'GET',
    who: 'agent',
    what: 'The newest commands with their states: what was handed out and never arrived.',
  },
  health: { method: 'GET', who: 'anybody', what: 'Whether the control plane can do its work.' },
};

function routes(): string {
  const names = z.array(z.enum(Object.keys(WORDS))).parse(Object.keys(ROUTE));
  const words = new Map(Object.entries(WORDS));
  const paths = new Map(Object.entries(ROUTE));
  const rows = names.map((name) => {
    const { method, who, what } = words.get(name) ?? { method: '', who: '', what: '' };
    return [method, code(paths.get(name) ?? ''), who, what];
  });
  return table(['method', 'path', 'who', 'what'], rows);
}

function headers(): string {
  return table(
    ['header', 'value'],
    [
      [code(HEADER.agentId), 'the agent’s UUID'],
      [code(HEADER.authorization), '`Bearer ` and the agent token'],
      [
        code(HEADER.timestamp),
        `Unix seconds; at most ${TIMESTAMP_TOLERANCE_SECONDS} s from the server’s clock. The agent takes the time from the server’s \`Date\` header`,
      ],
      [code(HEADER.requestId), `fresh for every attempt; a repeated one is refused for ${REPLAY_MEMORY_SECONDS} s`],
      [code(HEADER.signature), 'the signature'],
    ],
  );
}

const vectorFile = z.object({
  keys: z.record(z.string(), z.unknown()),
  vectors: z.array(
    z.object({
      name: z.string(),
      key: z.string(),
      body: z.unknown(),
      bytes: z.int(),
      about: z.string(),
      signature: z.string(),
    }),
  ),
});
const shortText = z.object({ text: z.string().max(90) });

function vectors(): string {
  const path = join(import.meta.dirname, '..', '..', 'test', 'protocol', 'vectors', 'signatures.json');
  const file = vectorFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  const rows = file.vectors.map((vector) => {
    const key = shortText.safeParse(file.keys[vector.key]);
    const body = shortText.safeParse(vector.body);
    return [
      vector.name,
      key.success ? code(key.data.text) : '86 characters: 43 × `A`, 43 × `b`',
      body.success && body.data.text !== '' ? code(body.data.text.replaceAll('\n', '\\n')) : vector.about,
      String(vector.bytes),
      code(vector.signature),
    ];
  });
  return table(['', 'agent token', 'body', 'bytes', 'signature'], rows);
}

function limits(): string {
  const words = (name: string): string => name.replaceAll(/[A-Z]/gu, (letter) => ` ${letter.toLowerCase()}`);
  return table(
    ['limit', 'value'],
    Object.entries(LIMITS).map(([name, value]) => [words(name), grouped(value)]),
  );
}

const COMMAND = {
  command_id: 'cmd_7f3c2f0e-3f7b-4a43-8a52-1f0f7c2c9d10',
  deployment_hash: 'dep-abc_123',
  type: 'logs',
  parameters: { app_code: 'web', limit: 400 },
  timeout_seconds: 300,
  created_at: '2026-01-09T00:00:00Z',
};

const FAILED_REPORT = {
  command_id: COMMAND.command_id,
  deployment_hash: COMMAND.deployment_hash,
  status: 'failed',
  command_status: 'failed',
  result: {
    type: 'logs',
    deployment_hash: COMMAND.deployment_hash,
    app_code: 'web',
    cursor: null,
    lines: [],
    truncated: false,
  },
  error: 'container_not_found: no app "web"; this deployment has: db',
  errors: [{ code: 'container_not_found', message: 'no app "web"; this deployment has: db' }],
  started_at: '2026-01-09T00:00:01.000Z',
  completed_at: '2026-01-09T00:00:01.050Z',
  executed_by: 'status-panel/0.1.0',
};

export function protocolPage(): string {
  return page(
    'Protocol',
    `JSON over HTTP/1.1. The agent opens every connection and listens nowhere. It works against the production server and against the
reference control plane in this repository; where the two differ it takes both and sends what is valid for both.`,
    '## Paths',
    routes(),
    '## Authentication',
    headers(),
    `The signature is standard base64, with padding, of HMAC-SHA256 over the exact bytes of the body, keyed by the UTF-8 bytes of the agent
token. A GET signs the empty string. The reference control plane verifies all five headers and answers 401; the production server looks at the
first two only, and refuses them with status **400** and a sentence in \`message\`, as text/plain.`,
    vectors(),
    '## A poll’s answer',
    `\`{"item": …}\` or \`{"data": {"item": …}}\`. \`item: null\`, an absent item and status 204 mean that there is no work.`,
    json({ message: 'Command available', item: COMMAND }),
    `The reference control plane adds \`meta.cancel\`, ids of commands that are not wanted any more, and \`meta.superseded\` when a newer poll with the
same identity took the place of this one. The agent names the commands it has in hand in the header \`${WORKING_HEADER}\` of each poll.`,
    `\`command_id\` is \`cmd_\` and a UUID, or a bare UUID. \`timeout_seconds\` of zero or less means that none is set. A command can be delivered
twice: the agent recognises it by its \`command_id\`, runs it once and reports again.`,
    `Parameters come flat, as above, or wrapped; both mean the same:`,
    json({ type: 'logs', parameters: { name: 'stacker.logs', params: { app_code: '', limit: 400 } } }),
    'An empty `app_code` means all apps for health, and the only app there is for logs.',
    '## A report',
    `\`command_status\` decides; \`status\` is what older readers show. A success has \`error: null\` and no \`errors\`. health, logs and restart carry a
complete result also when they failed, or the production server refuses the report and the command stays open. No string holds NUL or a lone
surrogate. [schema/report.json](../schema/report.json) describes the body, [commands.md](commands.md) the results, [errors.md](errors.md) the
codes.`,
    json(FAILED_REPORT),
    `The agent sends a report until it is answered with 2xx, also after a restart. One that is refused for its content is sent once more without its
result, and then set aside.`,
    '## Capabilities',
    'An agent announces a capability only when it has every command that the capability promises.',
    table(
      ['capability', 'command', 'label', 'scope'],
      CAPABILITY_MAP.map((entry) => [code(entry.requires), code(entry.command_type), entry.label, entry.scope]),
    ),
    '## Limits',
    'What is longer is refused, on both sides.',
    limits(),
  );
}
