// The answer to a long poll, in the forms servers give it (PROTOCOL.md §0, §1.6).
import { z } from 'zod';
import { type CommandEnvelope, commandEnvelope } from './command-envelope.ts';
import { LIMITS } from './limits.ts';

const flat = z.object({ item: z.unknown().optional(), message: z.string().max(LIMITS.messageMaxChars).optional() });
const nested = z.object({ data: z.object({ item: z.unknown().optional() }) });

const withMeta = z.object({
  meta: z.object({
    superseded: z.boolean().optional().catch(undefined),
    cancel: z.array(z.string().max(LIMITS.commandIdMaxChars)).max(LIMITS.cancelsMaxCount).optional().catch(undefined),
  }),
});

/** What the reference control plane says beside a command, or instead of one. */
export interface WaitMeta {
  /** A newer poll with the same identity took this one's place. */
  readonly superseded: boolean;
  /** Commands of this agent that are not wanted any more. */
  readonly cancel: readonly string[];
}

export type WaitAnswer =
  | ({ readonly kind: 'nothing' } & WaitMeta)
  | ({ readonly kind: 'command'; readonly envelope: CommandEnvelope } & WaitMeta)
  /** The answer holds something that is no command; `commandId` when at least that could be read. */
  | { readonly kind: 'unreadable'; readonly reason: string; readonly commandId: string | undefined };

/** Reads `{item}` and `{data:{item}}`; `item: null` and an absent item both mean that there is no work. */
export function parseWaitAnswer(body: unknown): WaitAnswer {
  const item = itemOf(body);
  if (item === undefined) return { kind: 'unreadable', reason: 'the answer has no "item"', commandId: undefined };
  const meta = metaOf(body);
  if (item === null) return { kind: 'nothing', ...meta };
  const parsed = commandEnvelope.safeParse(item);
  if (parsed.success) return { kind: 'command', envelope: parsed.data, ...meta };
  const id = z.object({ command_id: z.string().max(LIMITS.commandIdMaxChars) }).safeParse(item);
  const issue = parsed.error.issues[0];
  const reason = issue === undefined ? 'unknown' : `${issue.path.join('.') || 'item'}: ${issue.message}`;
  return { kind: 'unreadable', reason, commandId: id.success ? id.data.command_id : undefined };
}

function metaOf(body: unknown): WaitMeta {
  const parsed = withMeta.safeParse(body);
  if (!parsed.success) return { superseded: false, cancel: [] };
  return { superseded: parsed.data.meta.superseded ?? false, cancel: parsed.data.meta.cancel ?? [] };
}

function itemOf(body: unknown): unknown {
  const inner = nested.safeParse(body);
  if (inner.success) return inner.data.data.item ?? null;
  const outer = flat.safeParse(body);
  if (!outer.success) return undefined;
  // Something else than a control plane may answer JSON too: without an item, only its message tells that it is one.
  return outer.data.item === undefined && outer.data.message === undefined ? undefined : (outer.data.item ?? null);
}

const errorBody = z.object({ message: z.string().max(LIMITS.messageMaxChars) });
const payloadFault = z.object({ msg: z.string().max(LIMITS.messageMaxChars) });

const errorBodyCode = z.object({ code: z.string().max(100) });

/** The reference control plane's code of a fault; undefined for answers of anybody else. */
export function errorCode(text: string): string | undefined {
  try {
    return errorBodyCode.safeParse(JSON.parse(text)).data?.code;
  } catch {
    return undefined;
  }
}

/** The sentence in an error answer. Production sends JSON as `text/plain`, sometimes empty, sometimes not valid JSON. */
export function errorMessage(text: string): string {
  const shown = text.trim().slice(0, 300);
  try {
    const body: unknown = JSON.parse(text);
    const message = errorBody.safeParse(body);
    if (message.success) return message.data.message;
    const fault = payloadFault.safeParse(body);
    return fault.success ? fault.data.msg : shown;
  } catch {
    return shown;
  }
}
