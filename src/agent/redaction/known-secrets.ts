// The mask for one container's log: patterns, the agent's own credentials, the owner's rules, and the values of the container's own secrets.
import type { LineMask } from '../../commands/context.ts';
import { type Mount, readMountedSecrets, secretPaths } from './mounted-secrets.ts';
import type { OwnSecrets } from './own-secrets.ts';
import { NO_OWNER_RULES, type OwnerRules } from './owner-rules.ts';
import { createRedactor, type Redactor, type RedactorOptions } from './redactor.ts';
import { needlesOf } from './known-needles.ts';
import { NameVerdicts } from './name-verdict.ts';

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

/** What is known of a container for the texts of reports; made of `sources` when the first report asks. */
interface Learned {
  readonly startedAt: string | undefined;
  /** The sources until then, and from then on what is looked for because of them. */
  known: { readonly sources: () => SecretSources } | { readonly needles: readonly string[] };
}

/** Building a mask costs milliseconds: those of the busiest containers are kept, in memory only. */
const MASKS_MAX_COUNT = 64;
/** Containers whose secrets are kept out of reports: those looked at last. A few kilobytes each. */
const LEARNED_MAX_COUNT = 256;

export class KnownSecrets {
  readonly #options: KnownSecretsOptions;
  readonly #rules: OwnerRules;
  readonly #names: NameVerdicts;
  readonly #masks = new Map<string, KeptMask>();
  readonly #learned = new Map<string, Learned>();
  /** The mask of texts; undefined since something was learned. */
  #textMask: { readonly changes: number; readonly redactor: Redactor } | undefined;

  constructor(options: KnownSecretsOptions) {
    this.#options = options;
    this.#rules = options.ownerRules ?? NO_OWNER_RULES;
    this.#names = new NameVerdicts(this.#rules.names);
  }

  async maskFor(containerId: string, signal: AbortSignal): Promise<LineMask> {
    const sources = await this.#options.sourcesOf(containerId, signal);
    this.learn(containerId, sources.startedAt, () => sources);
    const { changes } = this.#options.ownSecrets;
    const kept = this.#masks.get(containerId);
    if (kept !== undefined && kept.changes === changes && kept.startedAt === sources.startedAt) return kept.redactor;
    const redactor = this.#redactor({
      env: sources.environment,
      mounted: mountedOf(sources),
      publicValues: sources.publicValues,
    });
    makeRoom(this.#masks, containerId, MASKS_MAX_COUNT);
    this.#masks.set(containerId, { startedAt: sources.startedAt, changes, redactor });
    return redactor;
  }

  /**
   * A command has looked at a container: its secrets are kept out of the reports from here on, whatever the command was.
   * Costs nothing until a report is made.
   */
  learn(containerId: string, startedAt: string | undefined, sources: () => SecretSources): void {
    const known = this.#learned.get(containerId);
    const same = known !== undefined && known.startedAt === startedAt;
    makeRoom(this.#learned, containerId, LEARNED_MAX_COUNT);
    this.#learned.set(containerId, same ? known : { startedAt, known: { sources } });
    if (!same) this.#textMask = undefined;
  }

  /** For texts of reports and of the agent's own journal: also without the secrets of the containers that commands have looked at lately. */
  maskText(text: string): string {
    const { changes } = this.#options.ownSecrets;
    if (this.#textMask?.changes !== changes) {
      const needles = [...this.#learned.values()].flatMap((learned) => this.#needlesOf(learned));
      this.#textMask = { changes, redactor: this.#redactor({ needles }) };
    }
    return this.#textMask.redactor.text(text).text;
  }

  #needlesOf(learned: Learned): readonly string[] {
    if ('needles' in learned.known) return learned.known.needles;
    const sources = learned.known.sources();
    const needles = needlesOf(
      {
        env: sources.environment,
        mounted: mountedOf(sources),
        publicValues: sources.publicValues,
        secrets: [],
        ownerValues: [],
      },
      this.#names,
    );
    learned.known = { needles };
    return needles;
  }

  #redactor(container: Pick<RedactorOptions, 'env' | 'mounted' | 'publicValues' | 'needles'>): Redactor {
    const { names, values, patterns, maskEmails } = this.#rules;
    return createRedactor({
      ...container,
      secrets: this.#options.ownSecrets.values,
      ownerValues: values,
      ownerPatterns: patterns,
      extraNames: names,
      maskEmails,
    });
  }
}

function mountedOf({ mounts, environment }: SecretSources): readonly string[] {
  return readMountedSecrets(secretPaths(mounts, environment));
}

/** Takes `key` out, so that what is set next is the newest, and the oldest when there are too many. */
function makeRoom<T>(entries: Map<string, T>, key: string, maxCount: number): void {
  entries.delete(key);
  const oldest = entries.keys().next();
  if (entries.size >= maxCount && oldest.done !== true) entries.delete(oldest.value);
}
