// The current token of every agent: verifying a request needs the token itself, and Vault is the only place where it lies.
//
// Decision. An HMAC cannot be checked against a hash, so the control plane must be able to read each token. It could keep an encrypted
// copy of its own; then the key would lie beside the data, there would be two truths after a rotation in Vault, and a stolen database
// plus its key would be every agent. So the database holds no agent token in any form, Vault holds the only one, and this process
// keeps what it read in memory: for a short while as it is, for a longer one if Vault does not answer, because Vault being down must
// not cut off agents that work. What lies on disk is therefore Vault's: encrypted by a real one, a file of mode 0600 for the
// development Vault.
import type { Clock } from '../../platform/clock.ts';
import { Fault } from '../../platform/fault.ts';
import type { Log } from '../../platform/log.ts';
import { equalInConstantTime } from '../../protocol/signature.ts';
import { newAgentToken } from '../secret.ts';
import type { VaultClient } from './vault-client.ts';

/** How long a token rotated by somebody else, directly in Vault, goes on working. Through the control plane it ends at once. */
const FRESH_MS = 30_000;
/** How long a known token works while Vault does not answer. */
const WITHOUT_VAULT_MS = 3_600_000;
/** An unknown token makes us look into Vault again, because it may be newer than ours; somebody guessing must not hammer Vault. */
const LOOK_AGAIN_MS = 1_000;
const CACHED_MAX_COUNT = 50_000;

interface Cached {
  readonly token: string | undefined;
  readonly readAtMs: number;
}

export class AgentTokens {
  readonly #vault: VaultClient;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #cache = new Map<string, Cached>();
  readonly #reading = new Map<string, Promise<string | undefined>>();

  constructor(vault: VaultClient, clock: Clock, log: Log) {
    this.#vault = vault;
    this.#clock = clock;
    this.#log = log;
  }

  /** Makes a new token the only one. Fault vault_unavailable, and then the old one goes on working. */
  async rotate(deploymentHash: string): Promise<string> {
    const token = newAgentToken();
    await this.#vault.write(deploymentHash, token);
    this.forget(deploymentHash);
    return token;
  }

  /** Drops what is cached: the token was rotated, here or in another process. */
  forget(deploymentHash: string): void {
    this.#cache.delete(deploymentHash);
    // A read that began before the write may bring the old value: nobody may join it, and it may not fill the cache.
    this.#reading.delete(deploymentHash);
  }

  /** Rotations by other processes may have been missed. */
  forgetAll(): void {
    this.#cache.clear();
    this.#reading.clear();
  }

  /** The token, if it is the current one; undefined if not. Fault vault_unavailable when nothing is known and Vault is silent. */
  async verify(deploymentHash: string, presented: string): Promise<string | undefined> {
    const nowMs = this.#clock.monotonicMs();
    const cached = this.#cache.get(deploymentHash);
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : nowMs - cached.readAtMs;
    if (cached !== undefined) {
      const same = matches(cached.token, presented);
      if (same && ageMs < FRESH_MS) return cached.token;
      if (!same && ageMs < LOOK_AGAIN_MS) return undefined;
    }
    const token = await this.#readOr(deploymentHash, ageMs < WITHOUT_VAULT_MS ? cached : undefined);
    return matches(token, presented) ? token : undefined;
  }

  async #readOr(deploymentHash: string, fallback: Cached | undefined): Promise<string | undefined> {
    try {
      return await this.#read(deploymentHash);
    } catch (error) {
      if (fallback === undefined || !(error instanceof Fault)) throw error;
      this.#log.warn('Vault is silent, using the agent token as last read', {
        deployment_hash: deploymentHash,
        reason: error.message,
      });
      return fallback.token;
    }
  }

  async #read(deploymentHash: string): Promise<string | undefined> {
    const running = this.#reading.get(deploymentHash);
    if (running !== undefined) return running;
    const read = this.#vault.read(deploymentHash);
    this.#reading.set(deploymentHash, read);
    try {
      const token = await read;
      if (this.#reading.get(deploymentHash) === read) {
        if (this.#cache.size >= CACHED_MAX_COUNT) this.#cache.clear();
        this.#cache.set(deploymentHash, { token, readAtMs: this.#clock.monotonicMs() });
      }
      return token;
    } finally {
      if (this.#reading.get(deploymentHash) === read) this.#reading.delete(deploymentHash);
    }
  }
}

function matches(token: string | undefined, presented: string): boolean {
  return token !== undefined && equalInConstantTime(token, presented);
}
