// The agent's own credentials of this run: whatever it has held is masked in everything it writes, also after a rotation.

/** Tokens of a day of hourly rotations. */
const REMEMBERED_MAX_COUNT = 32;
const SHORTEST = 8;

export class OwnSecrets {
  readonly #values = new Set<string>();
  #changes = 0;

  /** Blank and very short words are no credentials. */
  remember(value: string | undefined): void {
    const secret = value?.trim() ?? '';
    if (secret.length < SHORTEST || this.#values.has(secret)) return;
    const [oldest] = this.#values;
    if (this.#values.size >= REMEMBERED_MAX_COUNT && oldest !== undefined) this.#values.delete(oldest);
    this.#values.add(secret);
    this.#changes += 1;
  }

  get values(): readonly string[] {
    return [...this.#values];
  }

  /** Grows with every new credential. */
  get changes(): number {
    return this.#changes;
  }
}
