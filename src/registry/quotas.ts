import { formatBytes } from '../core/units.ts';
import { registryError } from './registry-error.ts';
import type { ChunkLimit } from './storage/storage.ts';

/** The quota of an account's repositories. */
export interface Quota {
  /** A user or an organisation. */
  readonly owner: string;
  readonly bytes: number;
  /** Namespaces that count towards it. */
  readonly namespaces: readonly string[];
}

/** How long a measured usage is valid, in milliseconds. */
const MEASURE_EVERY = 30_000;

interface Usage {
  /** Measured bytes, and those received since. */
  bytes: number;
  readonly at: number;
}

/**
 * The owners' used bytes and quotas. Bytes count as soon as they arrive, so that concurrent uploads cannot each
 * use the remaining space; the next measurement corrects for rejected and duplicate bytes.
 */
export class Quotas {
  readonly #measure: (namespaces: readonly string[]) => Promise<number>;
  readonly #usage = new Map<string, Usage>();
  readonly #measuring = new Map<string, Promise<Usage>>();

  /** @param measure returns the bytes of everything below the namespaces, including uploads in progress. */
  constructor(measure: (namespaces: readonly string[]) => Promise<number>) {
    this.#measure = measure;
  }

  /**
   * To be called before bytes are received.
   * @param bytes the announced number; 0 when it is unknown.
   * @returns a counter for the bytes as they arrive.
   * @throws RegistryError DENIED when they exceed the quota.
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

  /** Concurrent callers share one measurement. Bytes that arrive during it count as well. */
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
    `the quota of ${owner} is full: ${formatBytes(used)} of ${formatBytes(bytes)} are used; delete unneeded images, or ask an administrator for more`,
  );
