import { digestOf } from '../../core/digest.ts';
import type { Layers } from '../worker.ts';

/**
 * Everything that decides about a step's result, each under a readable name. The key is computed from them, and
 * comparing the ingredients of two builds explains a miss. Values that may be secret or long are digests.
 */
export class Ingredients {
  readonly #values = new Map<string, string>();

  /** The root file system under the step. */
  base(layers: Layers): this {
    return this.hashed('base', layers);
  }

  plain(name: string, value: string): this {
    this.#values.set(name, value);
    return this;
  }

  /** Stores only a digest of the value. */
  hashed(name: string, value: unknown): this {
    return this.plain(name, shortDigest(typeof value === 'string' ? value : JSON.stringify(value)));
  }

  /** The content key, which does not depend on the order of the ingredients. */
  key(): string {
    const sorted = [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
    return digestOf(JSON.stringify([KEY_VERSION, sorted]));
  }

  toRecord(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}

/** Must change when the meaning of steps changes, so that old records are not used. */
const KEY_VERSION = 'barge-build-1';

const shortDigest = (text: string) => digestOf(text).slice('sha256:'.length, 'sha256:'.length + 32);
