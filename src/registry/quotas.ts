import { formatBytes } from '../core/units.ts';
import { registryError } from './registry-error.ts';
import type { ChunkLimit } from './storage/storage.ts';

/** What bounds an account's repositories. */
export interface Quota {
  /** A user or an organisation. */
  readonly owner: string;
  readonly bytes: number;
  /** First parts of the names of all that count for it. */
  readonly namespaces: readonly string[];
}

/** How long a measured usage is believed, in milliseconds. */
const MEASURE_EVERY = 30_000;

interface Usage {
  /** Bytes that were measured, and those that came since. */
  bytes: number;
  readonly at: number;
}

/**
 * Bytes that owners have and may have. Bytes count from the moment they come, so that many uploads at once cannot each
 * fill what is left; those that were refused later, or came twice, are forgotten with the next measurement.
 */
export class Quotas {
  readonly #measure: (namespaces: readonly string[]) => Promise<number>;
  readonly #usage = new Map<string, Usage>();
  readonly #measuring = new Map<string, Promise<Usage>>();

  /** @param measure bytes of all that lies below some namespaces, uploads under way included. */
  constructor(measure: (namespaces: readonly string[]) => Promise<number>) {
    this.#measure = measure;
  }

  /**
   * Called before bytes come in.
   * @param bytes how many are announced; 0 when nobody knows.
   * @returns what counts them as they come.
   * @throws RegistryError DENIED when there is no room for them.
   */
  async assertRoom(quota: Quota, bytes: number): Promise<ChunkLimit> {
    const { owner } = quota;
    let used = this.#usage.get(owner);
    if (!used || Date.now() - used.at > MEASURE_EVERY || used.bytes + bytes > quota.bytes) {
      used = await this.#measured(quota);
    }
    if (used.bytes + Math.max(bytes, 1) > quota.bytes) throw full(quota, used.bytes);
    let counted = 0;
    const usage = () => this.#usage.get(owner) ?? { bytes: 0 };
    return {
      admits: (taken) => {
        const present = usage();
        present.bytes += taken - counted;
        counted = taken;
        return present.bytes <= quota.bytes;
      },
      error: () => full(quota, quota.bytes),
    };
  }

  /** Many who ask at once wait for one measurement. What comes while it goes on counts as well. */
  #measured(quota: Quota): Promise<Usage> {
    const { owner, namespaces } = quota;
    const known = this.#measuring.get(owner);
    if (known) return known;
    const before = this.#usage.get(owner)?.bytes ?? 0;
    const measuring = this.#measure(namespaces)
      .then((bytes) => {
        const since = Math.max(0, (this.#usage.get(owner)?.bytes ?? before) - before);
        const used = { bytes: bytes + since, at: Date.now() };
        this.#usage.set(owner, used);
        return used;
      })
      .finally(() => this.#measuring.delete(owner));
    this.#measuring.set(owner, measuring);
    return measuring;
  }
}

const full = ({ owner, bytes }: Quota, used: number) =>
  registryError(
    'DENIED',
    `the quota of ${owner} is full: ${formatBytes(used)} of ${formatBytes(bytes)} are used; delete what is not needed, or ask an administrator for more`,
  );
