/** The key that signs bearer tokens, with the name that tokens contain. */
export interface TokenKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** The storage of the key, shared by all processes that serve the registry. */
export interface KeySource {
  /** The current key; it is created when there is none. */
  load(): Promise<TokenKey>;
}

/** Milliseconds for which a key is cached. */
const FRESH = 1000;

/** A cached key, so that rotations are noticed without reading the key for every request. */
export class TokenKeys {
  readonly #source: KeySource;
  #loading: Promise<TokenKey> | undefined;
  #loadedAt = 0;

  constructor(source: KeySource) {
    this.#source = source;
  }

  async current(): Promise<TokenKey> {
    if (!this.#loading || Date.now() - this.#loadedAt >= FRESH) return await this.#load();
    return await this.#loading;
  }

  /** The key with this name, read again when the cached one differs: another server may have rotated it. */
  async named(id: string | undefined): Promise<TokenKey | undefined> {
    const known = await this.current();
    if (known.id === id) return known;
    const newest = await this.#load();
    return newest.id === id ? newest : undefined;
  }

  async #load(): Promise<TokenKey> {
    const loading = this.#source.load();
    this.#loading = loading;
    this.#loadedAt = Date.now();
    try {
      return await loading;
    } catch (error) {
      if (this.#loading === loading) this.#loading = undefined;
      throw error;
    }
  }
}
