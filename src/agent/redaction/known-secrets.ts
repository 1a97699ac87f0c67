// The mask for one container's log: patterns, the agent's own credentials, and the values of the container's secret variables.
import type { LineMask } from '../../commands/context.ts';
import { createRedactor, type Redactor } from './redactor.ts';

export interface KnownSecretsOptions {
  /** NAME → value of a container's environment. */
  readonly environmentOf: (containerId: string, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;
  /** The agent's own credentials as they are now. */
  readonly ownSecrets: () => readonly string[];
}

/** Building a mask costs milliseconds, and the environment of a container never changes: keep those of the busiest containers. */
const MASKS_MAX_COUNT = 64;

export class KnownSecrets {
  readonly #options: KnownSecretsOptions;
  readonly #masks = new Map<string, { readonly own: string; readonly redactor: Redactor }>();
  #ownMask: { readonly own: string; readonly redactor: Redactor } | undefined;

  constructor(options: KnownSecretsOptions) {
    this.#options = options;
  }

  async maskFor(containerId: string, signal: AbortSignal): Promise<LineMask> {
    const own = this.#options.ownSecrets().join('\n');
    const kept = this.#masks.get(containerId);
    if (kept?.own === own) return kept.redactor;
    const env = await this.#options.environmentOf(containerId, signal);
    const redactor = createRedactor({ env, secrets: this.#options.ownSecrets() });
    const oldest = this.#masks.keys().next();
    if (this.#masks.size >= MASKS_MAX_COUNT && oldest.done !== true) this.#masks.delete(oldest.value);
    this.#masks.set(containerId, { own, redactor });
    return redactor;
  }

  /** For the texts of errors and of the agent's own journal. */
  maskText(text: string): string {
    const own = this.#options.ownSecrets().join('\n');
    if (this.#ownMask?.own !== own)
      this.#ownMask = { own, redactor: createRedactor({ secrets: this.#options.ownSecrets() }) };
    return this.#ownMask.redactor.text(text).text;
  }
}
