// The mask for one container's log: patterns, the agent's own credentials, the owner's rules, and the values of the container's own secrets.
import type { LineMask } from '../../commands/context.ts';
import { type Mount, readMountedSecrets, secretPaths } from './mounted-secrets.ts';
import type { OwnSecrets } from './own-secrets.ts';
import { NO_OWNER_RULES, type OwnerRules } from './owner-rules.ts';
import { createRedactor, type Redactor } from './redactor.ts';

/** What a container's secrets are known from, by one look at the engine. */
export interface SecretSources {
  /** Changes with every start, when mounted secrets may have changed too. */
  readonly startedAt: string | undefined;
  /** NAME → value. */
  readonly environment: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** Names of the image, the service, the container and the host: public though a variable may hold the same word. */
  readonly publicValues: readonly string[];
}

export interface KnownSecretsOptions {
  readonly sourcesOf: (containerId: string, signal: AbortSignal) => Promise<SecretSources>;
  readonly ownSecrets: OwnSecrets;
  readonly ownerRules?: OwnerRules;
}

interface KeptMask {
  readonly startedAt: string | undefined;
  readonly changes: number;
  readonly redactor: Redactor;
}

/** Building a mask costs milliseconds: those of the busiest containers are kept, in memory only. */
const MASKS_MAX_COUNT = 64;

export class KnownSecrets {
  readonly #options: KnownSecretsOptions;
  readonly #rules: OwnerRules;
  readonly #masks = new Map<string, KeptMask>();
  #ownMask: { readonly changes: number; readonly redactor: Redactor } | undefined;

  constructor(options: KnownSecretsOptions) {
    this.#options = options;
    this.#rules = options.ownerRules ?? NO_OWNER_RULES;
  }

  async maskFor(containerId: string, signal: AbortSignal): Promise<LineMask> {
    const sources = await this.#options.sourcesOf(containerId, signal);
    const { changes } = this.#options.ownSecrets;
    const kept = this.#masks.get(containerId);
    if (kept !== undefined && kept.changes === changes && kept.startedAt === sources.startedAt) return kept.redactor;
    const redactor = this.#redactor(sources);
    this.#masks.delete(containerId);
    const oldest = this.#masks.keys().next();
    if (this.#masks.size >= MASKS_MAX_COUNT && oldest.done !== true) this.#masks.delete(oldest.value);
    this.#masks.set(containerId, { startedAt: sources.startedAt, changes, redactor });
    return redactor;
  }

  /** For the texts of reports: also without the secrets of the containers that commands were about lately. */
  maskReport(text: string): string {
    let masked = this.maskText(text);
    for (const { redactor } of this.#masks.values()) masked = redactor.text(masked).text;
    return masked;
  }

  /** For the agent's own journal. */
  maskText(text: string): string {
    const { changes } = this.#options.ownSecrets;
    if (this.#ownMask?.changes !== changes) this.#ownMask = { changes, redactor: this.#redactor() };
    return this.#ownMask.redactor.text(text).text;
  }

  #redactor(sources?: SecretSources): Redactor {
    const { names, values, patterns, maskEmails } = this.#rules;
    return createRedactor({
      env: sources?.environment ?? {},
      mounted: sources === undefined ? [] : readMountedSecrets(secretPaths(sources.mounts, sources.environment)),
      publicValues: sources?.publicValues ?? [],
      secrets: this.#options.ownSecrets.values,
      ownerValues: values,
      ownerPatterns: patterns,
      extraNames: names,
      maskEmails,
    });
  }
}
