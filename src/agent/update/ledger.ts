// What the updater remembers: the attempt under way, versions that failed, and how the last requests ended. Root writes, the agent reads.
import { chmodSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfPresent, writeDurably } from '../../platform/durable-file.ts';

const version = z.string().max(60);
const requestId = z.string().max(100);

const attemptSchema = z.object({
  from: version,
  to: version,
  /** `switching`: the links may lead either way, and `to` has not been judged. `returning`: it was, and `from` is being put back. */
  phase: z.enum(['switching', 'returning']),
  /** Whether `to` is to blame for going back: then it is not tried again. */
  failed: z.boolean(),
  reason: z.string().max(4_000),
  request_id: requestId.optional(),
});
/** On disk from before the first step that the running service could notice until after the last. */
export type Attempt = z.infer<typeof attemptSchema>;

const resultSchema = z.object({
  request_id: requestId,
  outcome: z.enum(['updated', 'unconfirmed', 'unchanged', 'rolled-back', 'refused']),
  from: version,
  to: version.optional(),
  reason: z.string().max(4_000),
  at: z.string().max(40),
});
export type UpdateResult = z.infer<typeof resultSchema>;

const ledgerSchema = z.object({
  failed: z.array(z.object({ version, at: z.string().max(40), reason: z.string().max(4_000) })).max(100),
  results: z.array(resultSchema).max(100),
});
type LedgerState = z.infer<typeof ledgerSchema>;

const KEPT_COUNT = 20;

export class Ledger {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get attempt(): Attempt | undefined {
    return read(this.#attemptPath, attemptSchema);
  }

  begin(attempt: Attempt): void {
    this.#write(this.#attemptPath, attempt);
  }

  end(): void {
    rmSync(this.#attemptPath, { force: true });
  }

  failureOf(wanted: string): string | undefined {
    return this.#state.failed.find((one) => one.version === wanted)?.reason;
  }

  failed(wanted: string, reason: string, at: string): void {
    const others = this.#state.failed.filter((one) => one.version !== wanted);
    this.#change({ failed: [{ version: wanted, at, reason }, ...others].slice(0, KEPT_COUNT) });
  }

  forgive(wanted: string): void {
    const { failed } = this.#state;
    if (failed.some((one) => one.version === wanted)) {
      this.#change({ failed: failed.filter((one) => one.version !== wanted) });
    }
  }

  resultOf(id: string): UpdateResult | undefined {
    return this.#state.results.find((one) => one.request_id === id);
  }

  /** The first result of a request stays. */
  conclude(result: UpdateResult): void {
    if (this.resultOf(result.request_id) !== undefined) return;
    this.#change({ results: [result, ...this.#state.results].slice(0, KEPT_COUNT) });
  }

  get #state(): LedgerState {
    return read(this.#ledgerPath, ledgerSchema) ?? { failed: [], results: [] };
  }

  get #ledgerPath(): string {
    return join(this.#directory, 'ledger.json');
  }

  get #attemptPath(): string {
    return join(this.#directory, 'attempt.json');
  }

  #change(part: Partial<LedgerState>): void {
    this.#write(this.#ledgerPath, { ...this.#state, ...part });
  }

  // Nothing in it is secret, and the agent, which is not root, reads its answers there.
  #write(path: string, value: object): void {
    writeDurably(path, `${JSON.stringify(value)}\n`);
    chmodSync(this.#directory, 0o755);
    chmodSync(path, 0o644);
  }
}

// A file that cannot be understood is as good as none: the links alone say which version runs.
function read<T>(path: string, schema: z.ZodType<T>): T | undefined {
  try {
    const text = readIfPresent(path);
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
