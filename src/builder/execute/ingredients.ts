import { digestOf } from '../../core/digest.ts';
import type { Layers } from '../worker.ts';

/**
 * Everything that decides about a step's result, each under a name that people understand: the key is made of
 * them, and two builds' ingredients compared explain a miss. Values are digests where they may be secret or long.
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

  /** Keeps only a digest of the value. */
  hashed(name: string, value: unknown): this {
    return this.plain(name, shortDigest(typeof value === 'string' ? value : JSON.stringify(value)));
  }

  /** The content key: the same for the same ingredients, whatever order they were given in. */
  key(): string {
    const sorted = [...this.#values].sort(([a], [b]) => (a < b ? -1 : 1));
    return digestOf(JSON.stringify([KEY_VERSION, sorted]));
  }

  toRecord(): Record<string, string> {
    return Object.fromEntries(this.#values);
  }
}

/** Changes when steps come to mean something else, so that old records are not used. */
const KEY_VERSION = 'barge-build-1';

const shortDigest = (text: string) => digestOf(text).slice('sha256:'.length, 'sha256:'.length + 32);
