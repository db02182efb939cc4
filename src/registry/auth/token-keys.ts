/** The key that signs bearer tokens, with a name that tokens carry. */
export interface TokenKey {
  readonly id: string;
  readonly secret: Uint8Array;
}

/** Where the key is kept: the same one for all processes that serve the registry. */
export interface KeySource {
  /** The key of this moment; one is made when there is none. */
  load(): Promise<TokenKey>;
}

/** Milliseconds for which a key is used before it is looked for again. */
const FRESH = 1000;

/** The key as it was a moment ago, so that a rotation is noticed without a look for every request. */
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

  /** The key with this name, looked for anew when it is not the one known: another server may have a newer one. */
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
