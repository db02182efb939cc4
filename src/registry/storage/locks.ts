/** Keeps those who work on the same thing apart, in every process that serves the store. */
export interface Locks {
  /** Waits for whoever has `key`. Do not ask for a key inside of its own action. */
  run<T>(key: string, action: () => Promise<T>): Promise<T>;
  /** Resolves to undefined at once when somebody has `key`. */
  attempt<T>(key: string, action: () => Promise<T>): Promise<T | undefined>;
}

/** Whoever makes content owned holds this, and whoever removes it. */
export const contentLock = (digest: string): string => `content ${digest}`;
export const uploadLock = (id: string): string => `upload ${id}`;
export const COLLECTION_LOCK = 'collection';
